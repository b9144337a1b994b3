"""Calls of models: opened before anything is sent on, closed with what they used.

A call is opened in one transaction: switch, price, reach, guardrails and budget are asked in this
order, and the first that refuses is in the record in words. Nothing of what is said to a model or
by it is kept; digests are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from hashlib import sha256
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec
import structlog
from django.db import OperationalError, transaction

from approvals.audit_events import model_calls as events
from approvals.digests import canonical_json
from approvals.enums import ModelCallStatus
from approvals.gateway.asked import Asked, Kind, NotAccepted, read_asked, to_send
from approvals.gateway.faults import Fault
from approvals.gateway.prices import Price, cost_of, price_of
from approvals.gateway.tokens import Usage, estimate
from approvals.guarding import UNUSABLE
from approvals.guardrails import GuardrailFinding, RuleSet, cleaned, scan, weigh
from approvals.models import ModelCall
from approvals.selectors.guardrails import live_rules
from approvals.selectors.model_calls import list_prices, only_model_integration
from approvals.services.gateway_spend import give_back, reserve_call, settle_call
from approvals.services.gateway_steps import find_run, note_step
from govapp.common import clock
from govapp.common.errors import Conflict, Forbidden, Unavailable
from govapp.common.tenancy import tenant_transaction
from tenants.doors import all_tenants
from tenants.models import Agent
from tenants.selectors.kill import killed_for
from tenants.services.vault import model_key_for

log = structlog.get_logger(__name__)

LONGEST: Final = timedelta(minutes=10)
"""After this a call is ended; one that nobody ended then was lost."""
_LOST_AFTER: Final = LONGEST + timedelta(minutes=2)
_FINDINGS_KEPT: Final = 50
_SENTENCE: Final = 1_000
_NO_RUN: Final = (
    "There is no such run of this agent that is open: begin one, or leave Govapp-Run out."
)
_MOST_LOST: Final = 500  # of a tenant, in one go
_T = TypeVar("_T")
_PATHS: Final = {"chat": "/chat/completions", "embeddings": "/embeddings"}


@dataclass(frozen=True, repr=False)
class Ticket:
    """All that carrying out a call needs. Never printed, logged or kept: the key is in it."""

    tenant_id: UUID
    call_id: UUID
    agent_id: UUID
    credential_id: UUID
    asked: Asked
    integration: str
    url: str
    keys: tuple[str, ...]
    body: bytes
    rules: RuleSet
    held: Usage  # the most that it is expected to use


@dataclass(frozen=True)
class Outcome:
    """How a call ended. `usage` is None where nothing was used."""

    status: ModelCallStatus
    usage: Usage | None
    fault: Fault | None = None
    findings: tuple[GuardrailFinding, ...] = ()
    digest: str = ""


@dataclass(frozen=True)
class _Held:
    """What refuses a call: a code and a sentence, and what was found."""

    code: str
    sentence: str
    status: int = 403
    findings: tuple[GuardrailFinding, ...] = field(default=())


def open_call(
    *,
    agent: Agent,
    credential_id: UUID,
    kind: Kind,
    body: Mapping[str, Any],
    integration: str = "",
    run: str = "",
) -> Ticket | Fault:
    """Return what the call is carried out with, or why it is not. The transaction is the caller's.

    A refusal is returned rather than raised, so that its place in the record is not undone.
    """
    try:
        asked = read_asked(kind, body)
    except NotAccepted as refused:
        return Fault(400, "invalid_request", refused.sentence, refused.param)
    slug = integration or only_model_integration()
    if slug is None:
        said = (
            "Name the integration in the header Govapp-Integration: of the kind of a model provider"
            " there is none here, or more than one."
        )
        return Fault(400, "integration_missing", said)
    if run and find_run(agent, run) is None:
        return Fault(404, "run_unknown", _NO_RUN)
    call = _call(agent, credential_id, asked, slug, run)
    found = _opened(call, asked, slug)
    if isinstance(found, _Held):
        return _refused(call, found)
    call.save(force_insert=True)
    return found


def close_call(*, tenant_id: UUID, call_id: UUID, outcome: Outcome) -> None:
    """Book what a call used, record it, and make it a step of its run. Once; later ones do nothing.

    A call that ended before the model said anything costs nothing and gives back what was held.
    A transaction that the database ended (a deadlock, a lost connection) is tried once more.
    """
    try:
        _close_open(tenant_id, call_id, outcome)
    except OperationalError as error:
        log.warning("model_call.closed_again", error=type(error).__name__)
        _close_open(tenant_id, call_id, outcome)


def close_lost_calls() -> int:
    """End, in every tenant, calls that nobody ended; return how many.

    What they used is not known. They are booked as if all had come that was asked for.
    """
    closed = 0
    for row in all_tenants.call():
        tenant_id = row["tenant_id"]
        # One that fails keeps neither the tenant's other calls nor the other tenants waiting.
        for call_id in _tried(tenant_id, partial(_lost_calls, tenant_id)) or ():
            closed += _tried(tenant_id, partial(_close_lost, tenant_id, call_id)) or 0
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
        call = rows.select_related("agent").first()
        if call is None:
            return 0
        usage = Usage(call.asked_tokens, call.answered_tokens, is_estimated=True)
        fault = Fault(500, "lost", "The process that carried it out ended before the call did.")
        _close(call, Outcome(ModelCallStatus.LOST, usage, fault))
    return 1


def _tried(tenant_id: UUID, work: Callable[[], _T]) -> _T | None:
    try:
        return work()
    except Exception as error:
        kind = type(error).__name__
        log.error("model_call.lost_failed", tenant=str(tenant_id), error=kind)  # noqa: TRY400 - what it said may name somebody
    return None


def _close_open(tenant_id: UUID, call_id: UUID, outcome: Outcome) -> None:
    with tenant_transaction(tenant_id):
        rows = ModelCall.objects.select_for_update(of=("self",)).select_related("agent")
        call = rows.get(pk=call_id)
        if call.status == ModelCallStatus.OPEN:
            _close(call, outcome)


def _call(agent: Agent, credential_id: UUID, asked: Asked, integration: str, run: str) -> ModelCall:
    return ModelCall(
        agent=agent,
        credential_id=credential_id,
        kind=asked.kind,
        model=asked.model,
        integration=integration,
        run_key=run,
        streams=asked.streams,
        request_digest=f"sha256:{sha256(canonical_json(dict(asked.body))).hexdigest()}",
        started_at=clock.now(),
    )


def _opened(call: ModelCall, asked: Asked, slug: str) -> Ticket | _Held:
    agent = call.agent
    if killed := killed_for(agent.pk, asked.category, slug):
        return _Held("killed", killed)
    price = price_of(asked.model, list_prices())
    if price is None:
        said = (
            f"The model {asked.model} has no price here, so that nobody may call it: compliance"
            " or an owner sets one, which may be 0."
        )
        return _Held("model_unpriced", said)
    rules = live_rules()
    guarded = _guarded(asked, rules)
    if isinstance(guarded, _Held) or rules is None:
        return guarded if isinstance(guarded, _Held) else _Held("guardrail_refused", UNUSABLE)
    shown, findings = guarded
    try:
        with transaction.atomic():
            access = model_key_for(
                agent_id=agent.pk, integration_slug=slug, category=asked.category
            )
    except (Forbidden, Conflict, Unavailable) as refused:
        return _Held(refused.code, refused.detail, 503 if isinstance(refused, Unavailable) else 403)
    sent = to_send(asked, shown, most_output=price.most_output)
    expected = _expected(asked, sent, price)
    held = reserve_call(call, expected, cost_of(expected, price), price.currency)
    if held is not None:
        return _Held(*held, findings=findings)
    _note_terms(call, price, expected, findings)
    return Ticket(
        tenant_id=agent.tenant_id,
        call_id=call.pk,
        agent_id=agent.pk,
        credential_id=call.credential_id,
        asked=asked,
        integration=slug,
        url=access.base_url + _PATHS[asked.kind],
        keys=tuple(filter(None, (access.key, access.previous_key))),
        body=msgspec.json.encode(sent),
        rules=rules,
        held=expected,
    )


def _guarded(
    asked: Asked, rules: RuleSet | None
) -> tuple[dict[str, Any], tuple[GuardrailFinding, ...]] | _Held:
    """Return what is asked with what is to be masked masked, or what holds it."""
    if rules is None:
        return _Held("guardrail_refused", UNUSABLE)
    # What is demanded of outputs is no matter of what is asked.
    own = replace(rules, rules=tuple(each for each in rules.rules if each.kind != "output"))
    given = dict(asked.body)
    found = scan(given, own, category=asked.category)
    verdict = weigh(found)
    if verdict.is_refused:
        said = f"The guardrails refuse it: {verdict.sentence}. Leave it out, or ask otherwise."
        return _Held("guardrail_refused", said, findings=found)
    if verdict.needs_person:
        said = (
            f"The guardrails want a person: {verdict.sentence}. Nobody can be asked about a call"
            " of a model: leave it out, or submit it as an action."
        )
        return _Held("guardrail_ask", said, findings=found)
    shown = cleaned(given, own, category=asked.category)
    if not isinstance(shown, dict):
        return _Held("guardrail_refused", "It cannot be masked.", findings=found)
    return shown, found


def _expected(asked: Asked, sent: Mapping[str, Any], price: Price) -> Usage:
    """Return the most that is expected to be used."""
    if asked.kind == "embeddings":
        return Usage(estimate(sent), 0, is_estimated=True)
    each = asked.most_output or price.most_output
    return Usage(estimate(sent), each * asked.choices, is_estimated=True)


def _note_terms(
    call: ModelCall, price: Price, expected: Usage, findings: tuple[GuardrailFinding, ...]
) -> None:
    call.price_asked, call.price_answered = price.asked, price.answered
    call.currency = price.currency
    # What is held, until it is known.
    call.asked_tokens, call.answered_tokens = expected.asked, expected.answered
    call.is_estimated, call.cost = True, cost_of(expected, price)
    _note_findings(call, findings)


def _refused(call: ModelCall, held: _Held) -> Fault:
    call.status, call.ended_at = ModelCallStatus.REFUSED, call.started_at
    call.code, call.sentence = held.code, held.sentence[:_SENTENCE]
    _note_findings(call, held.findings)
    call.save(force_insert=True)
    events.model_refused(call=call)
    return Fault(held.status, held.code, held.sentence)


def _close(call: ModelCall, outcome: Outcome) -> None:
    usage = outcome.usage or Usage(0, 0)
    price = Price("", call.currency, call.price_asked, call.price_answered)
    call.status, call.ended_at = outcome.status, clock.now()
    call.asked_tokens, call.answered_tokens = usage.asked, usage.answered
    call.is_estimated, call.cost = usage.is_estimated, cost_of(usage, price)
    call.answer_digest = outcome.digest
    if outcome.fault is not None:
        call.code, call.sentence = outcome.fault.code, outcome.fault.sentence[:_SENTENCE]
    _note_findings(call, outcome.findings)
    call.save()
    # The run before the budgets, as a submission takes them: else each could wait for the other.
    note_step(call)
    if outcome.usage is None:
        give_back(call)
    else:
        settle_call(call, is_known=outcome.status != ModelCallStatus.LOST)
    events.model_called(call=call)


def _note_findings(call: ModelCall, findings: tuple[GuardrailFinding, ...]) -> None:
    """Keep what was found and where it stood; the words are nowhere."""
    call.masked += sum(each.action == "mask" for each in findings)
    new = [
        {"kind": each.kind, "detector": each.detector, "rule": each.rule, "action": each.action,
         "pointer": each.pointer[:200]}
        for each in findings
    ]  # fmt: skip
    call.findings = [*call.findings, *new][:_FINDINGS_KEPT]
