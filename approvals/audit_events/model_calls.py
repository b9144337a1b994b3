"""Calls of models and their prices, as the record keeps them: never a word of what was said."""

from collections.abc import Mapping
from typing import Any, Final

from approvals.enums import ModelCallStatus
from approvals.models import ModelCall, ModelPrice
from audit.actors import Subject
from audit.services import record
from tenants.models import Membership

_HOW: Final[Mapping[str, str]] = {
    ModelCallStatus.ANSWERED: "and was answered",
    ModelCallStatus.STOPPED: "and the answer was stopped",
    ModelCallStatus.FAILED: "and it failed",
    ModelCallStatus.LEFT: "and hung up",
    ModelCallStatus.LOST: "and nobody knows how it ended",
}


def model_called(*, call: ModelCall) -> None:
    """A call ended, in whichever way, after it was sent on."""
    used = f"{call.asked_tokens} and {call.answered_tokens} tokens"
    about = "about " if call.is_estimated else ""
    cost = f", {call.plain_cost} {call.currency}" if call.currency else ""
    why = f": {call.sentence}" if call.sentence else ""
    _record(
        "model.called",
        call,
        f"{call.agent.name} called {call.model} through {call.integration}"
        f" {_HOW[call.status]}{why} ({about}{used}{cost})",
        {
            "status": call.status,
            "asked_tokens": call.asked_tokens,
            "answered_tokens": call.answered_tokens,
            "is_estimated": call.is_estimated,
            "cost": str(call.cost),
            "currency": call.currency,
            "masked": call.masked,
            "answer_digest": call.answer_digest,
        },
    )


def model_refused(*, call: ModelCall) -> None:
    """A call was refused before any of it was sent on."""
    summary = f"A call of {call.model} by {call.agent.name} was refused: {call.sentence}"
    _record("model.refused", call, summary, {})


def price_set(*, actor: Membership, price: ModelPrice, former: Mapping[str, str] | None) -> None:
    """Somebody said what a model costs, which lets agents call it."""
    terms = terms_of(price)
    _record_price(
        "model_price.set",
        actor,
        price,
        f"{actor} set the price of {price.pattern} to {terms['asked']} and {terms['answered']}"
        f" {price.currency} for a million tokens asked and answered.",
        {"former": None if former is None else dict(former)},
    )


def price_removed(*, actor: Membership, price: ModelPrice) -> None:
    """Somebody took a price away, and with it the models that only it named."""
    _record_price("model_price.removed", actor, price, f"{actor} removed {price.pattern}.", {})


def terms_of(price: ModelPrice) -> dict[str, str]:
    """Return what a price consists of, for an event."""
    return {
        "currency": price.currency,
        "asked": price.plain_asked,
        "answered": price.plain_answered,
        "most_output": str(price.most_output),
    }


def _record(event_type: str, call: ModelCall, summary: str, data: Mapping[str, Any]) -> None:
    record(
        event_type=event_type,
        actor=call.agent.as_actor(),
        subject=Subject("model_call", call.public_id, call.model),
        summary=summary,
        data={
            "kind": call.kind,
            "model": call.model,
            "integration": call.integration,
            "run": call.run_key,
            "agent": {"id": call.agent.public_id, "name": call.agent.name},
            "streams": call.streams,
            "code": call.code,
            "reason": call.sentence,
            "findings": call.findings,
            "request_digest": call.request_digest,
            **data,
        },
        delegation=call.delegation_chain,
    )


def _record_price(
    event_type: str, actor: Membership, price: ModelPrice, summary: str, data: Mapping[str, Any]
) -> None:
    record(
        event_type=event_type,
        actor=actor.as_actor(),
        subject=Subject("model_price", price.public_id, price.pattern),
        summary=summary,
        data={"pattern": price.pattern, **terms_of(price), **data},
    )
