"""How a request begins and ends, as the record keeps it: one typed function per event.

Each event stands alone: names, ids, versions, digests and reasons are in it, because reports and
explanations are made from the record and nothing else (design: architecture page).
"""

from datetime import datetime
from typing import Any, Final

from approvals.audit_events.about import entry_about, moment, noun_of, record_about
from approvals.audit_events.configuration import schema_text
from approvals.audit_events.judged import (
    guardrails_of,
    held_of,
    policy_of,
    rules_of,
    unmet_of,
)
from approvals.audit_events.runs import record_in_run
from approvals.audit_events.wording import content, told, words
from approvals.digests import canonical_json
from approvals.enums import Purpose, RequestStatus
from approvals.models import ActionRequest
from approvals.selectors.runs import sources_of
from audit.actors import Actor
from audit.services import record_many
from govapp.common.ids import public_id

_ENDED: Final[dict[str, str]] = {
    RequestStatus.ALLOWED: "was allowed by rule",
    RequestStatus.BLOCKED: "was blocked",
    RequestStatus.APPROVED: "was approved",
    RequestStatus.DENIED: "was denied",
    RequestStatus.RETURNED: "was sent back",
    RequestStatus.EXPIRED: "expired",
    RequestStatus.CANCELLED: "was cancelled",
}
_ASKED: Final[dict[str, str]] = {
    Purpose.ACTION: "",
    Purpose.DRILL: "Drill, in the name of an agent: ",
    Purpose.CANARY: "Canary, in the name of an agent: ",
}


def record_submitted(*, request: ActionRequest, actor: Actor, now: datetime) -> None:
    """The agent asked. The caller holds the lock of the run that it belongs to, if any."""
    entry = entry_about(
        f"{noun_of(request)}.submitted",
        request,
        actor,
        now,
        f"{_ASKED[request.purpose]}{request.agent.name} asked for {request.category_key}:"
        f" {request.summary}",
        {
            "category": request.category_key,
            **_category(request),
            "agent": {"id": request.agent.public_id, "name": request.agent.name},
            "summary": content(request.summary, request),
            "reason": content(request.reason, request),
            "sources": content(schema_text(request.sources), request),
            "estimated_cost": schema_text(request.estimated_cost),
            "supersedes": _supersedes(request),
            "environment": request.environment,
            "unmet": unmet_of(request),
            "integration": request.integration,
            "run": request.run_key,
            "obligations": request.obligations,
            "on_behalf_of": content(request.on_behalf_of, request),
            "confidence": None if request.confidence is None else str(request.confidence),
            "payload": content(canonical_json(request.payload).decode(), request),
            "payload_digest": request.payload_digest,
            "policy": policy_of(request),
            "rules": rules_of(request),
            "because": content(request.because, request),
            **guardrails_of(request),
            **held_of(request, "demands"),
            **_lineage(request),
            **({"undoes": public_id("ar", request.undoes_id)} if request.undoes_id else {}),
        },
    )
    if request.run is None:
        record_many([entry])
    else:
        record_in_run(request.run, entry)


def record_decided(*, request: ActionRequest, actor: Actor, now: datetime) -> None:
    """The request ended, in whichever way."""
    why = f": {words(request.decision_reason)}" if request.decision_reason else ""
    by = "" if actor.kind == "system" else f" by {actor.name}"
    record_about(
        f"{noun_of(request)}.{request.status}",
        request,
        actor,
        now,
        f"“{request.summary}” {_ENDED[request.status]}{by}{why}",
        {
            "status": request.status,
            "version": request.version,
            "reason": told(request.decision_reason, actor, request),
            "payload_digest": request.payload_digest,
            "category": request.category_key,
            "agent": {"id": request.agent.public_id, "name": request.agent.name},
            "policy": policy_of(request),
            "submitted_at": moment(request.submitted_at),
            **(held_of(request, "refusals") if request.status == RequestStatus.BLOCKED else {}),
        },
    )


def _category(request: ActionRequest) -> dict[str, Any]:
    """What the category said at that moment; it may be redefined."""
    category = request.category
    if category is None:
        return {"category_name": None, "risk": None, "is_reversible": None}
    return {
        "category_name": category.name,
        "risk": category.risk,
        "is_reversible": category.is_reversible,
    }


def _supersedes(request: ActionRequest) -> str | None:
    return public_id("ar", request.supersedes_id) if request.supersedes_id else None


def _lineage(request: ActionRequest) -> dict[str, Any]:
    """What flowed into it from its run: labels, and the sources by the steps that read them."""
    if request.run is None:
        return {}
    step = request.step
    found = [{"step": number, **source} for number, source in sources_of(request.run, step)]
    return {
        "lineage": {
            "step": step.public_id if step else None,
            "labels": step.carried if step else request.run.labels,
            "sources": content(schema_text(found), request),
        }
    }
