"""What switches cover and say, without a database."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from tenants.killing import Act, Thrown, killing, read_thrown, stopping

AGENT, OTHER = UUID(int=1), UUID(int=2)
NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ACT = Act(AGENT, "payments.transfer", "bank", "/dg_a/dg_b/")


def thrown(scope: str = "tenant", ref: str = "", **fields: object) -> Thrown:
    values: dict[str, object] = {"name": ref, "agent_id": None, "thrown_at": NOON} | fields
    return Thrown(scope=scope, ref=ref, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("switch", "what"),
    [
        (thrown(), "everything in this account"),
        (thrown("agent", "ag_1", name="payer"), "the agent payer"),
        (thrown("integration", "bank"), "the integration bank"),
        (thrown("category", "payments.transfer"), "the category payments.transfer"),
        (thrown("category", "payments.*"), "every category under payments"),
        (thrown("delegation", "dg_a"), "the delegation dg_a and everything under it"),
        (
            thrown("delegation", "dg_a", name="buyer to clerk"),
            "the delegation buyer to clerk and everything under it",
        ),
    ],
)
def test_it_says_what_it_stops(switch: Thrown, what: str) -> None:
    assert switch.what == what
    assert switch.sentence == (
        f"The kill switch for {what} was thrown on 5 March 2026 12:00 UTC: nothing of it is"
        " accepted until a second person resumes it."
    )


@pytest.mark.parametrize(
    ("switch", "covers"),
    [
        (thrown(), True),
        (thrown("agent", "ag_1", agent_id=AGENT), True),
        (thrown("agent", "ag_2", agent_id=OTHER), False),
        (thrown("integration", "bank"), True),
        (thrown("integration", "other"), False),
        (thrown("category", "payments.*"), True),
        (thrown("category", "pay.*"), False),
        (thrown("delegation", "dg_a"), True),
        (thrown("delegation", "dg_b"), True),
        (thrown("delegation", "dg_c"), False),
        (thrown("something new"), True),
    ],
)
def test_it_stops_what_it_covers(switch: Thrown, covers: bool) -> None:
    assert switch.covers(ACT) is covers
    assert (stopping([switch], ACT) is not None) is covers


def test_no_integration_is_no_integration() -> None:
    assert not thrown("integration", "").covers(Act(AGENT))


def test_what_was_resumed_stops_nothing_and_its_permissions_stay_dead() -> None:
    over = thrown(resumed_at=NOON + HOUR)
    assert stopping([over], ACT) is None
    assert killing([over], ACT, NOON - HOUR) is over
    assert killing([over], ACT, NOON + HOUR) is None
    still = thrown("category", "payments.*", thrown_at=NOON + 2 * HOUR)
    assert killing([over, still], ACT, NOON + HOUR) is still
    assert killing([over, still], Act(AGENT, "mails.send"), NOON + HOUR) is None


def test_the_widest_comes_first() -> None:
    rows = [
        {
            "scope": scope, "ref": "x", "name": "x", "agent_id": agent,
            "thrown_at": f"2026-03-05T12:00:0{number}+00:00", "resumed_at": None,
        }
        for number, (scope, agent) in enumerate(
            [("category", None), ("agent", str(AGENT)), ("tenant", None)]
        )
    ]  # fmt: skip
    assert [each.scope for each in read_thrown(rows)] == ["tenant", "agent", "category"]
    assert read_thrown(None) == ()
