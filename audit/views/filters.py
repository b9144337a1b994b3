"""The filter of the record's pages, as their addresses carry it."""

from typing import Final

from django.http import HttpRequest

from audit.selectors.events import EventFilter
from audit.views.pages import zone_of

LABELS: Final = {
    "type": "Type",
    "actor": "Who",
    "subject": "Subject",
    "request": "Request",
    "since": "From",
    "until": "To",
    "text": "Search",
}


def filter_of(request: HttpRequest) -> EventFilter:
    """Return the filter that the address names; what is too long is cut."""
    chosen = {name: request.GET.get(name, "").strip()[:200] for name in LABELS}
    return EventFilter(**chosen, zone=zone_of(request))
