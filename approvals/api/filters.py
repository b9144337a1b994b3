"""The list's parameters: read strictly, described once."""

import re
from typing import Any, Final
from uuid import UUID

from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter

from approvals.enums import RequestStatus
from approvals.selectors.requests import RequestFilters
from govapp.common.api.pagination import DEFAULT_LIMIT, MAX_LIMIT, Position
from govapp.common.api.views import read_instant, read_limit, refuse_unknown_parameters
from govapp.common.errors import FieldError, Malformed

_CATEGORY: Final = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*(\.\*)?")
_ENVIRONMENT: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")


def _parameter(name: str, description: str, **schema: Any) -> OpenApiParameter:
    return OpenApiParameter(name, {"type": "string"} | schema, description=description)


PARAMETERS: Final = (
    _parameter("status", "How they stand.", enum=RequestStatus.values),
    _parameter(
        "category",
        "A category, or all below one: `payments.*`.",
        pattern=f"^{_CATEGORY.pattern}$",
        maxLength=100,
    ),
    _parameter("environment", "The environment.", pattern=f"^{_ENVIRONMENT.pattern}$"),
    _parameter("created_after", "Submitted after this instant.", format="date-time"),
    _parameter("created_before", "Submitted before this instant.", format="date-time"),
    _parameter("q", "Text in the summary.", minLength=1, maxLength=100),
    _parameter("cursor", "`next_cursor` of the page before."),
    _parameter(
        "limit", "Rows a page.", type="integer", minimum=1, maximum=MAX_LIMIT,
        default=DEFAULT_LIMIT,
    ),
)  # fmt: skip


def read_filters(query: QueryDict, *, agent_id: UUID) -> RequestFilters:
    """Return the filters of a list; raise `Malformed` for whatever cannot be read."""
    refuse_unknown_parameters(query, [parameter.name for parameter in PARAMETERS])
    cursor = query.get("cursor")
    return RequestFilters(
        agent_id=agent_id,
        status=_checked(query, "status", "|".join(RequestStatus.values)),
        category=_checked(query, "category", _CATEGORY.pattern),
        environment=_checked(query, "environment", _ENVIRONMENT.pattern),
        text=_checked(query, "q", r"[^\0]{1,100}"),
        created_after=read_instant(query, "created_after"),
        created_before=read_instant(query, "created_before"),
        after=None if cursor is None else Position.from_cursor(cursor),
        limit=read_limit(query),
    )


def _checked(query: QueryDict, name: str, pattern: str) -> str:
    text = query.get(name)
    if text is None:
        return ""
    if len(text) > 100 or re.fullmatch(pattern, text) is None:
        raise Malformed(
            f"The parameter {name} cannot be read.",
            errors=[FieldError(name, f"It has to look like: {pattern}")],
        )
    return text
