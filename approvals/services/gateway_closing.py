"""Closing calls of models: what they used is booked, recorded, and a step of their run."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from approvals.audit_events import model_calls as events
from approvals.enums import ModelCallStatus
from approvals.gateway.faults import Fault
from approvals.gateway.prices import Price, cost_of
from approvals.gateway.tokens import Usage
from approvals.guardrails import GuardrailFinding
from approvals.models import ModelCall
from approvals.services.gateway_delegation import settle_in_chain
from approvals.services.gateway_findings import note_findings
from approvals.services.gateway_spend import give_back, settle_call
from approvals.services.gateway_steps import note_step
from govapp.common import clock
from govapp.common.alone import tried
from govapp.common.tenancy import tenant_transaction
from govapp.common.unavailable import drop_lost_connections, is_away
from tenants.doors import all_tenants

log = structlog.get_logger(__name__)

# A call that could not be booked while the database was away is left open as well.
_LOST: Final = "Nobody booked how it ended: its process ended, or the database was away."
_FAILED: Final = "model_call.lost_failed"

LONGEST: Final = timedelta(minutes=10)
"""After this a call is ended; one that nobody ended then was lost."""
MOST_WORDS: Final = 1_000  # characters of why it was no answer
_LOST_AFTER: Final = LONGEST + timedelta(minutes=2)
_MOST_LOST: Final = 500  # of a tenant, in one go


@dataclass(frozen=True)
class Outcome:
    """How a call ended. `usage` is None where nothing was used."""

    status: ModelCallStatus
    usage: Usage | None
    fault: Fault | None = None
    findings: tuple[GuardrailFinding, ...] = ()
    digest: str = ""


def close_call(*, tenant_id: UUID, call_id: UUID, outcome: Outcome) -> None:
    """Book what a call used, record it, and make it a step of its run. Once; later ones do nothing.

    A call that ended before the model said anything costs nothing and gives back what was held.
    A transaction that the database ended (a deadlock, a lost connection) is tried once more.
    """
    try:
        _close_open(tenant_id, call_id, outcome)
    except Exception as error:
        if not is_away(error):
            raise
        log.warning("model_call.closed_again", error=type(error).__name__)
        drop_lost_connections()
        _close_open(tenant_id, call_id, outcome)


def close_lost_calls() -> int:
    """End, in every tenant, calls that nobody ended; return how many.

    What they used is not known. They are booked as if all had come that was asked for.
    """
    closed = 0
    for row in all_tenants.call():
        tenant_id = row["tenant_id"]
        # One that fails keeps neither the tenant's other calls nor the other tenants waiting.
        for call_id in tried(_FAILED, _lost_calls, tenant_id=tenant_id) or ():
            closed += tried(_FAILED, _close_lost, tenant_id=tenant_id, call_id=call_id) or 0
    return closed


def _lost_calls(tenant_id: UUID) -> list[UUID]:
    with tenant_transaction(tenant_id):
        lost = ModelCall.objects.filter(
            status=ModelCallStatus.OPEN, started_at__lt=clock.now() - _LOST_AFTER
        )
        return list(lost.order_by("started_at", "pk").values_list("pk", flat=True)[:_MOST_LOST])


def _close_lost(tenant_id: UUID, call_id: UUID) -> int:
    """Book one call, in a transaction of its own: none holds the budgets of several at once."""
    with tenant_transaction(tenant_id):
        rows = ModelCall.objects.filter(pk=call_id, status=ModelCallStatus.OPEN)
        rows = rows.select_for_update(of=("self",), skip_locked=True)
        call = rows.select_related("agent", "delegation").first()
        if call is None:
            return 0
        usage = Usage(call.asked_tokens, call.answered_tokens, is_estimated=True)
        fault = Fault(500, "lost", _LOST)
        _close(call, Outcome(ModelCallStatus.LOST, usage, fault))
    return 1


def _close_open(tenant_id: UUID, call_id: UUID, outcome: Outcome) -> None:
    with tenant_transaction(tenant_id):
        rows = ModelCall.objects.select_for_update(of=("self",)).select_related(
            "agent", "delegation"
        )
        call = rows.get(pk=call_id)
        if call.status == ModelCallStatus.OPEN:
            _close(call, outcome)


def _close(call: ModelCall, outcome: Outcome) -> None:
    usage = outcome.usage or Usage(0, 0)
    price = Price("", call.currency, call.price_asked, call.price_answered)
    call.status, call.ended_at = outcome.status, clock.now()
    call.asked_tokens, call.answered_tokens = usage.asked, usage.answered
    call.is_estimated, call.cost = usage.is_estimated, cost_of(usage, price)
    call.answer_digest = outcome.digest
    if outcome.fault is not None:
        call.code, call.sentence = outcome.fault.code, outcome.fault.sentence[:MOST_WORDS]
    note_findings(call, outcome.findings)
    call.save()
    # The run before the budgets, as a submission takes them: else each could wait for the other.
    note_step(call)
    settle_in_chain(call)
    if outcome.usage is None:
        give_back(call)
    else:
        settle_call(call, is_known=outcome.status != ModelCallStatus.LOST)
    events.model_called(call=call)
