"""The list of requests as people search it, newest first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q, QuerySet

from approvals.models import ActionCategory, ActionRequest
from govapp.common.api.pagination import Page, Position, read_page
from govapp.common.ids import InvalidId, parse_public_id
from tenants.models import Agent

PAGE_SIZE: Final = 50


@dataclass(frozen=True)
class ListFilters:
    """What the list is narrowed to. An empty value does not narrow.

    `text` is a whole public id, or how the summary begins, in any case.
    """

    status: str = ""
    category: str = ""
    agent: str = ""
    since: datetime | None = None
    text: str = ""
    after: Position | None = None


def read_requests(filters: ListFilters) -> Page[ActionRequest]:
    """Return a page of requests with their agent and category. One statement."""
    rows: QuerySet[ActionRequest] = ActionRequest.objects.select_related("agent", "category").defer(
        "payload", "trace", "facts", "sources", "reason"
    )
    rows = rows.filter(_narrowed(filters))
    return read_page(rows, field="submitted_at", after=filters.after, limit=PAGE_SIZE)


def agent_names() -> list[str]:
    """Return every agent's name. One statement."""
    return list(Agent.objects.order_by("name").values_list("name", flat=True))


def category_keys() -> list[tuple[str, str]]:
    """Return every category's key and name. One statement."""
    return list(ActionCategory.objects.order_by("key").values_list("key", "name"))


def _narrowed(filters: ListFilters) -> Q:
    narrowed = Q()
    if filters.status:
        narrowed &= Q(status=filters.status)
    if filters.category:
        narrowed &= Q(category_key=filters.category)
    if filters.agent:
        narrowed &= Q(agent__name=filters.agent)
    if filters.since is not None:
        narrowed &= Q(submitted_at__gte=filters.since)
    if filters.text:
        narrowed &= _is_about(filters.text)
    return narrowed


def _is_about(text: str) -> Q:
    try:
        return Q(pk=parse_public_id("ar", text.strip().lower()))
    except InvalidId:
        return Q(summary__istartswith=text)
