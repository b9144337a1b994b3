"""Personal texts out of the bytes and back: what is hidden, what is not, what can be proved."""

import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.actors import Content, Personal, Words
from audit.merkle.canonical import canonical_bytes
from audit.merkle.commitments import Hidden, commitment, fill, hide

ALICE = Personal("Alice Archer", "mem_1")


def body(summary: str, *, label: str = "payer", **data: Any) -> dict[str, Any]:
    return {"v": 2, "subject": {"type": "x", "id": "y", "label": label}, "summary": summary,
            "data": data}  # fmt: skip


def values_of(hidden: tuple[Hidden, ...]) -> dict[int, str]:
    return {each.number: each.value for each in hidden}


def test_a_name_is_hidden_wherever_it_stands_as_whole_words() -> None:
    event = body("Alice Archer met Alice Archers", who={"id": "mem_1", "name": ALICE}, n=1)
    found, hidden = hide(event)
    assert found["summary"] == "⟦1⟧ met Alice Archers"
    assert found["data"] == {"who": {"id": "mem_1", "name": "⟦1⟧"}, "n": 1}
    (text,) = hidden
    assert (text.number, text.of, text.kind, text.value) == (1, "mem_1", "name", "Alice Archer")
    assert found["personal"] == {
        "1": {"of": "mem_1", "kind": "name", "hmac": commitment(text.salt, "Alice Archer")}
    }


def test_the_commitment_is_the_hmac_of_the_text_as_json() -> None:
    salt = bytes(range(32))
    expected = hmac.new(salt, '"Zoë \\"Z\\""'.encode(), hashlib.sha256).hexdigest()
    assert commitment(salt, 'Zoë "Z"') == expected


def test_the_longest_name_wins_and_each_is_its_own() -> None:
    ann, anne = Personal("Ann", "mem_1"), Personal("Ann Lee", "mem_2")
    found, hidden = hide(body("Ann told Ann Lee", a=ann, b=anne))
    assert fill(found, values_of(hidden)) == body("Ann told Ann Lee", a="Ann", b="Ann Lee")
    kept = {each.number: each.value for each in hidden if each.of == "mem_1"}
    assert fill(found, kept)["summary"] == "Ann told an erased person"


def test_a_name_in_somebodys_words_goes_with_the_person_and_not_with_the_words() -> None:
    words = Words("ask Alice Archer first", "mem_2")
    found, hidden = hide(body("Bob said: ask Alice Archer first", text=words, who=ALICE))
    assert fill(found, values_of(hidden))["data"]["text"] == "ask Alice Archer first"
    without_her = {each.number: each.value for each in hidden if each.of == "mem_2"}
    assert fill(found, without_her)["summary"] == "Bob said: ask an erased person first"
    without_the_words = {each.number: each.value for each in hidden if each.of == "mem_1"}
    assert fill(found, without_the_words)["data"]["text"] == "[erased]Alice Archer[erased]"


@pytest.mark.parametrize(
    ("summary", "expected"),
    [
        (f"Denied: {'w' * 999}…", "Denied: ⟦2⟧…"),
        (f"Denied: {'w' * 40}…", "Denied: ⟦2⟧…"),
        (f"Denied: {'w' * 2000}", "Denied: ⟦1⟧"),
        ("Denied: www", "Denied: www"),
    ],
)
def test_the_beginning_of_a_long_text_is_hidden_too(summary: str, expected: str) -> None:
    found, _ = hide({"summary": summary, "data": {"reason": Words("w" * 2000, "mem_1")}})
    numbers = sorted(found["personal"])
    assert found["summary"] in {expected, expected.replace("⟦2⟧", "⟦1⟧")}
    assert found["data"]["reason"] in {f"⟦{number}⟧" for number in numbers}


def test_what_somebody_wrote_is_not_looked_for_in_data() -> None:
    event = body("It was approved: approve", verdict="approve", reason=Words("approve", "mem_1"))
    found, _ = hide(event)
    assert found["data"] == {"verdict": "approve", "reason": "⟦1⟧"}
    assert found["summary"] == "It was approved: ⟦1⟧"


def test_a_word_of_an_enum_is_no_name_even_when_somebody_is_called_so() -> None:
    found, _ = hide(body("approve did it", verdict="approve", who=Personal("approve", "mem_1")))
    assert found["data"] == {"verdict": "approve", "who": "⟦1⟧"}


def test_addresses_are_hidden_wherever_they_stand() -> None:
    event = body("Sent to bob@acme.example.", seats=[{"ref": "Bob@acme.example"}])
    found, hidden = hide(event, address_of=lambda address: f"adr_{address}")
    assert {each.of for each in hidden} == {"adr_bob@acme.example"}
    assert b"example" not in json.dumps(found["data"]).encode()
    assert fill(found, values_of(hidden)) == event


def test_texts_that_only_the_summary_has_are_given_beside_it() -> None:
    found, _ = hide(body("About “Pay 5”"), [Content("Pay 5", "ar_1")])
    assert found["summary"] == "About “⟦1⟧”"


def test_the_bracket_itself_is_written_as_number_0() -> None:
    event = body("⟦1⟧ is not a place", who=ALICE, note="nor ⟦1⟧")
    found, hidden = hide(event)
    assert found["data"]["note"] == "nor ⟦0⟧1⟧"
    assert fill(found, values_of(hidden)) == event


def test_what_holds_nothing_personal_is_the_same_object() -> None:
    seats = [{"group": "finance", "names": ["a", "b"]}]
    found, hidden = hide(body("Nothing", seats=seats))
    assert (found["data"]["seats"] is seats, hidden, "personal" in found) == (True, (), False)


def test_two_of_one_name_do_not_go_round_in_circles() -> None:
    first, second = Personal("Alex", "mem_1"), Personal("Alex", "mem_2")
    found, hidden = hide(body("Alex and Alex", a=first, b=second, c=Words("Alex", "mem_3")))
    assert fill(found, values_of(hidden))["summary"] == "Alex and Alex"
    assert {each.of for each in hidden} == {"mem_1", "mem_2"}


_texts = st.text(st.sampled_from("ab ⟦⟧12.é@"), max_size=12)


@given(
    summary=st.lists(_texts, max_size=6).map("".join),
    marks=st.lists(
        st.tuples(st.sampled_from([Personal, Words, Content]), _texts, st.sampled_from("mno")),
        max_size=5,
    ),
    plain=st.lists(_texts, max_size=4),
)
def test_whatever_is_hidden_is_found_again(
    summary: str, marks: list[tuple[type[Personal], str, str]], plain: list[str]
) -> None:
    marked = [kind(text, of) for kind, text, of in marks]
    event = body(summary, marked=marked, plain=plain)
    found, hidden = hide(event, address_of=lambda address: "adr")
    said = json.loads(canonical_bytes(found))
    assert fill(said, values_of(hidden)) == json.loads(canonical_bytes(body(
        summary, marked=[str(each) for each in marked], plain=plain
    )))  # fmt: skip
    for each in hidden:
        told = said["personal"][str(each.number)]
        assert told == {
            "of": each.of, "kind": each.kind, "hmac": commitment(each.salt, each.value)
        }  # fmt: skip
