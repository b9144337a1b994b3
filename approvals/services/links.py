"""Links in messages: one person, one request, one payload. Opening one never decides.

The token has 256 bits and is made when the message is sent; only its SHA-256 is stored.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from approvals.audit_events import messages as events
from approvals.doors import review_link_by_token
from approvals.enums import Risk, Verdict, VoteChannel
from approvals.models import ActionRequest, ReviewLink
from approvals.selectors.approvers import standing_of
from approvals.services.locking import ended, lock_request
from approvals.services.step_up import why_login
from approvals.services.votes import cast_vote
from govapp.common import clock
from govapp.common.errors import Conflict, DomainError, Forbidden, NotFound, Stale
from govapp.common.tenancy import tenant_transaction
from tenants.models import Membership, Tenant
from tenants.selectors import member_named

_LONGEST: Final = 200  # characters of a token that are looked at
_AFTER_THE_END: Final = timedelta(days=1)
UNKNOWN: Final = "This link does not exist."
USED: Final = "This link has been used; log in to see the request."
EXPIRED: Final = "This link has expired; log in to see the request."
CHANGED: Final = "The request has changed since this link was sent; log in to see it."
LOG_IN: Final = "Log in to decide."


@dataclass(frozen=True)
class OpenedLink:
    """What a link shows. `may_vote_here` is whether it decides without a login.

    When it is False, `why_not` says why in words; `needs_login` whether a login would help.
    """

    tenant_id: UUID
    tenant_slug: str
    request: ActionRequest
    member: Membership
    link: ReviewLink
    may_vote_here: bool
    needs_login: bool
    why_not: str

    @property
    def is_expired(self) -> bool:
        """Whether it shows nothing about the request any more."""
        return self.why_not == EXPIRED


def make_review_link(*, request: ActionRequest, member: Membership) -> str:
    """Make a link for this person and the payload as it is, and return its address.

    It expires at the request's deadline. The caller sends it and forgets it.
    """
    token = secrets.token_urlsafe(32)
    link = ReviewLink(
        request=request,
        member=member,
        token_hash=_hash(token),
        payload_digest=request.payload_digest,
        expires_at=request.deadline_at or clock.now() + _AFTER_THE_END,
    )
    link.save(force_insert=True)
    events.review_link_made(link=link)
    return f"{settings.BASE_URL}/l/{token}"


def open_link(token: str) -> OpenedLink:
    """Return what the link is about; changes nothing. No tenant may be bound.

    Raises `NotFound` for a token that was never made, and when the account is suspended or the
    person is no active member any more.
    """
    tenant_id, link_id = _find(token)
    with tenant_transaction(tenant_id):
        link = _links().get(pk=link_id)
        tenant = Tenant.objects.get(pk=tenant_id)
        if tenant.is_suspended or not link.member.is_active:
            raise NotFound(UNKNOWN)
        refusal = _refusal(link, link.request, clock.now())
        needs_login = refusal is None and not votes_without_login(tenant, link.request)
        why_not = refusal.detail if refusal else _log_in(link.request) if needs_login else ""
        if refusal is None and not (standing := standing_of(link.request, link.member)).may_vote:
            why_not, needs_login = standing.why, False
        return OpenedLink(
            tenant_id=tenant_id,
            tenant_slug=tenant.slug,
            request=link.request,
            member=link.member,
            link=link,
            may_vote_here=not why_not,
            needs_login=needs_login or isinstance(refusal, Forbidden | Stale),
            why_not=why_not,
        )


def vote_by_link(
    *,
    token: str,
    verdict: Verdict,
    payload_digest: str,
    request_version: int,
    reason: str = "",
    seconds_viewed: int | None = None,
    stands_for: str = "",
) -> ActionRequest:
    """Cast the vote of the link's person, once. Call it outside of a transaction.

    Only where the tenant lets low risk be decided without a login. `stands_for` is the id of the
    member whose word it is, as in `cast_vote`. Raises what `cast_vote` does, `NotFound`, and
    `Forbidden` for a link that was used, has expired or needs a login.
    """
    tenant_id, link_id = _find(token)
    with tenant_transaction(tenant_id):
        outcome = _vote(
            tenant_id,
            link_id,
            verdict=verdict,
            payload_digest=payload_digest,
            request_version=request_version,
            reason=reason,
            seconds_viewed=seconds_viewed,
            stands_for=member_named(stands_for),
        )
    # Raised after the commit, so that the record of a refused vote stays.
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome


def _vote(tenant_id: UUID, link_id: UUID, **ballot: Any) -> ActionRequest | DomainError:
    request = lock_request(_links().get(pk=link_id).request_id)
    link = _links().select_for_update(of=("self",)).get(pk=link_id)
    tenant = Tenant.objects.get(pk=tenant_id)
    if tenant.is_suspended or not link.member.is_active:
        return NotFound(UNKNOWN)
    now = clock.now()
    if refusal := _refusal(link, request, now):
        return refusal
    if not votes_without_login(tenant, link.request):
        return Forbidden(_log_in(link.request))
    try:
        decided = cast_vote(
            member=link.member,
            request_id=request.pk,
            channel=VoteChannel.LINK,
            **ballot,
        )
    except DomainError as refusal:
        return refusal
    link.used_at = now
    link.save(update_fields=["used_at"])
    return decided


def _refusal(link: ReviewLink, request: ActionRequest, now: datetime) -> DomainError | None:
    # First of all: an old mail must not tell for ever what became of a request.
    if now >= link.expires_at:
        return Forbidden(EXPIRED)
    if not request.is_pending:
        return Conflict(ended(request), code="already_decided")
    if link.used_at is not None:
        return Forbidden(USED)
    if link.payload_digest != request.payload_digest:
        return Stale(CHANGED)
    return None


def votes_without_login(tenant: Tenant, request: ActionRequest) -> bool:
    """Whether this request may be decided where nobody logs in: from a link, or in chat."""
    category = request.category
    is_low = category is not None and category.risk == Risk.LOW
    return tenant.link_voting and is_low and not why_login(request)


def _log_in(request: ActionRequest) -> str:
    return why_login(request) or LOG_IN


def _links() -> QuerySet[ReviewLink]:
    return ReviewLink.objects.select_related(
        "request__agent__owner__user", "request__category", "member__user"
    )


def _find(token: str) -> tuple[UUID, UUID]:
    found = review_link_by_token.call(_hash(token)) if len(token) <= _LONGEST else []
    if not found:
        raise NotFound(UNKNOWN)
    return found[0]["tenant_id"], found[0]["link_id"]


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
