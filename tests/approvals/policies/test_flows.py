from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from approvals.policies import Escalation, Flow, Reference, Seat, Stage

HOUR = timedelta(hours=1)
FLOW = Flow(
    "four-eyes",
    (
        Stage(
            "Finance",
            (Seat("group", "finance", 2), Seat("role", "compliance", 1)),
            4 * HOUR,
            (HOUR, 2 * HOUR),
            (Escalation(3 * HOUR, (Reference("person", "ann@example.com"),)),),
        ),
        Stage("Risk", (Seat("person", "bob@example.com"),), timedelta(days=2)),
    ),
)


def test_a_flow_goes_to_json_and_back() -> None:
    data = FLOW.to_dict()

    assert data == {
        "name": "four-eyes",
        "stages": [
            {
                "name": "Finance",
                "seats": [{"group": "finance", "count": 2}, {"role": "compliance", "count": 1}],
                "deadline": "4h",
                "reminders": ["1h", "2h"],
                "escalations": [{"after": "3h", "add": [{"person": "ann@example.com"}]}],
            },
            {
                "name": "Risk",
                "seats": [{"person": "bob@example.com", "count": 1}],
                "deadline": "2d",
            },
        ],
    }
    assert Flow.from_dict(json.loads(json.dumps(data))) == FLOW


def test_keys_name_kind_and_ref() -> None:
    assert [seat.key for seat in FLOW.seats] == [
        "group:finance",
        "role:compliance",
        "person:bob@example.com",
    ]
    assert FLOW.stages[0].escalations[0].add[0].key == "person:ann@example.com"


STAGE: dict[str, Any] = {"name": "A", "seats": [{"group": "a"}], "deadline": "1h"}


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ([], "a flow needs at least one stage"),
        ("x", "stages must be a list"),
        ([STAGE | {"seats": []}], "a stage needs at least one seat"),
        ([STAGE | {"seats": [{}]}], "a seat names exactly one of group, role"),
        (
            [STAGE | {"seats": [{"group": "a", "role": "b"}]}],
            "a seat names exactly one of group, role",
        ),
        ([STAGE | {"seats": [{"group": ""}]}], "a seat names exactly one of group, role"),
        (
            [STAGE | {"seats": [{"group": "a", "count": 0}]}],
            "a seat needs a count of at least 1",
        ),
        (
            [STAGE | {"seats": [{"group": "a", "count": True}]}],
            "a seat needs a count of at least 1",
        ),
        ([STAGE | {"deadline": None}], "write a duration such as 30s, 15m, 4h, 2d or PT4H"),
    ],
)
def test_a_frozen_flow_that_nobody_need_approve_cannot_be_read(
    stages: object, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Flow.from_dict({"name": "x", "stages": stages})


def test_a_stage_without_time_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="a stage needs a deadline"):
        Stage("A", (Seat("group", "a"),), timedelta(0))
