"""Keyset pagination: a page is found by where the last one ended, at any depth equally fast."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from django.db import models
from django.http import QueryDict

from govapp.common.errors import FieldError, Malformed

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 100
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_Row = TypeVar("_Row", bound=models.Model)


@dataclass(frozen=True)
class Position:
    """The place of a row in a list that is ordered by an instant and then by id."""

    at: datetime
    ident: UUID

    def to_cursor(self) -> str:
        """Return the position as opaque text for an address."""
        raw = microseconds(self.at).to_bytes(8, "big") + self.ident.bytes
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    @classmethod
    def from_cursor(cls, text: str) -> "Position":
        """Return what `to_cursor` was given; raise `Malformed` for anything else."""
        try:
            raw = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
            moment = from_microseconds(int.from_bytes(raw[:8], "big"))
            return cls(moment, UUID(bytes=raw[8:]))
        except (ValueError, OverflowError, binascii.Error) as error:
            raise Malformed(
                "Take the cursor from `next_cursor` of the page before.",
                errors=[FieldError("cursor", "This is not a cursor.")],
            ) from error


@dataclass(frozen=True)
class Page(Generic[_Row]):
    """Some rows, and where the next page begins (None: there is none)."""

    rows: Sequence[_Row]
    next_position: Position | None


def microseconds(moment: datetime) -> int:
    """Return the instant as whole microseconds since 1970, without rounding."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def from_microseconds(number: int) -> datetime:
    """Return the instant of `microseconds`; raise `OverflowError` when there is no such day."""
    return _EPOCH + timedelta(microseconds=number)


def read_page(
    rows: models.QuerySet[_Row], *, field: str, after: Position | None, limit: int
) -> Page[_Row]:
    """Return one page of `rows`, newest first by `field` and id. One statement and no count."""
    if after is not None:
        # The first condition repeats the second for the index's sake.
        rows = rows.filter(**{f"{field}__lte": after.at}).filter(
            models.Q(**{f"{field}__lt": after.at})
            | models.Q(**{field: after.at, "pk__lt": after.ident})
        )
    found = list(rows.order_by(f"-{field}", "-pk")[: limit + 1])
    if len(found) <= limit:
        return Page(found, None)
    last = found[limit - 1]
    return Page(found[:limit], Position(getattr(last, field), last.pk))


def next_link(address: str, query: QueryDict, cursor: str) -> str:
    """Return a `Link` header (RFC 8288) to the next page under the same filters."""
    following = query.copy()
    following["cursor"] = cursor
    return f'<{address}?{following.urlencode()}>; rel="next"'


def page_answer(data: Sequence[Any], cursor: str | None) -> dict[str, Any]:
    """Return the body of a list."""
    return {"data": data, "next_cursor": cursor, "has_more": cursor is not None}
