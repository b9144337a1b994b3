"""Legal holds: what they keep. They beat pruning and erasure (design page audit.md, "Keep")."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Q

from audit.models import HoldKind, LedgerDisclosure, LedgerEvent, LegalHold
from govapp.common.errors import Conflict
from govapp.common.ids import parse_public_id
from govapp.common.tenancy import require_tenant_id

_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


def lock_keeping() -> None:
    """Let nobody else of the tenant hold, prune or erase until this transaction ends.

    Whoever comes second sees what the first did: a hold is never placed beside a pruning.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [f"keeping {require_tenant_id()}"])


def holds_in_force() -> list[LegalHold]:
    """Return the holds that nobody has released, oldest first."""
    return list(LegalHold.objects.filter(released_at=None).order_by("placed_at", "id"))


def list_holds(limit: int = 100) -> list[LegalHold]:
    """Return the holds of all times, those in force first, then the newest."""
    former = LegalHold.objects.exclude(released_at=None).order_by("-released_at", "-id")
    return [*holds_in_force(), *former[:limit]]


def check_not_held(ref: str | Sequence[str]) -> None:
    """Raise `Conflict` when a hold keeps something that belongs to a subject, or to any of several.

    To be called in the transaction that takes it away: no hold comes in between.
    """
    lock_keeping()
    if found := find_hold([ref] if isinstance(ref, str) else ref):
        raise Conflict(hold_words(found), code="held")


def find_hold(refs: Sequence[str]) -> LegalHold | None:
    """Return a hold that keeps something of these subjects, or None."""
    for hold in holds_in_force():
        if hold.kind == HoldKind.EVERYTHING or not set(hold.refs).isdisjoint(refs):
            return hold
        kept = LedgerDisclosure.objects.filter(
            subject_key__ref__in=refs,
            subject_key__key_sealed__isnull=False,
            event__in=LedgerEvent.objects.filter(covered_by(hold)),
        )
        if kept.exists():
            return hold
    return None


def held_among(event_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the events that a hold in force keeps. One query for each hold."""
    held: set[UUID] = set()
    for hold in holds_in_force():
        rows = LedgerEvent.objects.filter(covered_by(hold), pk__in=event_ids)
        held.update(rows.values_list("pk", flat=True))
    return held


def held_requests(request_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the requests of which a hold in force keeps an event."""
    held: set[UUID] = set()
    for hold in holds_in_force() if request_ids else ():
        rows = LedgerEvent.objects.filter(covered_by(hold), request_id__in=request_ids)
        held.update(each for each in rows.values_list("request_id", flat=True) if each)
    return held


def held_runs(runs: Sequence[str]) -> set[str]:
    """Return those of the runs, by public id, of whose own events a hold in force keeps one."""
    held: set[str] = set()
    for hold in holds_in_force() if runs else ():
        rows = LedgerEvent.objects.filter(covered_by(hold), subject_type="run", subject_id__in=runs)
        held.update(rows.values_list("subject_id", flat=True).distinct())
    return held


def holds_everything() -> LegalHold | None:
    """Return a hold that keeps everything, or None."""
    return LegalHold.objects.filter(released_at=None, kind=HoldKind.EVERYTHING).first()


def covered_by(hold: LegalHold) -> Q:
    """Return which events a hold keeps.

    That of a request keeps the run in which it was asked for, too: the steps say why. That of a
    person or an agent keeps what they did, what was done to them, where they are named, and all of
    the requests in which that occurs.
    """
    if hold.kind == HoldKind.EVERYTHING:
        return Q(pk__isnull=False)
    if hold.kind == HoldKind.PERIOD:
        return Q(occurred_at__gte=hold.starts_at, occurred_at__lt=hold.ends_at)
    if hold.kind == HoldKind.REQUEST:
        of_it = Q(request_id=parse_public_id("ar", hold.ref))
        return of_it | Q(subject_id__in=hold.refs)
    named = LedgerDisclosure.objects.filter(subject_key__ref__in=hold.refs)
    theirs = (
        Q(actor_id__in=hold.refs) | Q(subject_id__in=hold.refs) | Q(pk__in=named.values("event_id"))
    )
    requests = LedgerEvent.objects.filter(theirs, request_id__isnull=False)
    return theirs | Q(request_id__in=requests.values("request_id"))


def hold_words(hold: LegalHold) -> str:
    """Say which hold stands in the way."""
    return (
        f"The legal hold “{hold.matter}”, placed by {hold.placed_by_name} on"
        f" {hold.placed_at:%Y-%m-%d}, keeps {what_is_held(hold)}: nothing of it is pruned or erased"
        " until somebody else releases it."
    )


def what_is_held(hold: LegalHold) -> str:
    """Say in words what a hold keeps."""
    if hold.kind == HoldKind.PERIOD and hold.starts_at and hold.ends_at:
        return (
            f"everything from {hold.starts_at:%Y-%m-%d %H:%M} to {hold.ends_at:%Y-%m-%d %H:%M} UTC"
        )
    if hold.kind == HoldKind.EVERYTHING:
        return "everything"
    return f"{hold.label} ({hold.ref})" if hold.label else hold.ref
