"""Calls of models: opened before anything is sent on (`gateway_closing` closes them).

A call is opened in one transaction: switch, delegation, price, guardrails, reach and budgets are
asked in this order, and the first that refuses is in the record in words. Nothing of what is said
to a model or by it is kept; digests are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db import transaction

from approvals.audit_events import model_calls as events
from approvals.digests import canonical_json
from approvals.enums import ModelCallStatus
from approvals.gateway.asked import Asked, Kind, NotAccepted, read_asked, to_send
from approvals.gateway.faults import Fault
from approvals.gateway.prices import Price, cost_of, price_of
from approvals.gateway.tokens import Usage, estimate
from approvals.guardrails import GuardrailFinding, RuleSet
from approvals.models import ModelCall
from approvals.selectors.guardrails import live_rules
from approvals.selectors.model_calls import list_prices, only_model_integration
from approvals.services.gateway_closing import MOST_WORDS
from approvals.services.gateway_delegation import (
    Under,
    hold_for,
    reserve_in_chain,
    why_not_spent,
    why_not_under,
)
from approvals.services.gateway_findings import Held, Shown, guard_asked, note_findings
from approvals.services.gateway_spend import reserve_call
from approvals.services.gateway_steps import find_run
from govapp.common import clock
from govapp.common.errors import Conflict, Forbidden, Unavailable
from tenants.models import Agent
from tenants.selectors.kill import killed_for
from tenants.services.vault import ModelAccess, model_key_for

_NO_RUN: Final = (
    "There is no such run of this agent that is open: begin one, or leave Govapp-Run out."
)
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
    delegation_id: UUID | None = None
    delegation_path: str = ""


def open_call(
    *,
    agent: Agent,
    credential_id: UUID,
    kind: Kind,
    body: Mapping[str, Any],
    integration: str = "",
    run: str = "",
    delegation_id: UUID | None = None,
) -> Ticket | Fault:
    """Return what the call is carried out with, or why it is not. The transaction is the caller's.

    `delegation_id` is what the agent's token is bound to. A refusal is returned rather than
    raised, so that its place in the record is not undone.
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
    under = hold_for(call, delegation_id)
    found = under if isinstance(under, Held) else _opened(call, asked, slug, under)
    if isinstance(found, Held):
        return _refused(call, found)
    call.save(force_insert=True)
    return found


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


def _opened(call: ModelCall, asked: Asked, slug: str, under: Under | None) -> Ticket | Held:
    path = under.path if under else ""
    if killed := killed_for(call.agent_id, asked.category, slug, path):
        return Held("killed", killed)
    if held := why_not_under(call, under):
        return held
    price = price_of(asked.model, list_prices())
    if price is None:
        said = (
            f"The model {asked.model} has no price here, so that nobody may call it: compliance"
            " or an owner sets one, which may be 0."
        )
        return Held("model_unpriced", said)
    shown = guard_asked(asked, live_rules())
    if isinstance(shown, Held):
        return shown
    access = _access(call, asked, slug)
    if isinstance(access, Held):
        return access
    sent = to_send(asked, shown.body, most_output=price.most_output)
    expected = _expected(asked, sent, price)
    cost = cost_of(expected, price)
    held = why_not_spent(call, under, cost, price.currency) or reserve_call(
        call, expected, cost, price.currency
    )
    if held is not None:
        return replace(held, findings=shown.findings)
    _note_terms(call, price, expected, shown.findings)
    reserve_in_chain(call, under)
    return _ticket(call, asked, access, shown, sent, expected)


def _access(call: ModelCall, asked: Asked, slug: str) -> ModelAccess | Held:
    try:
        with transaction.atomic():
            return model_key_for(
                agent_id=call.agent_id, integration_slug=slug, category=asked.category
            )
    except (Forbidden, Conflict, Unavailable) as refused:
        return Held(refused.code, refused.detail, 503 if isinstance(refused, Unavailable) else 403)


def _ticket(
    call: ModelCall,
    asked: Asked,
    access: ModelAccess,
    shown: Shown,
    sent: Mapping[str, Any],
    expected: Usage,
) -> Ticket:
    delegation = call.delegation
    return Ticket(
        tenant_id=call.agent.tenant_id,
        call_id=call.pk,
        agent_id=call.agent_id,
        credential_id=call.credential_id,
        asked=asked,
        integration=call.integration,
        url=access.base_url + _PATHS[asked.kind],
        keys=tuple(filter(None, (access.key, access.previous_key))),
        body=msgspec.json.encode(sent),
        rules=shown.rules,
        held=expected,
        delegation_id=delegation.pk if delegation else None,
        delegation_path=delegation.path if delegation else "",
    )


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
    note_findings(call, findings)


def _refused(call: ModelCall, held: Held) -> Fault:
    call.status, call.ended_at = ModelCallStatus.REFUSED, call.started_at
    call.code, call.sentence = held.code, held.sentence[:MOST_WORDS]
    note_findings(call, held.findings)
    call.save(force_insert=True)
    events.model_refused(call=call)
    return Fault(held.status, held.code, held.sentence)
