"""What somebody pasted into the search: an id that names one thing, and which thing."""

from dataclasses import dataclass
from typing import Literal

from audit.models import LedgerEvent, LedgerWords
from audit.searching import looks_like_id
from audit.selectors.event_filter import EventFilter
from audit.selectors.searching import find_events
from govapp.common.ids import InvalidId, parse_public_id, public_id

_ENOUGH = 20


@dataclass(frozen=True)
class Thing:
    """One event or one request, by its public id."""

    kind: Literal["event", "request"]
    id: str


def find_pasted(wanted: EventFilter) -> Thing | None:
    """Return the thing that the text of a filter is the id of, when it asks for nothing else.

    An event, a request, or what belongs to one request: the digest of its payload, its permission.
    None for everything that occurs in many places. At most two queries.
    """
    text = wanted.text.lower()
    if set(wanted.chosen()) != {"text"} or not looks_like_id(text):
        return None
    prefix, _, rest = text.partition("_")
    if prefix in {"ev", "ar"}:
        return _named(prefix, text)
    return None if rest else _of_one_request(wanted)


def _named(prefix: str, text: str) -> Thing | None:
    try:
        ident = parse_public_id(prefix, text)
    except InvalidId:
        return None
    if prefix == "ev":
        known = LedgerEvent.objects.filter(pk=ident).exists()
        return Thing("event", text) if known else None
    known = LedgerEvent.objects.filter(request_id=ident).exists()
    return Thing("request", text) if known else None


def _of_one_request(wanted: EventFilter) -> Thing | None:
    search = wanted.search()
    places = find_events(search, limit=_ENOUGH) if search else []
    rows = LedgerWords.objects.filter(id__in=[place.id for place in places])
    first, *others = set(rows.values_list("request_id", flat=True)) or {None}
    return None if others or first is None else Thing("request", public_id("ar", first))
