"""Reading action requests."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from approvals.enums import Purpose
from approvals.models import ActionRequest
from approvals.selectors.board import keep_in_hand, load_board, load_boards
from govapp.common.api.pagination import DEFAULT_LIMIT, Page, Position, read_page
from govapp.common.errors import NotFound


@dataclass(frozen=True)
class RequestFilters:
    """What a list of requests is narrowed to. An empty value does not narrow.

    `category` is a key, or a prefix as `payments.*`; `text` is looked for in the summary.
    """

    agent_id: UUID | None = None
    status: str = ""
    category: str = ""
    environment: str = ""
    text: str = ""
    created_after: datetime | None = None
    created_before: datetime | None = None
    after: Position | None = None
    limit: int = DEFAULT_LIMIT


def get_request(request_id: UUID, *, agent_id: UUID | None = None) -> ActionRequest:
    """Return one request with what its answer needs, in three statements.

    Raises `NotFound`; with `agent_id` also for a request of any other agent.
    """
    requests = _with_answers(ActionRequest.objects.filter(pk=request_id))
    if agent_id is not None:
        requests = requests.filter(agent=agent_id, purpose=Purpose.ACTION)
    found = requests.first()
    if found is None:
        raise NotFound("There is no such action request.")
    keep_in_hand(load_board(found))
    return found


def list_requests(filters: RequestFilters) -> Page[ActionRequest]:
    """Return a page of requests, newest first. Three statements, however many there are."""
    rows = _narrowed(_with_answers(ActionRequest.objects.all()), filters)
    page = read_page(rows, field="submitted_at", after=filters.after, limit=filters.limit)
    for board in load_boards(page.rows):
        keep_in_hand(board)
    return page


def _with_answers(requests: QuerySet[ActionRequest]) -> QuerySet[ActionRequest]:
    """Read along what an answer shows, and leave out the large columns that it does not."""
    return (
        requests.select_related("policy_version")
        .defer(
            "payload", "sources", "reason", "facts",
            "policy_version__source", "policy_version__document",
        )
    )  # fmt: skip


def _narrowed(rows: QuerySet[ActionRequest], filters: RequestFilters) -> QuerySet[ActionRequest]:
    if filters.agent_id is not None:
        rows = rows.filter(agent=filters.agent_id, purpose=Purpose.ACTION)
    if filters.status:
        rows = rows.filter(status=filters.status)
    if filters.category.endswith(".*"):
        rows = rows.filter(category_key__startswith=filters.category[:-1])
    elif filters.category:
        rows = rows.filter(category_key=filters.category)
    if filters.environment:
        rows = rows.filter(environment=filters.environment)
    if filters.text:
        rows = rows.filter(summary__icontains=filters.text)
    if filters.created_after is not None:
        rows = rows.filter(submitted_at__gt=filters.created_after)
    if filters.created_before is not None:
        rows = rows.filter(submitted_at__lt=filters.created_before)
    return rows
