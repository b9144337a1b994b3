"""How somebody wants to be told: their own settings, and the one click of a mail program."""

from collections.abc import Sequence
from datetime import time
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import transaction

from approvals.audit_events import contacts as events
from approvals.enums import Digest, NotificationChannel
from approvals.models import ContactPreference
from govapp.common import clock
from govapp.common.errors import FieldError, Invalid, NotFound
from govapp.common.tenancy import tenant_transaction
from govapp.common.zones import time_zones
from tenants.models import Membership

_SALT: Final = "approvals.stop-outcomes"
_LONGEST: Final = 300  # characters of a token that are looked at
_FIELDS: Final = (
    "channels", "digest", "digest_at", "quiet_from", "quiet_until", "time_zone", "wants_outcomes",
)  # fmt: skip


@transaction.atomic
def save_preference(
    *,
    actor: Membership,
    channels: Sequence[str],
    digest: str = Digest.OFF,
    digest_at: time | None = None,
    quiet_from: time | None = None,
    quiet_until: time | None = None,
    time_zone: str = "",
    wants_outcomes: bool = True,
) -> ContactPreference:
    """Say how the actor wants to be told, and return it. Everybody for themselves only.

    `channels` in the order in which they are tried; e-mail is tried last when it is not among
    them. Times are local ones of `time_zone`, or of the company when it is empty. Raises
    `Invalid`. What is in the outbox already stays where it is.
    """
    wanted: dict[str, Any] = {
        "channels": list(dict.fromkeys(channels)),
        "digest": digest,
        "digest_at": digest_at if digest == Digest.DAILY else None,
        "quiet_from": quiet_from,
        "quiet_until": quiet_until,
        "time_zone": time_zone,
        "wants_outcomes": wants_outcomes,
    }
    _check(wanted)
    preference = _preference_of(actor)
    before = {
        name: getattr(preference, name)
        for name in _FIELDS
        if getattr(preference, name) != wanted[name]
    }
    if before:
        for name in before:
            setattr(preference, name, wanted[name])
        preference.updated_at = clock.now()
        preference.save(update_fields=[*before, "updated_at"])
        events.contact_preference_changed(actor=actor, preference=preference, before=before)
    return preference


def stop_url(member: Membership) -> str:
    """Return the address in a mail's List-Unsubscribe header (RFC 8058).

    Whoever has it can stop the member's messages about outcomes, and nothing else; it opens no
    page that shows anything.
    """
    token = signing.dumps([str(member.tenant_id), str(member.pk)], salt=_SALT)
    return f"{settings.BASE_URL}/stop/{token}"


def stop_outcomes(token: str) -> None:
    """Stop the messages about outcomes of the token's member. No tenant may be bound.

    Twice is as good as once. Raises `NotFound` for what is no token of ours.
    """
    tenant_id, member_id = read_stop_token(token)
    with tenant_transaction(tenant_id):
        member = Membership.objects.select_related("user").filter(pk=member_id).first()
        if member is None:
            raise NotFound("This link does not exist.")
        preference = _preference_of(member)
        if preference.wants_outcomes:
            preference.wants_outcomes = False
            preference.updated_at = clock.now()
            preference.save(update_fields=["wants_outcomes", "updated_at"])
            events.outcomes_stopped(member=member)


def read_stop_token(token: str) -> tuple[UUID, UUID]:
    """Return the tenant and the member of a token. Raises `NotFound`."""
    try:
        tenant_id, member_id = signing.loads(token[:_LONGEST], salt=_SALT)
    except signing.BadSignature:
        raise NotFound("This link does not exist.") from None
    return UUID(tenant_id), UUID(member_id)


def _preference_of(member: Membership) -> ContactPreference:
    """Return the locked row; made as it would be without one, when there is none yet."""
    ContactPreference.objects.bulk_create([ContactPreference(member=member)], ignore_conflicts=True)
    return ContactPreference.objects.select_for_update().get(member=member)


def _check(wanted: dict[str, Any]) -> None:
    errors = []
    if unknown := set(wanted["channels"]) - set(NotificationChannel.values):
        errors.append(FieldError("/channels", f"There is no channel {sorted(unknown)[0]}."))
    if wanted["digest"] not in Digest.values:
        errors.append(FieldError("/digest", "Choose one of the three."))
    if wanted["digest"] == Digest.DAILY and wanted["digest_at"] is None:
        errors.append(FieldError("/digest_at", "Say at what time."))
    first, last = wanted["quiet_from"], wanted["quiet_until"]
    if (first is None) != (last is None):
        name = "quiet_from" if first is None else "quiet_until"
        errors.append(FieldError(f"/{name}", "Fill in both times, or neither."))
    elif first is not None and first == last:
        errors.append(FieldError("/quiet_until", "Choose an end other than the beginning."))
    if wanted["time_zone"] and wanted["time_zone"] not in time_zones():
        errors.append(FieldError("/time_zone", "There is no such time zone."))
    if errors:
        raise Invalid("This cannot be saved as it is.", errors=errors)
