"""What a stage says about time: which hours count, reminders, and repetitions with their bounds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from approvals.policies import Flow, PolicyInvalid, Stage, Step, parse_policy
from tests.approvals.policies.builders import document

STAGE = "/flows/one/stages/0"
MANAGERS = [{"group": "managers"}]
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def with_stage(**keys: Any) -> dict[str, Any]:
    made = document()
    made["flows"]["one"] = {
        "stages": [{"name": "Review", "seats": [{"group": "finance"}], "deadline": "4h", **keys}]
    }
    return made


def parsed(**keys: Any) -> Stage:
    return parse_policy(with_stage(**keys)).flows["one"].stages[0]


def escalations(*repeats: tuple[str, str, int]) -> list[dict[str, Any]]:
    return [
        {"after": after, "add": MANAGERS, "repeat": {"every": every, "times": times}}
        for after, every, times in repeats
    ]


def test_all_hours_count_unless_it_says_otherwise() -> None:
    assert parsed().counting == parsed(counting="all_hours").counting == "all_hours"
    assert not parsed().counts_business_hours
    assert parsed(counting="business_hours").counts_business_hours


def test_what_all_hours_mean_is_not_written() -> None:
    assert "counting" not in parsed(counting="all_hours").to_dict()


def test_business_hours_are_never_written_in_days() -> None:
    made = parsed(
        counting="business_hours",
        deadline="48h",
        reminders=["24h"],
        escalations=[{"after": "24h", "add": MANAGERS, "repeat": {"every": "600m", "times": 2}}],
    ).to_dict()

    assert (made["deadline"], made["reminders"]) == ("48h", ["24h"])
    assert made["escalations"] == [
        {"after": "24h", "add": MANAGERS, "repeat": {"every": "10h", "times": 2}}
    ]


def test_reminders_that_repeat_become_the_list_that_they_mean() -> None:
    made = parsed(reminders={"every": "45m", "times": 5})

    assert made.reminders == tuple(45 * MINUTE * number for number in range(1, 6))
    assert made.to_dict()["reminders"] == ["45m", "90m", "135m", "3h", "225m"]


def test_the_steps_of_a_stage_are_its_escalations_with_their_repetitions() -> None:
    made = parsed(
        escalations=[
            *escalations(("1h", "30m", 2)),
            {"after": "3h", "add": [{"role": "owner"}], "hand_over": True},
        ]
    )

    assert made.steps == (
        Step(HOUR, 0),
        Step(90 * MINUTE, 0, 1),
        Step(2 * HOUR, 0, 2),
        Step(3 * HOUR, 1),
    )
    assert [made.handed_over(after) for after in (HOUR, 3 * HOUR - MINUTE, 3 * HOUR)] == [
        None, None, 1,
    ]  # fmt: skip


def test_a_stage_with_everything_goes_to_json_and_back() -> None:
    flow = parse_policy(
        with_stage(
            counting="business_hours",
            reminders={"every": "1h", "times": 3},
            escalations=[*escalations(("90m", "30m", 3)), {"after": "200m", "add": MANAGERS}],
        )
    ).flows["one"]

    assert Flow.from_dict(flow.to_dict()) == flow


BAD: list[tuple[dict[str, Any], str, str]] = [
    (
        {"counting": "weekdays"},
        "/counting",
        "write all_hours or business_hours here, not weekdays",
    ),
    (
        {"counting": "business_hours", "deadline": "2d"},
        "/deadline",
        "write hours such as 16h here; where business hours count, a day has no length",
    ),
    (
        {"counting": "business_hours", "deadline": "99h", "reminders": ["P1DT1H"]},
        "/reminders/0",
        "write hours such as 16h here; where business hours count, a day has no length",
    ),
    (
        {"counting": "business_hours", "escalations": [{"after": "1d", "add": MANAGERS}]},
        "/escalations/0/after",
        "write hours such as 16h here; where business hours count, a day has no length",
    ),
    (
        {"reminders": {"every": "1h"}},
        "/reminders",
        "times is missing; add it",
    ),
    (
        {"reminders": {"every": "1m", "times": 11}},
        "/reminders/times",
        "write a whole number from 1 to 10 here, not 11",
    ),
    (
        {"reminders": {"every": "1h", "times": 4}},
        "/reminders/times",
        "write at most 3 here; the last repetition comes before the deadline",
    ),
    (
        {"reminders": {"every": "4h", "times": 1}},
        "/reminders/every",
        "write a shorter time here; a repetition comes before the deadline",
    ),
    (
        {"escalations": escalations(("1h", "10m", 11))},
        "/escalations/0/repeat/times",
        "write a whole number from 1 to 10 here, not 11",
    ),
    (
        {"escalations": escalations(("1h", "1h", 3))},
        "/escalations/0/repeat/times",
        "write at most 2 here; the last repetition comes before the deadline",
    ),
    (
        {"escalations": [*escalations(("1h", "30m", 2)), {"after": "2h", "add": MANAGERS}]},
        "/escalations/0/repeat/times",
        "write at most 1 here; the last repetition comes before the next escalation",
    ),
    (
        {"escalations": [*escalations(("1h", "1h", 1)), {"after": "2h", "add": MANAGERS}]},
        "/escalations/0/repeat/every",
        "write a shorter time here; a repetition comes before the next escalation",
    ),
    (
        {"escalations": [{"after": "1h", "add": MANAGERS, "repeat": 3}]},
        "/escalations/0/repeat",
        "write keys and values here, not 3",
    ),
    (
        {"escalations": [{"after": "1h", "add": MANAGERS, "hand_over": "yes"}]},
        "/escalations/0/hand_over",
        "write true or false here, not yes",
    ),
]


@pytest.mark.parametrize(("keys", "pointer", "message"), BAD)
def test_a_mistake_is_named_where_it_stands(
    keys: dict[str, Any], pointer: str, message: str
) -> None:
    with pytest.raises(PolicyInvalid) as refused:
        parse_policy(with_stage(**keys))

    assert [(each.pointer, each.message) for each in refused.value.problems] == [
        (STAGE + pointer, message)
    ]
