"""Where a tenant is called back, and what became of each message."""

from dataclasses import dataclass
from typing import Final

from django.db.models import Count, Max, Q, QuerySet

from approvals.enums import DeliveryStatus
from approvals.models import CallbackDelivery, CallbackEndpoint
from govapp.common.api.pagination import Page, Position, read_page
from govapp.common.errors import NotFound
from govapp.common.ids import InvalidId, parse_public_id

LOG_SIZE: Final = 50


@dataclass(frozen=True)
class EndpointPage:
    """One endpoint with a page of its delivery log, newest first."""

    endpoint: CallbackEndpoint
    log: Page[CallbackDelivery]


def list_endpoints() -> QuerySet[CallbackEndpoint]:
    """Return every endpoint with `last_sent_at`, `waiting` and `failed`. One statement."""
    return CallbackEndpoint.objects.annotate(
        last_sent_at=Max("deliveries__sent_at"),
        waiting=Count("deliveries", filter=Q(deliveries__status=DeliveryStatus.QUEUED)),
        failed=Count("deliveries", filter=Q(deliveries__status=DeliveryStatus.FAILED)),
    ).order_by("-is_enabled", "created_at", "pk")


def find_endpoint(public_id: str) -> CallbackEndpoint:
    """Return the endpoint with this public id. Raises `NotFound`."""
    try:
        ident = parse_public_id("wh", public_id)
    except InvalidId as error:
        raise NotFound(str(error)) from None
    found = CallbackEndpoint.objects.filter(pk=ident).first()
    if found is None:
        raise NotFound("There is no such callback here.")
    return found


def read_endpoint(public_id: str, after: Position | None) -> EndpointPage:
    """Return an endpoint and a page of its log. Two statements. Raises `NotFound`."""
    endpoint = find_endpoint(public_id)
    rows = CallbackDelivery.objects.filter(endpoint=endpoint).select_related("request")
    rows = rows.defer("body", "request__payload", "request__trace", "request__sources")
    log = read_page(rows, field="created_at", after=after, limit=LOG_SIZE)
    return EndpointPage(endpoint, log)
