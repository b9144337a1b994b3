"""Small things that every endpoint does the same way."""

import hashlib
from collections.abc import Collection
from datetime import UTC, datetime

import msgspec
from django.http import QueryDict
from rest_framework.request import Request
from rest_framework.response import Response

from govapp.common.api.pagination import DEFAULT_LIMIT, MAX_LIMIT
from govapp.common.errors import FieldError, Malformed, PreconditionRequired, Stale


def refuse_unknown_parameters(query: QueryDict, known: Collection[str]) -> None:
    """Raise `Malformed` for a parameter that does not exist, or that stands twice."""
    faults = [
        FieldError(name, "There is no such parameter here.")
        if name not in known
        else FieldError(name, "This parameter stands twice.")
        for name, values in query.lists()
        if name not in known or len(values) > 1
    ]
    if faults:
        expected = ", ".join(sorted(known)) or "none"
        raise Malformed(f"Parameters that can be used here: {expected}.", errors=faults)


def read_limit(query: QueryDict) -> int:
    """Return how many rows a page may have; raise `Malformed` when it is not 1 to 100."""
    text = query.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= MAX_LIMIT):
        raise _bad("limit", f"A whole number from 1 to {MAX_LIMIT}.")
    return int(text)


def read_instant(query: QueryDict, name: str) -> datetime | None:
    """Return the RFC 3339 instant in the parameter `name`; raise `Malformed` when it is none."""
    text = query.get(name)
    if text is None:
        return None
    wrong = _bad(name, "An instant as 2026-11-21T09:00:00Z, with its offset.")
    try:
        moment = datetime.fromisoformat(text)
        in_utc = moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise wrong from error
    if moment.tzinfo is None or "T" not in text.upper():
        raise wrong
    return in_utc


def _bad(name: str, detail: str) -> Malformed:
    return Malformed(f"The parameter {name} cannot be read.", errors=[FieldError(name, detail)])


def with_entity_tag(request: Request, response: Response) -> Response:
    """Give a 200 its `ETag`, or turn it into a 304 when the caller has it already (RFC 9110)."""
    body = msgspec.json.encode(response.data)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    response["Cache-Control"] = "private, no-cache"
    response["ETag"] = tag
    if matches_entity_tag(request.headers.get("If-None-Match", ""), tag):
        response.data, response.status_code = None, 304
    return response


def matches_entity_tag(header: str, tag: str) -> bool:
    """Say whether `If-None-Match` names this tag, by weak comparison (RFC 9110, 13.1.2)."""
    named = {item.strip().removeprefix("W/") for item in header.split(",")}
    return tag in named or "*" in named


def require_entity_tag(request: Request, tag: str) -> None:
    """Check `If-Match` by strong comparison (RFC 9110, 13.1.1).

    Raises `PreconditionRequired` without the header (428) and `Stale` when it names another
    state (412).
    """
    header = request.headers.get("If-Match", "")
    if not header.strip():
        raise PreconditionRequired(
            "Send If-Match with the ETag of what you started from; GET it first."
        )
    if tag not in {item.strip() for item in header.split(",")}:
        raise Stale(f"It is {tag} now. Read it again, bring your change in, and send that.")
