"""What was done since a moment with a key that got into other hands, from the record."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import BinaryField, Count, F, Func, IntegerField, Q, QuerySet, Value

from audit.models import LedgerEvent
from audit.selectors.events import EventRow, as_rows
from tenants.models import Credential

MOST_SHOWN: Final = 200
_LONGEST_GRANT: Final = timedelta(hours=1)  # a permission lives for minutes
_USED: Final = "grant.redeemed"
# What counts as a deed, and under which word it is counted.
_COUNTED: Final = {
    "action_request.submitted": "requests",
    "grant.issued": "grants",
    _USED: "redemptions",
}
# Whoever uses a permission need not have a key: its request says whose it was.
_BY_ANYBODY: Final = (_USED, "grant.redeem_refused")
_BY_THE_AGENT: Final = (
    "action_request.submitted", "action_request.cancelled", "grant.issued", "execution.reported",
    "access_token.issued", "credential.use_refused",
)  # fmt: skip


@dataclass(frozen=True)
class Deeds:
    """The deeds since a moment: how many, and the newest of them.

    What an agent did before the record named its keys is listed as well; `unnamed` says that there
    is such, which another key may have done.
    """

    counts: dict[str, int]
    rows: list[EventRow]
    is_cut: bool
    unnamed: bool


def deeds_since(credential: Credential, since: datetime) -> Deeds:
    """Return what was done with the key since then, newest first.

    Never from before the key was issued. A constant number of statements.
    """
    since = max(since, credential.created_at)
    events = _events(credential, since)
    newest = events.order_by("-occurred_at", "-id").values_list("id", "occurred_at", "body")
    found = list(newest[: MOST_SHOWN + 1])
    rows = as_rows(found[:MOST_SHOWN])
    return Deeds(
        counts=count_deeds(credential, since),
        rows=rows,
        is_cut=len(found) > MOST_SHOWN,
        unnamed=any(not _names_a_key(row) for row in rows),
    )


def count_deeds(credential: Credential, since: datetime) -> dict[str, int]:
    """Return how many requests, grants and redemptions there were since then. One statement."""
    since = max(since, credential.created_at)
    rows = _events(credential, since).filter(type__in=_COUNTED).order_by()
    counted = dict(rows.values_list("type").annotate(number=Count("id")))
    return {word: counted.get(kind, 0) for kind, word in _COUNTED.items()}


def _names_a_key(row: EventRow) -> bool:
    return row.body["type"] in _BY_ANYBODY or "key" in row.body or "key" in row.body["data"]


def _events(credential: Credential, since: datetime) -> QuerySet[LedgerEvent]:
    mine = _by_key(credential, LedgerEvent.objects.filter(actor_id=credential.agent.public_id))
    granted = mine.filter(
        type="grant.issued", occurred_at__gte=since - _LONGEST_GRANT, request_id__isnull=False
    )
    return LedgerEvent.objects.filter(
        Q(pk__in=mine.filter(type__in=_BY_THE_AGENT, occurred_at__gte=since).values("pk"))
        | Q(type__in=_BY_ANYBODY, request_id__in=granted.values("request_id")),
        occurred_at__gte=since,
    )


def _by_key(credential: Credential, events: QuerySet[LedgerEvent]) -> QuerySet[LedgerEvent]:
    """Leave out what another key did. Events are canonical JSON: a name and its text are bytes."""
    of_this = _position(f'"key":"{credential.public_id}"')
    of_any = _position('"key":"key_')
    return events.alias(of_this=of_this, of_any=of_any).filter(Q(of_this__gt=0) | Q(of_any=0))


def _position(text: str) -> Func:
    mark = Value(text.encode(), output_field=BinaryField())
    return Func(
        mark,
        F("body"),
        template="position(%(expressions)s)",
        arg_joiner=" IN ",
        output_field=IntegerField(),
    )
