"""What lets agents do more is asked for by one person and confirmed by another.

Each kind of change registers how it is made; what waits, who confirms, and what the record says
of it is one thing for all of them. Where the account lets one person publish policies, it lets
one person do this, and the record says so.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from govapp.common import clock
from govapp.common.errors import Conflict, Forbidden, NotFound
from govapp.common.tenancy import require_tenant_id
from tenants import rules
from tenants.audit_events import autonomy as events
from tenants.enums import LooseningStatus
from tenants.models import Loosening, Membership, Tenant
from tenants.services.checks import clean_text

# Makes the change: the loosening, and whoever confirmed it. Raises `Conflict` when what it was
# asked for about is not as it was then.
Make = Callable[[Loosening, Membership], None]

NOT_ALLOWED: Final = "Only owners and compliance say what agents may do of their own accord."
OWN: Final = "Whoever asked for it does not confirm it: ask somebody else."
CHANGED: Final = "It was changed in the meantime: withdraw this, and ask again."
_MAKERS: Final[dict[str, Make]] = {}


def register_maker(kind: str) -> Callable[[Make], Make]:
    """Say how changes of this kind are made, once they are confirmed."""

    def register(make: Make) -> Make:
        _MAKERS[kind] = make
        return make

    return register


def require_governor(actor: Membership) -> None:
    """Raise `Forbidden` unless the actor is an active owner, or has the role compliance."""
    rules.require(rules.may_set_autonomy(actor), NOT_ALLOWED)


def clean_reason(reason: str) -> str:
    """Return a reason on one line. Raises `Invalid`."""
    return clean_text(reason, field="reason", at_most=300)


def lock_leash() -> None:
    """One writer at a time of what agents may do, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"leash:{require_tenant_id()}"],
        )


def ask_loosening(
    *,
    actor: Membership,
    kind: str,
    ref: str,
    change: Mapping[str, Any],
    sentence: str,
    reason: str,
) -> Loosening:
    """Keep a change until a second person confirms it; the caller holds `lock_leash`.

    Made at once where the account lets one person decide. Raises `Conflict` while another change
    of the same thing waits.
    """
    if Loosening.objects.filter(kind=kind, ref=ref, status=LooseningStatus.ASKED).exists():
        raise Conflict("This waits for a second person already: confirm it, or withdraw it first.")
    loosening = Loosening(
        kind=kind,
        ref=ref,
        change=dict(change),
        sentence=sentence,
        reason=reason,
        asked_by=actor,
        asked_at=clock.now(),
    )
    loosening.save(force_insert=True)
    events.loosening_asked(loosening=loosening)
    if Tenant.objects.get(pk=require_tenant_id()).single_person_publishing:
        _settle(loosening, actor)
    return loosening


@transaction.atomic
def confirm_loosening(*, actor: Membership, loosening_id: UUID) -> Loosening:
    """Let what somebody else asked for hold, from the next submission on.

    Raises `NotFound`, `Forbidden` (needs `owner` or `compliance`, and another person than who
    asked), and `Conflict` when it does not wait any more, or was overtaken.
    """
    require_governor(actor)
    loosening = _waiting(loosening_id)
    if loosening.asked_by_id == actor.pk:
        raise Forbidden(OWN)
    _settle(loosening, actor)
    return loosening


@transaction.atomic
def withdraw_loosening(*, actor: Membership, loosening_id: UUID) -> Loosening:
    """Let it not hold. Raises `NotFound`, `Forbidden`, `Conflict` when it waits no more."""
    require_governor(actor)
    loosening = _waiting(loosening_id)
    _end(loosening, LooseningStatus.WITHDRAWN, actor)
    events.loosening_withdrawn(actor=actor, loosening=loosening)
    return loosening


def _waiting(loosening_id: UUID) -> Loosening:
    lock_leash()
    found = Loosening.objects.select_related("asked_by__user").filter(pk=loosening_id).first()
    if found is None:
        raise NotFound("There is no such change.")
    if found.status != LooseningStatus.ASKED:
        raise Conflict("This does not wait any more.")
    return found


def _settle(loosening: Loosening, actor: Membership) -> None:
    _end(loosening, LooseningStatus.CONFIRMED, actor)
    events.loosening_confirmed(actor=actor, loosening=loosening)
    _MAKERS[loosening.kind](loosening, actor)


def _end(loosening: Loosening, status: LooseningStatus, actor: Membership) -> None:
    loosening.status, loosening.settled_by = status, actor
    loosening.settled_at = clock.now()
    loosening.save(update_fields=["status", "settled_by", "settled_at"])
