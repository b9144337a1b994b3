"""Every way a document can be wrong, with the place and the words that are reported."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from approvals.policies import Problem
from tests.approvals.policies.builders import compare, document, rule
from tests.approvals.policies.mistakes import ERRORS, GONE, problems_of


def changed(pointer: str, value: object) -> dict[str, Any]:
    """A good document with one value set, or removed when the value is GONE."""
    made = copy.deepcopy(document(rule(conditions=compare("payload.amount", "gt", 1))))
    *parents, last = pointer.split("/")[1:]
    inner: Any = made
    for key in parents:
        inner = inner[int(key)] if isinstance(inner, list) else inner[key]
    if value is GONE:
        del inner[last]
    else:
        inner[int(last) if isinstance(inner, list) else last] = value
    return made


@pytest.mark.parametrize(
    ("at", "value", "pointer", "message"), ERRORS, ids=lambda value: ascii(value)[:40]
)
def test_one_mistake_gives_one_problem(at: str, value: object, pointer: str, message: str) -> None:
    found = problems_of(changed(at, value))

    # A flow that is itself broken is still a flow by name, so that no rule is blamed for it.
    assert found == [(pointer, message)]


def test_ids_are_unique() -> None:
    found = problems_of(document(rule("a"), rule("b"), rule("a")))

    assert found == [("/rules/2/id", "another rule is called a; choose a new id")]


def test_pointers_are_escaped() -> None:
    found = problems_of({**document(), "a/b~c": 1})

    assert found[0][0] == "/a~1b~0c"


def test_a_document_of_another_type() -> None:
    assert problems_of([]) == [("", "write keys and values here, not a list of 0 items")]


def test_flows_of_another_type() -> None:
    assert problems_of(document() | {"flows": []}) == [
        ("/flows", "write keys and values here, not a list of 0 items"),
        ("/default_flow", "there is no flow one; define it under flows"),
    ]


def test_too_many_flows() -> None:
    made = document()
    made["flows"].update({f"f{number}": made["flows"]["one"] for number in range(200)})

    assert problems_of(made)[0] == ("/flows", "write at most 200 flows, not 202")


def test_the_size_of_a_plain_document_is_capped() -> None:
    made = document(*(rule(f"r{number}", note="x" * 2000) for number in range(300)))

    assert problems_of(made) == [("", "write at most 512 KiB; split the policy")]


def test_at_most_a_hundred_problems_are_listed() -> None:
    assert len(problems_of(document(*({"x": 1} for _ in range(500))))) == 100


def test_all_mistakes_are_found_in_one_pass() -> None:
    made = document(rule("A"), rule("b", then="x"))
    made["version"] = 3

    assert [pointer for pointer, _ in problems_of(made)] == [
        "/version",
        "/rules/0/id",
        "/rules/1/then",
    ]


def test_a_problem_goes_to_json() -> None:
    assert Problem("/a", "b", 1, 2).to_dict() == {
        "pointer": "/a",
        "message": "b",
        "line": 1,
        "column": 2,
    }
