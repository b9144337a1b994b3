"""Events over HTTP, for members whose roles read the record: the page's filters and its pages."""

from typing import Any, Final

from django.db import transaction
from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.api.readers import reader_of_caller
from audit.readers import Reader
from audit.selectors.events import EventFilter, EventRow
from audit.services.reading import read_events
from govapp.common.api.pagination import DEFAULT_LIMIT, MAX_LIMIT, next_link, page_answer
from govapp.common.api.views import read_limit, refuse_unknown_parameters
from govapp.common.errors import FieldError, Malformed
from govapp.common.sensitive import masked_json

_LONGEST: Final = 200
# The name of a parameter → what it filters, and its description.
_FILTERS: Final = {
    "q": ("text", "Words; each begins a word of the event, in quotes it is a whole one."),
    "type": ("type", "A type of event: `vote.cast`."),
    "group": ("group", "A heading of the catalogue of events: `Requests and votes`."),
    "kind": ("kind", "Who acts: `person`, `agent` or `system`."),
    "actor": ("actor", "The id of who acts."),
    "category": ("category", "The category of the request that it is about."),
    "outcome": ("outcome", "What came of it: `approved`, `denied`, `expired`."),
    "agent": ("agent", "The id of the agent that it is about."),
    "subject": ("subject", "The id of what it is about."),
    "request": ("request", "The id of an action request."),
    "since": ("since", "The first day (UTC)."),
    "until": ("until", "The last day (UTC)."),
}
_DAYS: Final = {"since", "until"}
PARAMETERS: Final = (
    *(
        OpenApiParameter(
            name,
            {"type": "string", "format": "date"}
            if name in _DAYS
            else {"type": "string", "maxLength": _LONGEST},
            description=words,
        )
        for name, (_, words) in _FILTERS.items()
    ),
    OpenApiParameter("cursor", str, description="`next_cursor` of the page before."),
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
        description="Rows a page.",
    ),
)


class EventsView(APIView):
    """The record, newest first."""

    reader: Reader

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check the key, then that its member reads the record."""
        super().initial(request, *args, **kwargs)
        with transaction.atomic():
            self.reader = reader_of_caller(request)

    @extend_schema(
        operation_id="audit_events",
        parameters=list(PARAMETERS),
        responses=inline_serializer(
            "RecordedEvents",
            {
                "data": inline_serializer(
                    "RecordedEvent",
                    {
                        "id": serializers.CharField(),
                        "occurred_at": serializers.DateTimeField(),
                        "type": serializers.CharField(),
                        "summary": serializers.CharField(),
                        "event": serializers.DictField(
                            help_text="as the pages show it: what is sensitive masked"
                        ),
                    },
                    many=True,
                ),
                "next_cursor": serializers.CharField(allow_null=True),
                "has_more": serializers.BooleanField(),
            },
        ),
    )
    def get(self, request: Request) -> Response:
        """Page through with `next_cursor` or `Link`; the first read of a day is recorded."""
        query = request.query_params
        refuse_unknown_parameters(query, [*_FILTERS, "cursor", "limit"])
        with transaction.atomic():
            page = read_events(
                actor=self.reader.as_actor(),
                wanted=EventFilter(**dict(_read(query))),
                cursor=query.get("cursor", ""),
                limit=read_limit(query),
            )
        cursor = page.next_cursor or None
        response = Response(page_answer([_shown(row) for row in page.rows], cursor))
        if cursor is not None:
            response["Link"] = next_link(request.path, query, cursor)
        return response


def _read(query: QueryDict) -> list[tuple[str, str]]:
    found = []
    for name, (field, _) in _FILTERS.items():
        value = query.get(name, "")
        if len(value) > _LONGEST:
            raise Malformed(
                f"The parameter {name} cannot be read.",
                errors=[FieldError(name, f"At most {_LONGEST} characters.")],
            )
        found.append((field, value))
    return found


def _shown(row: EventRow) -> dict[str, Any]:
    body = masked_json(row.body)
    return {
        "id": row.public_id,
        "occurred_at": row.occurred_at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "type": row.body["type"],
        "summary": body.get("summary", ""),
        "event": body,
    }
