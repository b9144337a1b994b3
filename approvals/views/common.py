"""What the pages of this floor share."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from django.http import HttpRequest

from govapp.common.api.pagination import Position
from govapp.common.errors import Conflict, DomainError, Forbidden, Invalid, Malformed, Stale

_STATUS: Final = {
    Forbidden: HTTPStatus.FORBIDDEN,
    Conflict: HTTPStatus.CONFLICT,
    Stale: HTTPStatus.PRECONDITION_FAILED,
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
}
_LONGEST_FILTER: Final = 200


def status_of(error: DomainError) -> int:
    """Return the HTTP status of a refusal that the page itself explains."""
    return _STATUS.get(type(error), HTTPStatus.UNPROCESSABLE_ENTITY)


def read_cursor(request: HttpRequest) -> Position | None:
    """Return where the page begins. A cursor that cannot be read begins at the beginning."""
    try:
        return Position.from_cursor(request.GET["cursor"])
    except (KeyError, Malformed):
        return None


def read_filter(request: HttpRequest, name: str, allowed: Mapping[str, str] | None = None) -> str:
    """Return a filter of the address; what cannot be meant does not narrow."""
    text = request.GET.get(name, "").replace("\0", "").strip()[:_LONGEST_FILTER]
    return text if allowed is None or text in allowed else ""


def make_chips(request: HttpRequest, chosen: Mapping[str, tuple[str, str]]) -> list[dict[str, Any]]:
    """Return a chip for each filter that narrows: name in the address → (label, words)."""
    chips = []
    for name, (label, words) in chosen.items():
        if words:
            query = request.GET.copy()
            query.pop(name, None)
            query.pop("cursor", None)
            chips.append({"label": label, "value": words, "remove_url": f"?{query.urlencode()}"})
    return chips


def page_links(request: HttpRequest, following: Position | None) -> dict[str, str]:
    """Return what the pagination component shows: on to the next page, back to the first."""
    links = {"next_cursor": following.to_cursor() if following else ""}
    if read_cursor(request) is not None:
        query = request.GET.copy()
        query.pop("cursor", None)
        links["first_url"] = f"?{query.urlencode()}"
    return links
