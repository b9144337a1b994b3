"""Emergencies of the demo bank: one person approved alone, and somebody else looks at it.

The second factor is real: an app is set up for the act and taken off after it, so that the
printed password alone opens every login of the demonstration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)

from approvals.enums import ReviewOutcome
from approvals.models import ActionRequest, BreakGlassReview
from approvals.services.break_glass import break_glass
from approvals.services.reviews import review_break_glass
from approvals.services.submission import Submission, submit_action
from tenants.services.second_factor import CodeProof

if TYPE_CHECKING:
    from approvals.demo.history import Player


def incident(database: str, rows: int) -> Submission:
    """Return what has to be run at once, because payments do not go out."""
    return Submission(
        category="database.query",
        summary=f"Release {rows} payments that are stuck in {database}",
        payload={
            "database": database,
            "statement": "UPDATE transfers\n   SET state = 'retry'\n WHERE state = 'stuck'",
            "estimated_rows": rows,
        },
        reason="The queue stopped after the release; runbook 12 says to retry.",
    )


def approve_alone(player: Player, submission: Submission, first: str) -> ActionRequest:
    """Submit this and let one person break the glass. The caller has bound the bank."""
    agent, member = player.company.agents["deploy-agent"], player.company.members[first]
    request = submit_action(agent=agent, submission=submission)
    secret = generate_totp_secret()
    TOTP.activate(member.user, secret)
    try:
        newest = max(yield_hotp_counters_from_time())
        code = format_hotp_value(hotp_value(secret, newest))
        request = break_glass(
            member=member,
            request_id=request.pk,
            reason="Customers' payments are standing still and the on-call pair is in the air.",
            proof=CodeProof(code),
            payload_digest=request.payload_digest,
            request_version=request.version,
            seconds_viewed=38,
        )
    finally:
        Authenticator.objects.filter(user=member.user).delete()
    player.later(player.at, lambda: player.act(request.pk))
    return request


def look_back(player: Player, request: ActionRequest) -> None:
    """Let compliance say that this was an emergency."""
    review = BreakGlassReview.objects.get(request=request)
    review_break_glass(
        actor=player.company.members["petra"],
        review_id=review.pk,
        outcome=ReviewOutcome.JUSTIFIED,
        remark="Incident 884: 212 payments waited for 40 minutes. The pair was on one flight.",
    )
