"""A tenant's log for verifiers and monitors that others wrote (C2SP tlog-tiles), and receipts.

Hashes say nothing, so any key of the tenant may read them; entries are for who reads the record.
"""

import gzip
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.api.readers import reader_of_caller
from audit.merkle.paths import ENTRIES, Place, parse_place
from audit.readers import Reader
from audit.selectors.receipts import receipt_of
from audit.selectors.tiles import served_tile
from audit.services.bundles import take_entries
from govapp.common import clock
from govapp.common.api.renderers import OctetRenderer
from govapp.common.errors import NotFound, NotYet
from govapp.common.ids import InvalidId, parse_public_id

_FOR_EVER: Final = "private, max-age=31536000, immutable"
_MERGE_DELAY: Final = timedelta(seconds=2)
_OCTETS = {(200, "application/octet-stream"): OpenApiResponse(OpenApiTypes.BINARY)}


class TileView(APIView):
    """One tile of hashes; it never changes."""

    renderer_classes = (OctetRenderer,)

    @extend_schema(operation_id="audit_tile", responses=_OCTETS)
    def get(self, _: Request, tile: str) -> Response:
        """Return the hashes of a tile, e.g. `0/x001/067` or `1/000.p/17` (C2SP tlog-tiles)."""
        place = _place(tile)
        if place.level == ENTRIES:
            raise NotFound("There is no such tile.")
        with transaction.atomic():
            data = served_tile(place)
        return Response(data, headers={"Cache-Control": _FOR_EVER})


class EntriesView(APIView):
    """One bundle of entries, each the bytes that were hashed."""

    renderer_classes = (OctetRenderer,)
    reader: Reader

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check the key, then that its member reads the record."""
        super().initial(request, *args, **kwargs)
        with transaction.atomic():
            self.reader = reader_of_caller(request)

    @extend_schema(operation_id="audit_entries", responses=_OCTETS)
    def get(self, request: Request, entries: str) -> Response:
        """Return a bundle of entries, e.g. `x001/067` or `000.p/17` (C2SP tlog-tiles)."""
        with transaction.atomic():
            actor = self.reader.as_actor()
            data = take_entries(actor=actor, place=_place(f"entries/{entries}"))
        headers = {"Cache-Control": _FOR_EVER, "Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            data, headers["Content-Encoding"] = gzip.compress(data, 6, mtime=0), "gzip"
        return Response(data, headers=headers)


class ReceiptView(APIView):
    """What proves to whoever caused an event that it stands in the record."""

    @extend_schema(
        operation_id="audit_receipt",
        responses=inline_serializer(
            "Receipt",
            {
                "event": serializers.CharField(),
                "index": serializers.IntegerField(),
                "leaf_hash": serializers.CharField(),
                "path": serializers.ListField(child=serializers.CharField()),
                "size": serializers.IntegerField(),
                "root": serializers.CharField(),
                "checkpoint": serializers.CharField(help_text="a C2SP signed note"),
                "verifier_key": serializers.CharField(help_text="a C2SP vkey"),
                "proof": serializers.CharField(help_text="a C2SP tlog-proof"),
            },
        ),
    )
    def get(self, _: Request, event: str) -> Response:
        """Return the receipt of an event; 409 with Retry-After until it has its place."""
        try:
            event_id = parse_public_id("ev", event)
        except InvalidId as error:
            raise NotFound("There is no such event.") from error
        with transaction.atomic():
            receipt, now = receipt_of(event_id), clock.now()
        if receipt is None:
            raise NotYet(
                "The event is recorded and gets its place within seconds.",
                not_before=now + _MERGE_DELAY,
                retry_after=int(_MERGE_DELAY.total_seconds()),
            )
        return Response(receipt.as_json())


def _place(path: str) -> Place:
    place = parse_place(path)
    if place is None:
        raise NotFound("The record has no such place.")
    return place
