"""What the strict JSON parser lets through, and what not."""

import json
from typing import Any

import pytest

from govapp.common.api.parsers import MAX_BYTES, MAX_DEPTH, parse_strict_json
from govapp.common.errors import DomainError, Malformed, TooLarge


def nested(depth: int, opening: str = "[", closing: str = "]") -> bytes:
    return (opening * depth + closing * depth).encode()


ACCEPTED: list[tuple[bytes, Any]] = [
    (b"{}", {}),
    (b' {"a": [1, 2.5, "x", null, true]} ', {"a": [1, 2.5, "x", None, True]}),
    (b'{"a": {"b": 1}, "c": {"b": 2}}', {"a": {"b": 1}, "c": {"b": 2}}),
    (b"9007199254740991", 2**53 - 1),
    (b"-9007199254740991", -(2**53) + 1),
    (b'"\\ud83d\\ude00"', "\U0001f600"),
    ('"Zürich 東京"'.encode(), "Zürich 東京"),
    (nested(MAX_DEPTH), json.loads(nested(MAX_DEPTH))),
    (b"-0", 0),
    (b"1e5", 100000.0),
]

HOSTILE: list[tuple[str, bytes, type[DomainError]]] = [
    ("empty", b"", Malformed),
    ("blank", b"   ", Malformed),
    ("not JSON", b"{a: 1}", Malformed),
    ("cut off", b'{"a": ', Malformed),
    ("two values", b"{} {}", Malformed),
    ("trailing comma", b"[1,]", Malformed),
    ("single quotes", b"{'a': 1}", Malformed),
    ("comment", b"{} // x", Malformed),
    ("byte order mark", b"\xef\xbb\xbf{}", Malformed),
    ("not UTF-8", b'"\xff"', Malformed),
    ("overlong UTF-8", b'"\xc0\x80"', Malformed),
    ("UTF-16", '{"a": 1}'.encode("utf-16"), Malformed),
    ("surrogate in UTF-8", b'"\xed\xa0\x80"', Malformed),
    ("half a pair", b'"\\ud800"', Malformed),
    ("half a pair as key", b'{"\\udc00": 1}', Malformed),
    ("pair turned round", b'"\\ude00\\ud83d"', Malformed),
    ("NUL", b'"a\\u0000"', Malformed),
    ("NUL as key", b'{"a\\u0000": 1}', Malformed),
    ("raw control character", b'"a\x01"', Malformed),
    ("same key twice", b'{"a": 1, "a": 2}', Malformed),
    ("same key twice, deep", b'[{"x": {"a": 1, "b": 2, "a": 3}}]', Malformed),
    ("same key by escape", b'{"a": 1, "\\u0061": 2}', Malformed),
    ("NaN", b'{"a": NaN}', Malformed),
    ("infinity", b"Infinity", Malformed),
    ("minus infinity", b"-Infinity", Malformed),
    ("overflow", b"1e400", Malformed),
    ("2^53", b"9007199254740992", Malformed),
    ("minus 2^53", b"-9007199254740992", Malformed),
    ("float of 2^53", b"9007199254740992.0", Malformed),
    ("ten thousand digits", b"1" * 10_000, Malformed),
    ("ten thousand decimals", b"0." + b"1" * 10_000, Malformed),
    ("leading zero", b"01", Malformed),
    ("too deep, lists", nested(MAX_DEPTH + 1), Malformed),
    ("too deep, objects", b'{"a":' * MAX_DEPTH + b"{}" + b"}" * MAX_DEPTH, Malformed),
    ("a hundred thousand deep", nested(100_000), Malformed),
    ("never closed", b"[" * 200_000, Malformed),
    ("too large", b'"' + b"x" * MAX_BYTES + b'"', TooLarge),
]


@pytest.mark.parametrize(("body", "value"), ACCEPTED)
def test_accepted(body: bytes, value: Any) -> None:
    assert parse_strict_json(body) == value


@pytest.mark.parametrize(
    ("body", "refusal"), [case[1:] for case in HOSTILE], ids=[case[0] for case in HOSTILE]
)
def test_refused(body: bytes, refusal: type[DomainError]) -> None:
    with pytest.raises(DomainError) as raised:
        parse_strict_json(body)
    assert type(raised.value) is refusal


def test_the_largest_body_is_accepted() -> None:
    body = b'"' + b"x" * (MAX_BYTES - 2) + b'"'
    assert len(parse_strict_json(body)) == MAX_BYTES - 2
