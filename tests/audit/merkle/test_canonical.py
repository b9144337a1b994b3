import json
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from audit.actors import Personal
from audit.merkle.canonical import (
    MAX_BYTES,
    MAX_DEPTH,
    CanonicalError,
    Writer,
    canonical_bytes,
    quick_bytes,
)
from tests.audit.merkle.logs import unhurried

texts = st.text(st.characters(exclude_categories=["Cs"])).map(
    lambda text: unicodedata.normalize("NFC", text)
)
MARK = Personal("Ann", "mb_1")
FLOAT = "a float has no single decimal form; write it as a string"
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


def nested(levels: int) -> dict[str, object]:
    event: dict[str, object] = {}
    for _ in range(levels - 1):
        event = {"a": event}
    return event


def test_keys_are_ordered_by_utf16_units_and_nothing_is_escaped_needlessly() -> None:
    event = {"\uff01": 1, "\U0001f600": 2, "€": 3, "ö": 4, "\r": 5, "1": 6, "b": '"\\/\x0f'}
    assert (
        canonical_bytes(event)
        == ('{"\\r":5,"1":6,"b":"\\"\\\\/\\u000f","ö":4,"€":3,"\U0001f600":2,"\uff01":1}').encode()
    )


def test_any_mapping_and_tuple_gives_the_bytes_of_the_plain_one() -> None:
    event = MappingProxyType({"run": MappingProxyType({"seq": 7}), "chain": ("a", ("b",))})
    assert canonical_bytes(event) == b'{"chain":["a",["b"]],"run":{"seq":7}}'


@unhurried
@given(st.dictionaries(texts, values))
def test_what_is_written_reads_back_the_same_and_is_one_line(event: dict[str, object]) -> None:
    data = canonical_bytes(event)
    assert json.loads(data) == event
    assert canonical_bytes(json.loads(data)) == data
    assert b"\n" not in data


@unhurried
@given(st.lists(st.dictionaries(texts, values), max_size=4), values)
def test_many_are_written_with_the_bytes_of_one(
    events: list[dict[str, object]], shared: object
) -> None:
    events = [*events, *({**event, "data": {**event, "deep": shared}} for event in events)]
    writer = Writer()
    assert [writer.write(event) for event in events] == [*map(canonical_bytes, events)]


@unhurried
@given(st.dictionaries(texts, values))
def test_what_is_written_quickly_has_the_same_bytes(event: dict[str, object]) -> None:
    expected = canonical_bytes(event)
    assert {quick_bytes(event), Writer().write_quickly(event)} <= {expected, None}
    assert quick_bytes({"summary": "Paid", "data": {"n": 1}}) is not None


@pytest.mark.parametrize("marked", [
    {"name": MARK}, {"data": {"who": [MARK]}}, {"data": {"who": ({"name": MARK},)}}, {MARK: 1},
    {"data": MappingProxyType({"name": MARK})},
])  # fmt: skip
def test_a_marked_text_is_never_written_quickly(marked: dict[str, object]) -> None:
    assert quick_bytes(marked) is Writer().write_quickly(marked) is None


def test_what_is_too_long_or_no_object_is_never_written_quickly() -> None:
    assert quick_bytes({"text": "x" * MAX_BYTES}) is None
    assert quick_bytes(MappingProxyType({"text": "x"})) is None


def test_what_is_equal_and_not_the_same_is_not_taken_for_the_other() -> None:
    writer = Writer()
    events: list[dict[str, object]] = [
        {"data": {"a": value, "list": [value]}} for value in (1, True, 0, False, "1", None)
    ]
    assert [writer.write(event) for event in events] == [*map(canonical_bytes, events)]
    # What is gone leaves its identity to another: written one after the other, none is kept.
    assert [writer.write({"data": {"list": [n]}}) for n in range(500)] == [
        b'{"data":{"list":[%d]}}' % n for n in range(500)
    ]


@pytest.mark.parametrize(
    "event",
    [
        {"data": {"a": 0.5}},
        {"data": {"a": {"b": [0.5]}}},
        {"data": {1: "a"}},
        {"data": {"a": "e\u0301"}},
        {"data": {"a": "\ud800"}},
        {"data": {"a": "x" * MAX_BYTES}},
        {"data": nested(MAX_DEPTH)},
        {"data": {"a": nested(MAX_DEPTH - 1)}},
    ],
)
def test_among_many_what_has_no_canonical_form_is_refused_in_the_same_words(
    event: dict[str, object],
) -> None:
    with pytest.raises(CanonicalError) as alone:
        canonical_bytes(event)
    with pytest.raises(CanonicalError) as among:
        Writer().write(event)
    assert str(among.value) == str(alone.value)


@unhurried
@given(st.dictionaries(texts, values))
def test_the_bytes_are_those_of_another_implementation(event: dict[str, object]) -> None:
    assert canonical_bytes(event) == rfc8785.dumps(event)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("event", "pointer", "reason"),
    [
        ({"cost": 1.0}, "/cost", FLOAT),
        ({"a": [0, float("nan")]}, "/a/1", FLOAT),
        ({"n": 2**53}, "/n", "an integer beyond 2**53 - 1 is not exact in JSON"),
        ({"n": -(2**53)}, "/n", "an integer beyond 2**53 - 1 is not exact in JSON"),
        ({"name": "e\u0301"}, "/name", "a string is not in Unicode normalisation form C"),
        ({"x": {"e\u0301": 1}}, "/x/e\u0301", "a key is not in Unicode normalisation form C"),
        ({"t": ["\ud800"]}, "/t/0", "a string has a lone surrogate"),
        ({"\udfff": 1}, "/\\udfff", "a key has a lone surrogate"),
        ({"a/b": {"c~d": 0.5}}, "/a~1b/c~0d", FLOAT),
        ({"x": {1: 2}}, "/x", "a key is int, not a string"),
        ({"x": b"raw"}, "/x", "bytes is not a JSON type"),
        ({"x": Decimal(1)}, "/x", "Decimal is not a JSON type"),
        ({"x": {1}}, "/x", "set is not a JSON type"),
        ([1], "", "an event must be an object"),
        (nested(MAX_DEPTH + 1), "/a" * MAX_DEPTH, f"nested deeper than {MAX_DEPTH} levels"),
    ],
)
def test_what_readers_could_disagree_on_is_refused_with_its_place(
    event: Mapping[str, object], pointer: str, reason: str
) -> None:
    with pytest.raises(CanonicalError) as refusal:
        canonical_bytes(event)
    assert (refusal.value.pointer, refusal.value.reason) == (pointer, reason)
    assert str(refusal.value) == f"{reason} at {pointer or 'the top of the event'}"


def test_the_limits_themselves_are_allowed() -> None:
    assert canonical_bytes({"n": [2**53 - 1, 1 - 2**53, True]}) == (
        b'{"n":[9007199254740991,-9007199254740991,true]}'
    )
    assert canonical_bytes(nested(MAX_DEPTH)).count(b"{") == MAX_DEPTH


def test_size_is_counted_in_bytes_of_the_canonical_form() -> None:
    frame = len(b'{"t":""}')
    assert len(canonical_bytes({"t": "x" * (MAX_BYTES - frame)})) == MAX_BYTES
    with pytest.raises(CanonicalError, match="60001 bytes are more than the 60000 allowed"):
        canonical_bytes({"t": "é" + "x" * (MAX_BYTES - frame - 1)})


def test_a_refusal_never_repeats_the_value() -> None:
    with pytest.raises(CanonicalError) as refusal:
        canonical_bytes({"note": "secre\u0301t"})
    assert "secr" not in str(refusal.value)
