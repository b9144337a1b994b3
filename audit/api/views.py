"""Proofs over HTTP. Any key of the tenant may read them: they hold no content of an event."""

from typing import Any

from django.db import transaction
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    inline_serializer,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.selectors.proofs import (
    inclusion_json,
    latest_checkpoint,
    prove_event,
    prove_growth,
    verifier_keys,
)
from govapp.common.api.renderers import JSONRenderer, NoteRenderer
from govapp.common.errors import Conflict, Malformed, NotFound
from govapp.common.ids import InvalidId, parse_public_id

_HASHES = serializers.ListField(child=serializers.CharField())


class CheckpointView(APIView):
    """The latest signed checkpoint of the tenant's record: a note, or JSON for who asks for it."""

    renderer_classes = (NoteRenderer, JSONRenderer)

    @extend_schema(
        operation_id="audit_checkpoint",
        responses={
            (200, "text/plain"): OpenApiResponse(str, description="a C2SP signed note"),
            (200, "application/json"): inline_serializer(
                "Checkpoint",
                {
                    "size": serializers.IntegerField(),
                    "root": serializers.CharField(help_text="hexadecimal SHA-256"),
                    "checkpoint": serializers.CharField(help_text="a C2SP signed note"),
                    "verifier_key": serializers.CharField(help_text="a C2SP vkey"),
                    "verifier_keys": inline_serializer(
                        "VerifierKeys",
                        {
                            "verifier_key": serializers.CharField(help_text="a C2SP vkey"),
                            "from_size": serializers.IntegerField(),
                            "until_size": serializers.IntegerField(allow_null=True),
                        },
                        many=True,
                    ),
                },
            ),
        },
    )
    def get(self, request: Request) -> Response:
        """Return the signed note (C2SP tlog-checkpoint); as JSON with every key there has been."""
        with transaction.atomic():
            found, keys = latest_checkpoint(), verifier_keys()
        if found is None:
            raise NotFound("Nothing has been recorded yet.")
        if request.accepted_renderer.format == NoteRenderer.format:
            return Response(found.note)
        return Response(
            {
                "size": found.size,
                "root": found.root.hex(),
                "checkpoint": found.note,
                "verifier_key": found.vkey,
                "verifier_keys": [
                    {
                        "verifier_key": key.vkey,
                        "from_size": key.from_size,
                        "until_size": key.until_size,
                    }
                    for key in keys
                ],
            }
        )


class InclusionView(APIView):
    """That one event stands in the record."""

    @extend_schema(
        operation_id="audit_proof_inclusion",
        parameters=[OpenApiParameter("event", str, required=True)],
        responses=inline_serializer(
            "InclusionProof",
            {
                "event": serializers.CharField(),
                "index": serializers.IntegerField(),
                "leaf_hash": serializers.CharField(),
                "path": _HASHES,
                "size": serializers.IntegerField(),
                "root": serializers.CharField(),
                "checkpoint": serializers.CharField(),
                "verifier_key": serializers.CharField(),
            },
        ),
    )
    def get(self, request: Request) -> Response:
        """Return the audit path of an event (RFC 9162) with its signed checkpoint."""
        name = request.query_params.get("event", "")
        try:
            event_id = parse_public_id("ev", name)
        except InvalidId as error:
            raise Malformed(str(error)) from error
        with transaction.atomic():
            inclusion = prove_event(event_id)
        if inclusion is None:
            raise Conflict("The event is recorded and gets its place within seconds; ask again.")
        return Response(inclusion_json(name, inclusion))


class ConsistencyView(APIView):
    """That the record at one size begins the record at a later one."""

    @extend_schema(
        operation_id="audit_proof_consistency",
        parameters=[
            OpenApiParameter("from", int, required=True),
            OpenApiParameter("to", int, required=True),
        ],
        responses=inline_serializer(
            "ConsistencyProof",
            {
                "from": serializers.IntegerField(),
                "to": serializers.IntegerField(),
                "path": _HASHES,
            },
        ),
    )
    def get(self, request: Request) -> Response:
        """Return the consistency proof between two tree sizes (RFC 9162)."""
        old, new = (_size(request.query_params.get(name, ""), name) for name in ("from", "to"))
        with transaction.atomic():
            path = prove_growth(old, new)
        body: dict[str, Any] = {"from": old, "to": new, "path": [step.hex() for step in path]}
        return Response(body)


def _size(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Malformed(f"`{name}` is a tree size: a whole number.")
    return int(text)
