"""What holds a submission: which refusals say something of the thing, and what is kept."""

import pytest

from approvals.leash import NOTHING_HELD, PASSING, Demand, Held, Refusal, counts_as_try


@pytest.mark.parametrize(
    ("refused", "is_try"),
    [
        ([], True),  # by a rule
        *((["integration_not_granted", each], True) for each in sorted(PASSING)),
        *(([each], False) for each in sorted(PASSING)),
        (["killed", "throttled"], False),
        (["budget_exceeded"], True),
        (["guardrail_refused"], True),
        (["recommend_only"], True),
        (["retries_exhausted"], False),
        (["category_unknown", "retries_exhausted"], False),
    ],
)
def test_what_counts_as_a_try(refused: list[str], is_try: bool) -> None:
    assert counts_as_try([Refusal(code, "No.") for code in refused]) == is_try


HELD = Held(
    (Refusal("killed", "Stopped."),),
    (Demand("budget_ask", "Too much."),),
    ("Nearly used up.",),
    ("It acts on its own.",),
)


def test_what_other_rules_would_meet_as_well_is_kept() -> None:
    record = HELD.to_record()
    assert record == {
        "refusals": [{"code": "killed", "sentence": "Stopped."}],
        "demands": [{"code": "budget_ask", "sentence": "Too much."}],
        "answers": ["It acts on its own."],
    }
    assert Held.from_record(record) == Held(HELD.refusals, HELD.demands, answers=HELD.answers)
    assert (Held(warnings=("x",)).to_record(), Held.from_record({})) == ({}, Held())


@pytest.mark.parametrize(
    "record", [[], {"refusals": [1]}, {"demands": [{"code": "x"}]}, {"answers": 1}]
)
def test_what_is_no_record_is_refused(record: object) -> None:
    with pytest.raises(ValueError, match="not a record"):
        Held.from_record(record)  # type: ignore[arg-type]


def test_what_is_no_part_of_what_held_it_is_not_read_from_a_trace() -> None:
    """An agent that was paused, and rules that nobody had written, hold nothing under others."""
    trace = {
        "outcome": "deny",
        "refusals": [
            {"code": "no_policy", "sentence": "There is no live policy."},
            {"code": "agent_not_active", "sentence": "The agent payer is paused."},
            "In a sentence alone, as it was once kept",
            {"code": "category_not_granted", "sentence": "Not granted.", "until": "2026-01-01"},
        ],
    }
    assert Held.from_trace(trace) == Held((Refusal("category_not_granted", "Not granted."),))
    assert Held.from_trace({"refusals": None}) == NOTHING_HELD
