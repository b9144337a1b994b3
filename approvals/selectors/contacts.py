"""How people want to be told, read with the people themselves: no statement more."""

from collections.abc import Iterable
from datetime import time
from typing import Any, Final
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Cast, JSONObject

from approvals.enums import (
    DeliveryStatus,
    Digest,
    HeldFor,
    NotificationChannel,
    NotificationKind,
)
from approvals.models import (
    ActionRequest,
    ChatAccount,
    ChatConnection,
    ContactPreference,
    Notification,
    PushSubscription,
)
from approvals.routing import Wishes, channel_for, order_channels
from tenants.models import Membership, Tenant
from tenants.selectors import active_members

ASKING: Final = (
    NotificationKind.REQUESTED,
    NotificationKind.REMINDER,
    NotificationKind.ESCALATED,
)

_NAME: Final = "wishes_json"
AS_IT_IS: Final = Wishes()


def with_wishes(members: QuerySet[Membership]) -> QuerySet[Membership]:
    """Have the members come with what `wishes_of` reads."""
    return members.annotate(**wishes_annotation())


def wishes_annotation() -> dict[str, Any]:
    """Return what is added to a query of members: null for whoever has asked for nothing."""
    member = OuterRef("member_id")
    devices = PushSubscription.objects.filter(member=member)
    found = ContactPreference.objects.filter(member=OuterRef("pk")).values(
        json=JSONObject(
            channels="channels",
            digest="digest",
            digest_at=Cast("digest_at", TextField()),
            quiet_from=Cast("quiet_from", TextField()),
            quiet_until=Cast("quiet_until", TextField()),
            zone="time_zone",
            tenant_zone=Subquery(Tenant.objects.values("time_zone")[:1]),
            wants_outcomes="wants_outcomes",
            accounts=ArraySubquery(_accounts(member).values("channel")),
            has_devices=Exists(devices),
        )
    )
    return {_NAME: Subquery(found)}


def wishes_of(member: Membership) -> Wishes:
    """Return the wishes of a member who was read `with_wishes`."""
    return _wishes(vars(member)[_NAME])


def read_wishes(members: Iterable[UUID]) -> dict[UUID, Wishes]:
    """Return the wishes of those who have any. One statement."""
    idents = list(set(members))
    if not idents:
        return {}
    people = Membership.objects.filter(pk__in=idents, preferences__isnull=False)
    return {member.pk: wishes_of(member) for member in with_wishes(people)}


def wishes_by_member(members: Iterable[Membership]) -> dict[UUID, Wishes]:
    """Return everybody's wishes: one statement when some of them came without, otherwise none."""
    people = list(members)
    missing = read_wishes(member.pk for member in people if _NAME not in vars(member))
    return {
        member.pk: wishes_of(member) if _NAME in vars(member) else missing.get(member.pk, AS_IT_IS)
        for member in people
    }


def _wishes(found: dict[str, Any] | None) -> Wishes:
    if found is None:
        return AS_IT_IS
    reachable = [*found["accounts"]]
    if found["has_devices"]:
        reachable.append(NotificationChannel.PUSH)
    return Wishes(
        channels=order_channels(found["channels"], reachable),
        digest=Digest(found["digest"]),
        digest_at=_time(found["digest_at"]),
        quiet_from=_time(found["quiet_from"]),
        quiet_until=_time(found["quiet_until"]),
        zone=found["zone"] or found["tenant_zone"],
        wants_outcomes=found["wants_outcomes"],
    )


def _time(text: str | None) -> time | None:
    return time.fromisoformat(text) if text else None


def who_was_asked(
    request: ActionRequest,
) -> list[tuple[Membership, Wishes, tuple[NotificationChannel, ...]]]:
    """Return the active members who were asked about a request, and on which channels.

    One statement. Where a message did not get through, nobody was asked; where none did, the
    person's first channel stands for it. What is still held has asked nobody yet; what was
    claimed may be under way at this moment.
    """
    rows = Notification.objects.filter(
        tenant_id=request.tenant_id, request=request, kind__in=ASKING, member=OuterRef("pk")
    )
    is_held = Q(status=DeliveryStatus.QUEUED, attempts=0) & ~Q(held_for=HeldFor.NOTHING)
    good = rows.exclude(is_held).exclude(status=DeliveryStatus.FAILED)
    failed = rows.filter(status=DeliveryStatus.FAILED)
    members = with_wishes(active_members()).annotate(
        asked_on=ArraySubquery(good.order_by("channel").values("channel").distinct()),
        has_failed=Exists(failed),
    )
    found: list[tuple[Membership, Wishes, tuple[NotificationChannel, ...]]] = []
    for member in members.filter(Exists(rows)):
        wishes, seen = wishes_of(member), vars(member)
        channels = tuple(NotificationChannel(each) for each in seen["asked_on"])
        if not channels and seen["has_failed"]:
            channels = (channel_for(wishes),)
        found.append((member, wishes, channels))
    return found


def preference_of(member: Membership) -> ContactPreference:
    """Return what the member has asked for, or what holds for whoever has asked for nothing."""
    found = ContactPreference.objects.filter(member=member).first()
    return found or ContactPreference(member=member)


def channels_that_reach(member: Membership) -> frozenset[str]:
    """Return the channels on which this member can be told now. One statement."""
    accounts = _accounts(member.pk).values_list("channel", flat=True)
    devices = PushSubscription.objects.filter(member=member).values_list(
        Value(NotificationChannel.PUSH.value, output_field=CharField()), flat=True
    )
    return frozenset({NotificationChannel.EMAIL.value, *accounts.union(devices)})


def _accounts(member: Any) -> QuerySet[ChatAccount]:
    """Return the confirmed accounts of a member where the company's connection is open."""
    open_connections = ChatConnection.objects.filter(channel=OuterRef("channel"), is_enabled=True)
    return ChatAccount.objects.filter(
        Exists(open_connections), member=member, confirmed_at__isnull=False
    )
