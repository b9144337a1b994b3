from __future__ import annotations

from typing import Any

import pytest

from approvals.policies import Directory, Problem, find_unreachable, parse_policy

ANN, BOB, CAT = "ann@example.com", "bob@example.com", "cat@example.com"
PEOPLE = Directory(
    groups={"finance": {ANN, BOB}, "risk": {BOB}, "legal": {BOB}, "empty": set()},
    roles={"compliance": {CAT}, "owner": {ANN}},
    people={ANN, BOB, CAT},
    managers={CAT},
)


def problems(*stages: list[dict[str, Any]], escalate_to: Any = None) -> list[Problem]:
    made: list[dict[str, Any]] = [
        {"name": f"S{number}", "seats": seats, "deadline": "4h"}
        for number, seats in enumerate(stages, 1)
    ]
    if escalate_to is not None:
        made[0]["escalations"] = [{"after": "1h", "add": [escalate_to]}]
    policy = parse_policy(
        {"version": 1, "default": "deny", "flows": {"f": {"stages": made}}, "rules": []}
    )
    return find_unreachable(policy, PEOPLE)


def group(name: str, count: int = 1) -> dict[str, object]:
    return {"group": name, "count": count}


@pytest.mark.parametrize(
    "stages",
    [
        [[group("finance")]],
        [[group("finance", 2)]],
        # Bob must take Risk and leave Finance to Ann.
        [[group("finance"), group("risk")]],
        [[group("finance")], [group("risk")], [{"role": "compliance"}]],
        [[{"person": ANN}, group("risk")]],
        [[{"person": "Ann@Example.com"}]],
        [[{"manager": "agent_owner"}]],
        [[{"anyone": "approver", "count": 3}]],
        [[{"anyone": "approver", "count": 2, "but": [{"group": "risk"}]}]],
        [[{"groups": ["finance", "risk"], "count": 2}]],
        # One of the groups may be empty as long as the others suffice.
        [[{"groups": ["empty", "finance", "risk"], "count": 2}]],
        # Whoever is left out need not be here.
        [[{"group": "finance", "but": [{"person": "gone@example.com"}]}]],
    ],
)
def test_flows_that_can_be_completed(stages: list[Any]) -> None:
    assert problems(*stages) == []


LACKS = "and with everybody seated it still lacks"


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        (
            [[group("finance", 3)]],
            f"it needs 3 different people (3 from Finance), {LACKS} 1 more from Finance.",
        ),
        (
            [[group("risk"), group("legal")]],
            f"it needs 2 different people (1 from Risk and 1 from Legal), {LACKS} 1 from Legal.",
        ),
        (
            # One person fills one seat in the whole flow, not one in each stage.
            [[group("risk")], [group("risk")]],
            f"it needs 2 different people (2 from Risk), {LACKS} 1 more from Risk.",
        ),
        (
            [[{"role": "owner"}, {"person": ANN}]],
            (
                "it needs 2 different people (1 with the role owner and ann@example.com), "
                f"{LACKS} ann@example.com."
            ),
        ),
    ],
)
def test_flows_that_cannot(stages: list[Any], message: str) -> None:
    expected = Problem("/flows/f", f"Flow f can never be completed: {message}")

    assert problems(*stages) == [expected]


def test_an_escalation_does_not_make_up_for_missing_people() -> None:
    found = problems([group("risk", 2)], escalate_to={"group": "finance"})

    assert [each.pointer for each in found] == ["/flows/f"]


@pytest.mark.parametrize(
    ("seat", "place", "message"),
    [
        ({"group": "hr"}, "group", "there is no group hr; create it first or name another."),
        ({"role": "boss"}, "role", "there is no role boss; create it first or name another."),
        (
            {"person": "dan@example.com"},
            "person",
            "there is no person dan@example.com; create it first or name another.",
        ),
        (
            {"group": "empty"},
            "group",
            "nobody is in the group empty; add people first or name another.",
        ),
    ],
)
def test_names_that_nobody_bears(seat: dict[str, str], place: str, message: str) -> None:
    said = f"Flow f, stage S1: {message}"

    assert problems([seat]) == [Problem(f"/flows/f/stages/0/seats/0/{place}", said)]
    assert problems([group("finance")], escalate_to=seat) == [
        Problem(f"/flows/f/stages/0/escalations/0/add/0/{place}", said)
    ]


@pytest.mark.parametrize(
    ("seat", "place", "message"),
    [
        (
            {"groups": ["risk", "legal"], "count": 2},
            "/flows/f",
            (
                "Flow f can never be completed: it needs 2 different people (2 from different "
                f"groups (Legal, Risk)), {LACKS} 1 more from another of these groups (Legal, Risk)."
            ),
        ),
        (
            {"groups": ["risk", "audit"]},
            "/flows/f/stages/0/seats/0/groups",
            "Flow f, stage S1: there is no group audit; create it first or name another.",
        ),
        (
            {"anyone": "approver", "but": [{"group": "audit"}]},
            "/flows/f/stages/0/seats/0/but/0/group",
            "Flow f, stage S1: there is no group audit; create it first or name another.",
        ),
        (
            {"group": "risk", "but": [{"group": "finance"}]},
            "/flows/f",
            (
                "Flow f can never be completed: it needs 1 person (1 from Risk (anyone but "
                f"Finance)), {LACKS} 1 from Risk (anyone but Finance)."
            ),
        ),
        (
            {"manager": "agent_owner", "but": [{"role": "compliance"}]},
            "/flows/f",
            (
                "Flow f can never be completed: it needs 1 person (the manager of the agent's "
                f"owner (anyone but the role compliance)), {LACKS} the manager of the agent's "
                "owner (anyone but the role compliance)."
            ),
        ),
    ],
)
def test_seats_that_depend_on_more_than_one_name(
    seat: dict[str, Any], place: str, message: str
) -> None:
    assert [(each.pointer, each.message) for each in problems([seat])] == [(place, message)]


def test_nobody_manages_and_nobody_may_approve() -> None:
    flow = {"name": "s", "seats": [{"manager": "agent_owner"}], "deadline": "4h"}
    flow["escalations"] = [{"after": "1h", "add": [{"anyone": "approver"}]}]
    policy = parse_policy(
        {"version": 1, "default": "deny", "flows": {"f": {"stages": [flow]}}, "rules": []}
    )

    assert [each.message for each in find_unreachable(policy, Directory({}, {}, frozenset()))] == [
        (
            "Flow f, stage s: nobody who may approve is the manager of the agent's owner; choose "
            "one on the owner's page or name somebody else."
        ),
        "Flow f, stage s: nobody may approve; give somebody the right first or name others.",
    ]
