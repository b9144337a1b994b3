"""What a thrown switch says of one submission, from what was read for it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from approvals.facts import Submission
from approvals.holders.asked import Asked
from approvals.holders.kill import held
from approvals.killing import act_of, path_of
from approvals.leash import Held
from approvals.models import ActionRequest
from govapp.common.ids import public_id
from tenants.models import Agent

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
AGENT = Agent(id=UUID(int=1), tenant_id=UUID(int=9), name="payer")
FIRST, SECOND = UUID(int=2), UUID(int=3)


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


@pytest.mark.parametrize(
    ("thrown", "is_held"), [(FIRST, True), (SECOND, True), (UUID(int=4), False)]
)
def test_a_link_of_the_chain_holds_what_is_asked_under_it(thrown: UUID, is_held: bool) -> None:
    chain = {"links": [{"id": str(FIRST)}, {"id": str(SECOND)}]}
    found = held(asked(kill=[switch("delegation", public_id("dg", thrown))], delegation=chain))
    assert bool(found.refusals) is is_held


def test_a_request_stands_where_its_chain_does() -> None:
    request = ActionRequest(
        tenant_id=AGENT.tenant_id, agent=AGENT, category_key="payments.transfer", integration="bank"
    )
    assert act_of(request).path == "/"
    vars(request)["delegation_chain"] = [{"id": "dg_a"}, {"id": "dg_b"}]
    assert act_of(request).path == "/dg_a/dg_b/" == path_of(["dg_a", "dg_b"])
