"""Votes, as the record keeps them: those that count and those that were refused."""

from datetime import datetime
from typing import Final

from approvals.audit_events.about import record_about, type_on
from approvals.audit_events.wording import words
from approvals.enums import Verdict
from approvals.models import ActionRequest, Vote
from tenants.audit_events.words import party, said
from tenants.models import Membership

_VOTED: Final[dict[str, str]] = {
    Verdict.APPROVE: "approved",
    Verdict.DENY: "denied",
    Verdict.RETURN: "sent back",
}


def record_vote_cast(*, vote: Vote, member: Membership) -> None:
    """A person decided, with the rights that they had at that moment."""
    request, absentee = vote.request, vote.stands_for
    why = f": {words(vote.reason)}" if vote.reason else ""
    who = member.user.name + (f", standing in for {absentee.user.name}," if absentee else "")
    record_about(
        type_on(request, "vote.cast"),
        request,
        member.as_actor(),
        vote.cast_at,
        f"{who} {_VOTED[vote.verdict]} “{request.summary}”{why}",
        {
            "verdict": vote.verdict,
            "reason": said(vote.reason, member),
            "rights": vote.right["rights"],
            "seats": vote.right["seats"],
            "channel": vote.channel,
            "payload_digest": vote.payload_digest,
            "request_version": vote.request_version,
            "seconds_viewed": vote.seconds_viewed,
            "second_factor": vote.right.get("second_factor"),
            "stands_for": absentee and party(absentee),
        },
    )


def record_vote_refused(
    *, request: ActionRequest, member: Membership, verdict: str, why: str, now: datetime
) -> None:
    """A vote that does not count, and why."""
    record_about(
        type_on(request, "vote.refused"),
        request,
        member.as_actor(),
        now,
        f"The vote of {member.user.name} on “{request.summary}” was refused: {why}",
        {"verdict": verdict, "why": why, "status": request.status, "version": request.version},
    )
