"""What a thrown switch says of one submission, from what was read for it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from approvals.facts import Submission
from approvals.holders.asked import Asked
from approvals.holders.kill import held
from approvals.leash import Held
from tenants.models import Agent

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
AGENT = Agent(id=UUID(int=1), tenant_id=UUID(int=9), name="payer")


def switch(scope: str, ref: str, *, is_over: bool = False) -> dict[str, Any]:
    return {
        "scope": scope, "ref": ref, "name": ref, "agent_id": None,
        "thrown_at": NOON.isoformat(), "resumed_at": NOON.isoformat() if is_over else None,
    }  # fmt: skip


def asked(**known: Any) -> Asked:
    submission = Submission("payments.transfer", "Pay", {}, integration="bank")
    return Asked(AGENT, submission, None, NOON, known)


@pytest.mark.parametrize("known", [{}, {"kill": []}, {"kill": [switch("category", "mails.*")]}])
def test_nothing_that_is_thrown_holds_nothing(known: dict[str, Any]) -> None:
    assert held(asked(**known)) == Held()


def test_what_was_resumed_holds_nothing() -> None:
    assert held(asked(kill=[switch("tenant", "", is_over=True)])) == Held()


def test_the_widest_says_so_alone() -> None:
    found = held(asked(kill=[switch("integration", "bank"), switch("tenant", "")]))
    assert [each.code for each in found.refusals] == ["killed"]
    assert found.refusals[0].sentence == (
        "The kill switch for everything in this account was thrown on 5 March 2026 12:00 UTC:"
        " nothing of it is accepted until a second person resumes it."
    )
