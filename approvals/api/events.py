"""The agent's event stream, as a view: a finite stream of what there is after `Last-Event-ID`.

`govapp.common.asgi.streams` keeps it open. Delivery is at least once: every event has an id, and
one that comes twice is the same. An id says where to read on: the event's time, the time at which
the stream began, and the event.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final

import msgspec
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.api.base import ApiView
from approvals.selectors.changes import Change, changes_since
from govapp.common import clock
from govapp.common.api.openapi import EVERYWHERE, problems
from govapp.common.api.pagination import from_microseconds, microseconds
from govapp.common.api.renderers import EventStreamRenderer
from govapp.common.asgi.streams import format_event, name_channel
from govapp.common.errors import FieldError, Malformed
from govapp.common.ids import public_id
from govapp.common.live import AGENT_CHANNEL
from tenants.scopes import Scope

# A change becomes visible with its commit, and others may have become visible before it.
OVERLAP: Final = timedelta(seconds=10)
_BEGINNING: Final = "start"
_POSITION: Final = re.compile(
    rf"([0-9]{{1,16}})\.([0-9]{{1,16}})\.({_BEGINNING}|ev_[0-9a-z]{{26}})"
)


@dataclass(frozen=True)
class StreamPosition:
    """Where somebody is in the stream: the id of its last event."""

    at: int  # microseconds since 1970
    began: int
    event: str

    def __str__(self) -> str:
        return f"{self.at}.{self.began}.{self.event}"

    @classmethod
    def parse(cls, text: str) -> "StreamPosition":
        """Return the position in `Last-Event-ID`; raise `Malformed` when it is none."""
        found = _POSITION.fullmatch(text)
        if found is None:
            raise Malformed(
                "Send the id of the last event that was received.",
                errors=[FieldError("Last-Event-ID", "This is not the id of an event.")],
            )
        at, began, event = found.groups()
        return cls(int(at), int(began), event)

    @property
    def read_from(self) -> datetime:
        if self.event == _BEGINNING:
            return from_microseconds(self.at)
        return max(from_microseconds(self.began), from_microseconds(self.at) - OVERLAP)

    def after(self, change: Change) -> "StreamPosition":
        return StreamPosition(microseconds(change.at), self.began, public_id("ev", change.event_id))


class ActionRequestEvents(ApiView):
    """`GET /api/v1/action-requests/events`."""

    scopes: ClassVar[Mapping[str, Scope]] = {"GET": Scope.READ}

    renderer_classes = [EventStreamRenderer]

    @extend_schema(
        operation_id="action_requests_events",
        summary="Follow this agent's requests as server-sent events",
        parameters=[
            OpenApiParameter(
                "Last-Event-ID",
                str,
                OpenApiParameter.HEADER,
                description="Read on after this event. Without it, the stream begins now.",
            )
        ],
        responses={
            (200, "text/event-stream"): OpenApiResponse(
                str, 'Events; `data` is {"id", "type", "at", "status"}. At least once.'
            ),
            **problems(*EVERYWHERE),
        },
    )
    def get(self, request: Request) -> Response:
        """Stay connected; each event names a request that changed and how it stands now."""
        seen = request.headers.get("Last-Event-ID", "")
        position = StreamPosition.parse(seen) if seen else self._beginning()
        parts = [b"retry: 3000\n" + format_event(data=None, ident=str(position))]
        for change in changes_since(position.read_from, agent_id=self.agent.pk):
            position = position.after(change)
            parts.append(format_event(event=change.type, ident=str(position), data=_data(change)))
        response = Response(b"".join(parts), content_type="text/event-stream; charset=utf-8")
        response["Cache-Control"] = "no-store"
        response["X-Accel-Buffering"] = "no"
        name_channel(request.META, response, f"{AGENT_CHANNEL}{self.agent.pk}", str(position))
        return response

    @staticmethod
    def _beginning() -> StreamPosition:
        now = microseconds(clock.now())
        return StreamPosition(now, now, _BEGINNING)


def _data(change: Change) -> bytes:
    return msgspec.json.encode(
        {
            "id": public_id("ar", change.request_id),
            "type": change.type,
            "at": change.at,
            "status": change.status,
        }
    )
