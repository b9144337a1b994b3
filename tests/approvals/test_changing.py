"""Which fields change, and what the difference is."""

from typing import Any

import pytest

from approvals.changing import MOST_CHANGES, apply_changes, difference
from govapp.common.errors import Invalid

PAYLOAD: dict[str, Any] = {"amount": 900, "to": {"iban": "DE1"}, "tags": ["a"], "none": None}


def change(editable: list[str], **changes: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    named = {path.replace("__", "."): value for path, value in changes.items()}
    payload, made = apply_changes(PAYLOAD, named, editable=editable)
    return payload, [each.to_dict() for each in made]


def test_a_change_leaves_the_former_payload_as_it_was() -> None:
    payload, made = change(["amount", "to.iban"], amount=800, to__iban="DE2")
    assert payload == {"amount": 800, "to": {"iban": "DE2"}, "tags": ["a"], "none": None}
    assert PAYLOAD["to"] == {"iban": "DE1"}
    assert made == [
        {"field": "amount", "before": 900, "after": 800},
        {"field": "to.iban", "before": "DE1", "after": "DE2"},
    ]


@pytest.mark.parametrize(
    ("path", "value", "is_change"),
    [("amount", 900, False), ("amount", 900.0, False), ("amount", True, True),
     ("amount", "900", True), ("tags", ["a"], False), ("tags", ["b"], True),
     ("none", None, False), ("new", None, True), ("new", "", True)],
)  # fmt: skip
def test_the_same_is_what_the_digest_says_is_the_same(
    path: str, value: Any, is_change: bool
) -> None:
    _, made = apply_changes(PAYLOAD, {path: value}, editable=[path])
    assert bool(made) == is_change


@pytest.mark.parametrize(
    ("editable", "changes", "words"),
    [
        ([], {"amount": 1}, "does not let an approver"),
        (["to"], {"to.iban": "x"}, "does not let an approver"),
        (["to.iban"], {"to": "x"}, "does not let an approver"),
        (["from.iban"], {"from.iban": "x"}, "no such field"),
        (["amount.cents"], {"amount.cents": 1}, "no such field"),
        (["amount"], {"amount": float("nan")}, "not JSON"),
        (["amount"], {"amount": 2**60}, "as strings"),
        (["amount"], {"amount": "a\0b"}, "null character"),
    ],
)
def test_what_is_refused(editable: list[str], changes: dict[str, Any], words: str) -> None:
    with pytest.raises(Invalid) as refused:
        apply_changes(PAYLOAD, changes, editable=editable)
    (path,) = changes
    assert [each.pointer for each in refused.value.errors] == [f"/changes/{path}"]
    assert words in refused.value.errors[0].detail


def test_too_many_changes_are_refused() -> None:
    paths = [f"f{n}" for n in range(MOST_CHANGES + 1)]
    with pytest.raises(Invalid, match="at most 50"):
        apply_changes({}, dict.fromkeys(paths, 1), editable=paths)


def test_the_difference_names_what_differs() -> None:
    found = difference({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}, ["a", "b", "c"])
    assert [each.to_dict() for each in found] == [
        {"field": "b", "before": 2, "after": 3},
        {"field": "c", "before": None, "after": 4},
    ]
