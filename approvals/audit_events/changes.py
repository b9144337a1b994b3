"""An action that was changed while it was approved, and votes that fell away or were taken back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from approvals.audit_events.about import record_about
from approvals.audit_events.judged import (
    guardrails_of,
    held_of,
    policy_of,
    rules_of,
    unmet_of,
)
from approvals.audit_events.wording import content, told, words
from approvals.changing import FieldChange
from approvals.digests import canonical_json
from approvals.enums import VoidedBecause
from approvals.models import ActionRequest, RequestRevision, Vote
from tenants.audit_events.words import name_of
from tenants.models import Membership


def record_changed(
    *,
    request: ActionRequest,
    member: Membership,
    former: RequestRevision,
    changes: Sequence[FieldChange],
    outcome: str,
    now: datetime,
) -> None:
    """An approver changed the action; `outcome` is what the rules that are live say of it."""
    said = "; ".join(
        f"{each.field} from {_text(each.before)} to {_text(each.after)}" for each in changes
    )
    record_about(
        "action_request.changed",
        request,
        member.as_actor(),
        now,
        f"{member.user.name} changed “{former.summary}” while approving it: {words(said)}",
        {
            "changes": [
                {
                    "field": each.field,
                    "before": content(_text(each.before), request),
                    "after": content(_text(each.after), request),
                }
                for each in changes
            ],
            "summary": content(request.summary, request),
            "former_summary": content(former.summary, request),
            "payload": content(canonical_json(request.payload).decode(), request),
            "payload_digest": request.payload_digest,
            "former_digest": former.payload_digest,
            "version": request.version,
            "policy": policy_of(request),
            "unmet": unmet_of(request),
            "outcome": outcome,
            "obligations": request.obligations,
            "rules": rules_of(request),
            **guardrails_of(request),
            **held_of(request, "demands"),
            "because": content(request.because, request),
        },
    )


def record_vote_voided(*, vote: Vote, actor: Membership, reason: str, now: datetime) -> None:
    """A vote does not count any more; it stays as a record."""
    request, because = vote.request, VoidedBecause(vote.voided_because)
    if because == VoidedBecause.WITHDRAWN:
        kind, sentence = "vote.withdrawn", f"{vote.member.user.name} took back their approval of"
    else:
        kind, sentence = "vote.voided", f"The vote of {vote.member.user.name} no longer counts for"
    why = f": {words(reason)}" if reason else ""
    record_about(
        kind,
        request,
        actor.as_actor(),
        now,
        f"{sentence} “{request.summary}”{why}",
        {
            "member": vote.member.public_id,
            "verdict": vote.verdict,
            "reason": told(reason, actor.as_actor(), request),
            "voided_because": because.value,
            "payload_digest": vote.payload_digest,
            "request_version": vote.request_version,
        },
        name_of(vote.member),
    )


def _text(value: Any) -> str:
    """A value as it is bound: numbers stay what they are, text has its quotes."""
    return canonical_json(value).decode()
