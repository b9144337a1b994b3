"""What agents of the demo bank do from the submission to the report, without chance."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from approvals.demo.stories import Story
from approvals.models import ActionRequest
from approvals.services.execution import issue_grant, redeem_grant, report_execution
from approvals.services.submission import submit_action
from govapp.common.tenancy import tenant_transaction

if TYPE_CHECKING:
    from approvals.demo.history import Player


def submit(player: Player, story: Story) -> ActionRequest:
    """Submit something, and leave it as it is."""
    with tenant_transaction(player.company.tenant.pk):
        agent = player.company.agents[story.agent]
        return submit_action(agent=agent, submission=story.submission)


def submit_and_do(player: Player, story: Story) -> ActionRequest:
    """Submit something that the rules allow, and do it a moment later."""
    made = submit(player, story)
    player.later(player.at + timedelta(seconds=9), partial(do, player, made))
    return made


def do(player: Player, made: ActionRequest) -> None:
    """Fetch the permission, use it, and say that it went well."""
    agent = player.company.agents[made.agent.name]
    with tenant_transaction(player.company.tenant.pk):
        issued = issue_grant(agent=agent, request_id=made.pk)
    redeem_grant(token=issued.token, redeemed_by=made.integration or "core-banking")
    with tenant_transaction(player.company.tenant.pk):
        report_execution(
            agent=agent,
            request_id=made.pk,
            outcome="succeeded",
            note="Done.",
            cost={"amount": "0.04", "currency": "EUR", "tokens": 4100},
        )
