"""Where a tenant is called back, and what became of each message."""

from typing import Final

from django.db.models import Count, Max, Q, QuerySet

from approvals.enums import DeliveryStatus
from approvals.models import CallbackDelivery, CallbackEndpoint
from govapp.common.api.pagination import Page, Position, read_page
from govapp.common.errors import NotFound
from govapp.common.ids import InvalidId, parse_public_id

LOG_SIZE: Final = 50
_NOWHERE: Final = "There is no such callback here."


def list_endpoints() -> QuerySet[CallbackEndpoint]:
    """Return every endpoint with `last_sent_at`, `waiting` and `failed`. One statement."""
    return CallbackEndpoint.objects.annotate(
        last_sent_at=Max("deliveries__sent_at"),
        waiting=Count("deliveries", filter=Q(deliveries__status=DeliveryStatus.QUEUED)),
        failed=Count("deliveries", filter=Q(deliveries__status=DeliveryStatus.FAILED)),
    ).order_by("-is_enabled", "created_at", "pk")


def get_endpoint(public_id: str) -> CallbackEndpoint:
    """Return the endpoint with this public id; raise `NotFound`."""
    try:
        found = CallbackEndpoint.objects.filter(pk=parse_public_id("wh", public_id)).first()
    except InvalidId as error:
        raise NotFound(str(error)) from None
    if found is None:
        raise NotFound(_NOWHERE)
    return found


def get_delivery(endpoint: CallbackEndpoint, public_id: str) -> CallbackDelivery:
    """Return this endpoint's delivery with this `webhook-id`; raise `NotFound`."""
    rows = CallbackDelivery.objects.filter(endpoint=endpoint)
    try:
        found = rows.filter(pk=parse_public_id("msg", public_id)).first()
    except InvalidId as error:
        raise NotFound(str(error)) from None
    if found is None:
        raise NotFound(_NOWHERE)
    return found


def delivery_log(endpoint: CallbackEndpoint, after: Position | None) -> Page[CallbackDelivery]:
    """Return a page of what was sent to an endpoint, newest first. One statement."""
    rows = CallbackDelivery.objects.filter(endpoint=endpoint).select_related("request")
    rows = rows.defer("body", "request__payload", "request__trace", "request__sources")
    return read_page(rows, field="created_at", after=after, limit=LOG_SIZE)
