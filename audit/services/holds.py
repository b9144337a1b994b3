"""Placing and releasing legal holds: what is held is neither pruned nor erased."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from audit.actors import Actor, Personal, Subject, Words, words_left
from audit.models import HoldKind, LedgerEvent, LegalHold
from audit.selectors.holds import lock_keeping, what_is_held
from audit.services.erased_files import finish_erasures
from audit.services.ledger import record
from audit.services.retention import checked_reason
from govapp.common import clock
from govapp.common.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from govapp.common.ids import InvalidId, parse_public_id

LONGEST_MATTER: Final = 120


@dataclass(frozen=True)
class Scope:
    """What is to be held: a subject or a request by its public id, a period, or everything."""

    kind: HoldKind
    ref: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None  # not included


@transaction.atomic
def place_hold(*, actor: Actor, scope: Scope, matter: str, reason: str) -> LegalHold:
    """Keep what a scope covers, from this moment on, until somebody else releases it.

    It waits for a pruning's batch that is under way: what it then finds, stays. Raises `Invalid`
    with a pointer to what cannot be used, and `NotFound` for a subject or a request of nobody.
    """
    matter, reason = _checked_matter(matter), checked_reason(reason)
    lock_keeping()  # first: what is looked for may be going right now
    label, also = _checked(scope)
    hold = LegalHold.objects.create(
        kind=scope.kind,
        ref=scope.ref,
        label=label,
        also=also,
        starts_at=scope.starts_at,
        ends_at=scope.ends_at,
        matter=matter,
        reason=reason,
        placed_by_id=actor.id,
        placed_by_name=actor.name,
    )
    hold.refresh_from_db()
    _record(hold, actor, "hold.placed", f"{actor.name} holds {what_is_held(hold)}", reason)
    return hold


@transaction.atomic
def release_hold(*, actor: Actor, hold_id: UUID, reason: str) -> LegalHold:
    """Let what was held go its way again; files that erasures left for it are emptied.

    Raises `Invalid` without a reason, `NotFound`, `Conflict` when it was released before, and
    `Forbidden` for whoever placed it.
    """
    lock_keeping()
    hold = LegalHold.objects.select_for_update().filter(pk=hold_id).first()
    if hold is None:
        raise NotFound("There is no such hold.")
    reason = checked_reason(reason)
    if hold.released_at is not None:
        raise Conflict("This hold was released before.")
    if hold.placed_by_id == actor.id:
        raise Forbidden("Whoever placed a hold does not release it: ask somebody else.")
    hold.released_by_id, hold.released_by_name = actor.id, actor.name
    hold.released_at, hold.release_reason = clock.now(), reason
    hold.save()
    said = f"{actor.name} released the hold on {what_is_held(hold)}"
    _record(hold, actor, "hold.released", said, reason, placed_by=hold.placed_by_id)
    finish_erasures(hold)
    return hold


def _checked_matter(matter: str) -> str:
    matter = " ".join(matter.split())
    if not matter or len(matter) > LONGEST_MATTER or "\0" in matter:
        raise _fault("matter", f"Name the matter in at most {LONGEST_MATTER} characters.")
    return matter


def _checked(scope: Scope) -> tuple[str, list[str]]:
    """Return what is held in people's words, and its other names."""
    if scope.kind == HoldKind.SUBJECT:
        label, also = import_string(settings.AUDIT_NAMES_OF_SUBJECT)(scope.ref)
        return label, also
    if scope.kind == HoldKind.REQUEST:
        return "", _runs_of_request(scope.ref)
    if scope.kind == HoldKind.PERIOD:
        if scope.starts_at is None or scope.ends_at is None:
            raise _fault("starts_at", "Say from when to when.")
        if scope.starts_at >= scope.ends_at:
            raise _fault("ends_at", "The period ends after it begins.")
    return "", []


def _runs_of_request(ref: str) -> list[str]:
    """Return the run in which it was asked for. Raises `Invalid` and `NotFound`."""
    try:
        request_id = parse_public_id("ar", ref)
    except InvalidId as error:
        raise _fault("ref", str(error)) from error
    events = LedgerEvent.objects.filter(request_id=request_id)
    if not events.exists():
        raise NotFound("The record knows no such request.")
    asked = events.filter(type__endswith=".submitted").values_list("body", flat=True)
    places = [json.loads(bytes(body)).get("run") for body in asked]
    return [str(each["id"]) for each in places if isinstance(each, dict)]


def _fault(field: str, said: str) -> Invalid:
    return Invalid(said, errors=[FieldError(f"/{field}", said)])


def _record(
    hold: LegalHold, actor: Actor, event_type: str, said: str, reason: str, **more: Any
) -> None:
    personal = (Personal(hold.label, hold.ref),) if hold.ref.startswith("mem_") else ()
    # The name of a case is often that of a person.
    matter = words_left(hold.matter, hold.placed_by_id)
    record(
        event_type=event_type,
        actor=actor,
        subject=Subject("legal_hold", hold.public_id, matter),
        summary=f"{said} for “{hold.matter}”: {reason}",
        data={
            "kind": hold.kind,
            "ref": hold.ref or None,
            "from": _instant(hold.starts_at),
            "until": _instant(hold.ends_at),
            "matter": matter,
            "reason": Words(reason, actor.id),
            **more,
        },
        personal=personal,
    )


def _instant(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
