"""In which browsers a person wants to be told (RFC 8030, RFC 8291)."""

import re
from base64 import urlsafe_b64decode
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from django.db import transaction

from approvals.audit_events import chat as events
from approvals.callback_urls import require_usable_url
from approvals.models import PushSubscription
from audit.actors import SYSTEM
from govapp.common import clock
from govapp.common.errors import Conflict, Forbidden, Invalid
from govapp.common.sealing import seal
from tenants.models import Membership

MOST_DEVICES: Final = 10
_REFUSED: Final = "This browser's subscription cannot be used."
_SECRET_BYTES: Final = 16
_POINT_BYTES: Final = 65
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]{1,120}")
_DEVICE_CHARACTERS: Final = 100


@transaction.atomic
def subscribe(
    *, actor: Membership, endpoint: str, p256dh: str, auth: str, device: str
) -> PushSubscription:
    """Tell this person in a browser from now on. The same browser again keeps its new keys.

    A browser belongs to whoever subscribed it last: it would show one person's messages to the
    other. Raises `Invalid`, and `Conflict` when there are too many devices.
    """
    try:
        require_usable_url(endpoint)
    except Invalid as error:
        raise Invalid(_REFUSED) from error
    _check_keys(p256dh, auth)
    here = PushSubscription.objects.select_for_update(of=("self",)).filter(endpoint=endpoint)
    for row in here.select_related("member__user").exclude(member=actor):
        events.push_unsubscribed(subscription=row, actor=actor.as_actor(), why="replaced")
        row.delete()
    row = here.filter(member=actor).first() or PushSubscription(member=actor, endpoint=endpoint)
    is_new = row._state.adding  # noqa: SLF001 - the id is there before the row
    if is_new and PushSubscription.objects.filter(member=actor).count() >= MOST_DEVICES:
        raise Conflict(f"Remove a device first: there are {MOST_DEVICES}.")
    row.p256dh, row.auth_sealed = p256dh, seal(auth.encode())
    row.device = device.replace("\0", "")[:_DEVICE_CHARACTERS]
    row.save()
    if is_new:
        events.push_subscribed(subscription=row)
    return row


@transaction.atomic
def unsubscribe(*, actor: Membership, subscription: PushSubscription) -> None:
    """Tell the person in this browser no longer. Raises `Forbidden` for somebody else's."""
    if subscription.member_id != actor.pk:
        raise Forbidden("This device is somebody else's.")
    events.push_unsubscribed(subscription=subscription, actor=actor.as_actor(), why="removed")
    subscription.delete()


@transaction.atomic
def forget_subscription(*, subscription_id: UUID) -> None:
    """Forget a browser of which its push service says that it is gone."""
    rows = PushSubscription.objects.select_related("member__user")
    found = rows.filter(pk=subscription_id).first()
    if found is not None:
        events.push_unsubscribed(subscription=found, actor=SYSTEM, why="gone")
        found.delete()


def note_used(*, subscription_id: UUID) -> None:
    """Keep when a browser's push service last took a message."""
    PushSubscription.objects.filter(pk=subscription_id).update(last_used_at=clock.now())


def _check_keys(p256dh: str, auth: str) -> None:
    """A key that is none would fail at every message; say so now."""
    if not _BASE64URL.fullmatch(p256dh) or not _BASE64URL.fullmatch(auth):
        raise Invalid(_REFUSED)
    try:
        point, secret = _decoded(p256dh), _decoded(auth)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError as error:
        raise Invalid(_REFUSED) from error
    if len(point) != _POINT_BYTES or len(secret) != _SECRET_BYTES:
        raise Invalid(_REFUSED)


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
