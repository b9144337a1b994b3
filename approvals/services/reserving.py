"""Reserving what a submission wants, together with judging it: nothing is decided in between."""

from datetime import datetime, timedelta

from approvals.enums import Purpose, RequestStatus
from approvals.facts import Submission
from approvals.holders.budgets import KEY, verdict_of, wanted_of
from approvals.holders.delegation import wanted_money
from approvals.models import ActionRequest
from approvals.services.delegated_spend import reserve_spend
from approvals.services.judging import Judgement, judge_submission
from approvals.services.spending import HELD_FOR
from govapp.common.errors import Conflict
from tenants.budgets import Verdict
from tenants.models import Agent
from tenants.selectors import budgets as tenant_budgets
from tenants.selectors.budgets import Standing, standings_of
from tenants.services import budgets
from tenants.services.budget_notes import note_refused


def judge_and_reserve(
    agent: Agent, submission: Submission, *, holder: str, purpose: Purpose
) -> tuple[Judgement, bool]:
    """Judge a submission, hold what it wants in the budgets, and say whether anything is held.

    How the budgets stand is read without a lock; when others were faster it is judged again by
    what the budgets said under the lock. No statement where no budget is about it, and what is
    blocked or an exercise reserves nothing.
    """
    judged = judge_submission(agent, submission, is_binding=True)
    standings = _standings(judged)
    if not standings or purpose != Purpose.ACTION:
        return judged, False
    wanted = wanted_of(judged.category, submission)
    peeked = verdict_of(judged.known[KEY], judged.now, wanted)
    if judged.status == RequestStatus.BLOCKED:
        note_refused(agent=agent, found=peeked, standings=standings, at=judged.now)
        return judged, False
    found = budgets.reserve(
        agent=agent,
        wanted=wanted,
        holder=holder,
        at=judged.now,
        purpose=purpose_of(agent, submission, judged),
        standings=standings,
        expires_at=holds_until(judged),
    )
    if found.outcome <= peeked.outcome:
        return judged, True
    return _judged_again(agent, submission, found, holder)


def reserve_changed(request: ActionRequest, submission: Submission, judged: Judgement) -> None:
    """Hold what an action wants as it was changed, instead of what it wanted before.

    In the budgets of its chain first, the order in which a submission takes them. An exercise holds
    nothing: nothing is ever done by it. Raises `Conflict` when a budget has no more of it: others
    were faster than who changed it.
    """
    if request.purpose != Purpose.ACTION:
        return
    if request.delegation_id is not None:
        reserve_spend(
            request=request,
            links=judged.chain,
            money=wanted_money(judged.category, submission.payload, submission.estimated_cost),
            expires_at=None,
            again=True,
        )
    if request.has_reservation:
        budgets.release(holder=request.public_id, reason="It was changed.")
    standings = _standings(judged)
    if not standings:
        return
    found = budgets.reserve(
        agent=request.agent,
        wanted=wanted_of(judged.category, submission),
        holder=request.public_id,
        at=judged.now,
        purpose=purpose_of(request.agent, submission, judged),
        standings=standings,
        again=request.has_reservation,
    )
    if found.outcome.is_refusal:
        raise Conflict("As changed, it is more than a budget has left.", code="change_blocked")
    request.has_reservation = True
    request.save(update_fields=["has_reservation"])


def purpose_of(agent: Agent, submission: Submission, judged: Judgement) -> tenant_budgets.Purpose:
    """Return what a submission is for, as budgets tell purposes apart."""
    category = judged.category
    return tenant_budgets.Purpose(
        agent.pk,
        submission.category,
        submission.integration,
        submission.run,
        category.cost_class if category else "",
    )


def _judged_again(
    agent: Agent, submission: Submission, found: Verdict, holder: str
) -> tuple[Judgement, bool]:
    judged = judge_submission(agent, submission, is_binding=True, verdict=found)
    if found.outcome.is_refusal:
        return judged, False
    if judged.status == RequestStatus.BLOCKED:
        budgets.release(holder=holder, reason=judged.because)
        return judged, False
    budgets.hold_until(holder=holder, expires_at=holds_until(judged))
    return judged, True


def _standings(judged: Judgement) -> tuple[Standing, ...]:
    return standings_of(judged.known.get(KEY), judged.now)


def holds_until(judged: Judgement) -> datetime | None:
    """Return when what is held is given back by itself; None while people decide."""
    if judged.status == RequestStatus.PENDING:
        return None
    delay = judged.evaluation.obligations.delay
    return judged.now + HELD_FOR + (delay or timedelta())
