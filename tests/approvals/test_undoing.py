"""How a category says that an action is taken back: read, refused in words, applied."""

from typing import Any

import pytest

from approvals.undoing import Undo, UndoInvalid, parse_lines, read_undo, to_lines

LINES = 'amount = /amount\niban = /to/0/iban\nkind = "refund"\nof = request\nurgent = false'
PAYLOAD: dict[str, dict[str, Any]] = {
    "amount": {"pointer": "/amount"},
    "iban": {"pointer": "/to/0/iban"},
    "kind": {"value": "refund"},
    "of": {"request": "id"},
    "urgent": {"value": False},
}
SAID = {"category": "payments.refund", "payload": PAYLOAD, "within_hours": 48}


def test_a_declaration_makes_the_payload_of_the_action_that_takes_back() -> None:
    undo = read_undo(SAID)
    assert undo == Undo("payments.refund", PAYLOAD, 48)
    done = {"amount": "12.00", "to": [{"iban": "DE89"}], "note": None}
    assert undo.payload_for(done, "ar_1") == {
        "amount": "12.00", "iban": "DE89", "kind": "refund", "of": "ar_1", "urgent": False,
    }  # fmt: skip


def test_lines_say_the_same_and_come_back_as_they_were() -> None:
    assert parse_lines(LINES) == PAYLOAD
    assert to_lines(PAYLOAD) == LINES
    assert read_undo({}) is None


@pytest.mark.parametrize(
    ("pointer", "done", "found"),
    [
        ("/a", {"a": None}, None),
        ("/a/b", {"a": {"b": 1}}, 1),
        ("/a/1", {"a": [1, 2]}, 2),
        ("/a~1b/~0c", {"a/b": {"~c": 3}}, 3),
        ("/", {"": 4}, 4),
    ],
)
def test_pointers_lead_where_rfc_6901_says(pointer: str, done: Any, found: Any) -> None:
    undo = Undo("x", {"n": {"pointer": pointer}}, 1)
    assert undo.payload_for(done, "ar_1") == {"n": found}


@pytest.mark.parametrize("pointer", ["/b", "/a/b/c", "/l/2", "/l/01", "/l/-", "/a/0"])
def test_a_pointer_that_leads_to_nothing_says_so(pointer: str) -> None:
    undo = Undo("x", {"n": {"pointer": pointer}}, 1)
    with pytest.raises(UndoInvalid, match="which the action does not have"):
        undo.payload_for({"a": {"b": 1}, "l": [1, 2]}, "ar_1")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"category": ""}, "/category"),
        ({"within_hours": 0}, "/within_hours"),
        ({"within_hours": True}, "/within_hours"),
        ({"within_hours": 8761}, "/within_hours"),
        ({"payload": {}}, "/payload"),
        ({"payload": {"a": {"pointer": "amount"}}}, "/payload/a"),
        ({"payload": {"a": {"pointer": "/a~2"}}}, "/payload/a"),
        ({"payload": {"a": {"pointer": "/a", "value": 1}}}, "/payload/a"),
        ({"payload": {"a": {"request": "summary"}}}, "/payload/a"),
        ({"payload": {"a": "text"}}, "/payload/a"),
        ({"by": "nobody"}, "/by"),
    ],
)
def test_what_cannot_be_used_is_refused_where_it_stands(change: Any, pointer: str) -> None:
    with pytest.raises(UndoInvalid) as refused:
        read_undo(SAID | change)
    assert refused.value.pointer == pointer


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("amount", "Line 1: write a field = where it comes from."),
        ("a = /a\n\na = /b", "Line 3: a is there twice."),
        ("a = EUR", "Line 1: write a pointer such as /amount"),
        ("a = NaN", "Line 1: write a pointer such as /amount"),
        ("a = /~5", "Line 1: a: write a JSON pointer such as /to/iban."),
    ],
)
def test_a_line_that_cannot_be_read_is_named(text: str, said: str) -> None:
    with pytest.raises(UndoInvalid) as refused:
        parse_lines(text)
    assert refused.value.detail.startswith(said)
