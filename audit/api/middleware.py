"""Answers of the API name the events that were recorded for them."""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse

from audit.services.naming import recorded_events
from govapp.common.ids import public_id

HEADER: Final = "Govapp-Events"
_MOST_NAMED: Final = 16
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class EventsHeaderMiddleware:
    """Adds `Govapp-Events: ev_…, ev_…` to what changed something through the API.

    With one of these names, `/api/v1/audit/receipts/<event>` answers with its proof.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in _READS or not request.path_info.startswith("/api/"):
            return self.get_response(request)
        with recorded_events() as events:
            response = self.get_response(request)
        if events:
            named = [public_id("ev", ident) for ident in events[:_MOST_NAMED]]
            response[HEADER] = ", ".join(named)
        return response
