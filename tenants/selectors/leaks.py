"""What was done since a moment by the agent whose key got into other hands, from the record."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Q, QuerySet

from audit.models import LedgerEvent
from audit.selectors.events import EventRow, as_rows
from govapp.common import clock
from tenants.models import Credential

MOST_SHOWN: Final = 200
_LONGEST_GRANT: Final = timedelta(hours=1)  # a permission lives for minutes
# What counts as a deed, and under which word it is counted.
_COUNTED: Final = {
    "action_request.submitted": "requests",
    "grant.issued": "grants",
    "grant.redeemed": "redemptions",
}
_BY_THE_AGENT: Final = (
    "action_request.submitted", "action_request.cancelled", "grant.issued", "execution.reported",
    "access_token.issued", "credential.use_refused",
)  # fmt: skip


@dataclass(frozen=True)
class Deeds:
    """The deeds since a moment: how many, the newest of them, and whether the key is alone.

    The record names the agent that acted and not the key. `other_keys` had a life in that time:
    what is listed may be theirs.
    """

    counts: dict[str, int]
    rows: list[EventRow]
    is_cut: bool
    other_keys: list[Credential]


def deeds_since(credential: Credential, since: datetime) -> Deeds:
    """Return what the key's agent did since then, newest first.

    Never from before the key was issued. A constant number of statements.
    """
    since = max(since, credential.created_at)
    events = _events(credential, since)
    newest = events.order_by("-occurred_at", "-id").values_list("id", "occurred_at", "body")
    found = list(newest[: MOST_SHOWN + 1])
    return Deeds(
        counts=count_deeds(credential, since),
        rows=as_rows(found[:MOST_SHOWN]),
        is_cut=len(found) > MOST_SHOWN,
        other_keys=list(_others(credential, since)),
    )


def count_deeds(credential: Credential, since: datetime) -> dict[str, int]:
    """Return how many requests, grants and redemptions there were since then. One statement."""
    since = max(since, credential.created_at)
    rows = _events(credential, since).filter(type__in=_COUNTED).order_by()
    counted = dict(rows.values_list("type").annotate(number=Count("id")))
    return {word: counted.get(kind, 0) for kind, word in _COUNTED.items()}


def _events(credential: Credential, since: datetime) -> QuerySet[LedgerEvent]:
    mine = LedgerEvent.objects.filter(actor_id=credential.agent.public_id)
    granted = mine.filter(
        type="grant.issued", occurred_at__gte=since - _LONGEST_GRANT, request_id__isnull=False
    )
    return LedgerEvent.objects.filter(
        # Whoever used a permission need not be the agent: its request says whose it was.
        Q(actor_id=credential.agent.public_id, type__in=_BY_THE_AGENT)
        | Q(type="grant.redeemed", request_id__in=granted.values("request_id")),
        occurred_at__gte=since,
    )


def _others(credential: Credential, since: datetime) -> QuerySet[Credential]:
    return (
        Credential.objects.filter(agent=credential.agent, expires_at__gt=since)
        .filter(Q(revoked_at=None) | Q(revoked_at__gt=since))
        .filter(created_at__lte=clock.Now())
        .exclude(pk=credential.pk)
        .order_by("created_at", "id")
    )
