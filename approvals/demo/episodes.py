"""What happened on the demo bank's leash: refusals, a kill switch, a task handed on, an undo.

Played into the history like everything else, through the services and at the clock of the day.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from approvals.demo import leash, refusals, tasks
from approvals.demo.budgets import spend_nearly_all
from approvals.demo.doing import do, submit, submit_and_do
from approvals.demo.stories import Story
from approvals.demo.systems import BANK, ISSUER, REGISTER
from approvals.enums import Verdict
from approvals.models import ActionRequest
from approvals.selectors.reach_use import count_uses
from approvals.services.delegations import Handed, Wish, create_delegation, revoke_delegation
from approvals.services.submission import Submission
from approvals.services.undoing import request_undo
from approvals.services.votes import cast_vote
from govapp.common.tenancy import tenant_transaction
from tenants.models import Credential, Integration, KillSwitch
from tenants.services import kill
from tenants.services.integration_use import hour_of, keep_use
from tenants.services.integrations import suspend_integration

if TYPE_CHECKING:
    from approvals.demo.history import Player

_DAY: Final = timedelta(days=1)


def plan_episodes(player: Player, start: datetime) -> None:
    """Put into the history that begins at `start` what it has room for."""
    now, company = player.real_now, player.company
    for before, action in (
        (timedelta(days=13, hours=4), partial(leash.write_guardrails, company)),
        (timedelta(days=10), partial(leash.assess_everybody, company)),
        (timedelta(days=7, hours=3), partial(leash.raise_who_earned_it, company)),
        (timedelta(days=6, hours=3), partial(_stop_partners, player)),
        (timedelta(days=5, hours=2), partial(_drill, player)),
        (timedelta(days=5), partial(_hand_on, player)),
        (timedelta(days=4, hours=6), partial(_suspend_the_issuer, player)),
        (timedelta(days=2, hours=5), partial(leash.ask_for_more, company)),
        (timedelta(days=2), partial(tasks.pay_what_is_due, player)),
        (timedelta(hours=30), partial(_label, player)),
        (timedelta(hours=3), partial(submit_and_do, player, refusals.PROMISE)),
        (timedelta(minutes=52), partial(tasks.ask_the_model, player)),
        (timedelta(minutes=36), partial(tasks.answer_a_complaint, player)),
        (timedelta(minutes=25), partial(submit, player, refusals.MASKED)),
        (timedelta(minutes=3), partial(leash.assess_everybody, company)),
        # At the very end: in whichever hour, day or week somebody looks in.
        (timedelta(0), partial(spend_nearly_all, company)),
    ):
        if now - before > start:
            player.later(now - before, action)
    for number, story in enumerate(refusals.REFUSED.values()):
        moment = now - timedelta(hours=7) + number * timedelta(minutes=21)
        if moment > start:
            player.later(moment, partial(submit, player, story))
    moment = start + _DAY
    while moment < now:
        player.later(moment, partial(_count_uses, player))
        moment += _DAY


def hand(player: Player, giver: str, taker: str, under: str = "", **wish: Any) -> Handed:
    """Let one agent hand part of what it has on to another."""
    agents = player.company.agents
    with tenant_transaction(player.company.tenant.pk):
        key = Credential.objects.get(agent=agents[giver], revoked_at=None)
        return create_delegation(
            actor=agents[giver],
            credential_id=key.pk,
            wish=Wish(agents[taker].pk, **wish),
            under=under,
        )


def _count_uses(player: Player) -> None:
    """Count how the systems were used, as the watch does."""
    with tenant_transaction(player.company.tenant.pk):
        keep_use(count_uses(hour_of(player.at - _DAY)), now=player.at)


def _stop_partners(player: Player) -> None:
    """Carl stops all calls to partners; one is refused; Olivia lets them go on."""
    with tenant_transaction(player.company.tenant.pk):
        switch = kill.throw(
            actor=player.company.members["carl"],
            scope="category",
            ref="partner.*",
            reason="The card issuer reports a leak of its own: nothing goes there until then",
        )
    player.later(player.at + timedelta(minutes=11), partial(submit, player, refusals.KILLED))
    player.later(player.at + timedelta(minutes=95), partial(_let_go_on, player, switch))


def _let_go_on(player: Player, switch: KillSwitch) -> None:
    with tenant_transaction(player.company.tenant.pk):
        kill.resume(
            actor=player.company.members["olivia"],
            switch=switch,
            reason="The issuer has shut the leak and given us new addresses",
        )


def _drill(player: Player) -> None:
    company = player.company
    with tenant_transaction(company.tenant.pk):
        kill.drill(
            actor=company.members["petra"],
            scope="agent",
            ref=company.agents["deploy-agent"].public_id,
            reason="The drill of the quarter: how fast is a release agent stopped",
        )


def _suspend_the_issuer(player: Player) -> None:
    with tenant_transaction(player.company.tenant.pk):
        suspend_integration(
            actor=player.company.members["carl"],
            integration=Integration.objects.get(slug=ISSUER),
            reason="The issuer moves to other addresses; until then nothing is sent.",
        )


def _hand_on(player: Player) -> None:
    """A task goes through three hands; the last one is cut off a day later."""
    first = hand(
        player, "support-agent", "records-agent", lifetime=30 * _DAY, depth=2,
        categories=("records.read", "payments.transfer"), integrations=(REGISTER, BANK),
        budget={"EUR": Decimal(50)}, purpose="Complaints that are still open",
    )  # fmt: skip
    second = hand(
        player, "records-agent", "treasury-agent", first.token, depth=1,
        categories=("payments.transfer",), integrations=(BANK,),
        budget={"EUR": Decimal(20)}, purpose="Pay back fees of settled complaints",
    )  # fmt: skip
    third = hand(
        player, "treasury-agent", "ledger-agent", second.token,
        budget={"EUR": Decimal(5)}, purpose="Book and correct them",
    )  # fmt: skip
    player.later(
        player.at + timedelta(minutes=8),
        partial(submit_and_do, player, _fee("treasury-agent", "12.00", second)),
    )
    player.later(player.at + _DAY, partial(_cut, player, third))
    player.later(
        player.at + _DAY + timedelta(minutes=40),
        partial(submit, player, _fee("ledger-agent", "18.00", third)),
    )


def _fee(agent: str, amount: str, handed: Handed) -> Story:
    return Story(
        agent,
        Submission(
            category="payments.transfer",
            summary=f"Pay EUR {amount} back to customer 1187",
            payload=refusals.payment(
                amount, "Customer 1187", "CH5604835012345678009", purpose="refund"
            ),
            reason="The complaint was settled: the fee was charged twice.",
            integration=BANK,
            delegation=handed.token,
            estimated_cost={"amount": "0.04", "currency": "EUR"},
            on_behalf_of="customer 1187",
        ),
    )


def _cut(player: Player, handed: Handed) -> None:
    with tenant_transaction(player.company.tenant.pk):
        revoke_delegation(
            actor=player.company.members["carl"],
            delegation_id=handed.delegation.pk,
            reason="Whoever books a payment does not make it",
        )


def _label(player: Player) -> None:
    """A label is put on by two people's leave, and taken off again the next day."""
    made = submit(player, refusals.LABEL)
    for minutes, first in ((7, "alice"), (12, "bob")):
        moment = player.at + timedelta(minutes=minutes)
        player.later(moment, partial(_agree, player, made, first))
    player.later(player.at + timedelta(minutes=13), partial(do, player, made))
    player.later(player.at + timedelta(hours=5), partial(_take_back, player, made))


def _agree(player: Player, made: ActionRequest, first: str) -> None:
    with tenant_transaction(player.company.tenant.pk):
        request = ActionRequest.objects.get(pk=made.pk)
        cast_vote(
            member=player.company.members[first],
            request_id=request.pk,
            verdict=Verdict.APPROVE,
            payload_digest=request.payload_digest,
            request_version=request.version,
            seconds_viewed=26,
        )


def _take_back(player: Player, made: ActionRequest) -> None:
    with tenant_transaction(player.company.tenant.pk):
        undo = request_undo(
            actor=player.company.members["bob"],
            request_id=made.pk,
            reason="It was customer 3319 who has a business.",
        )
    player.later(player.at + timedelta(seconds=9), partial(do, player, undo))
