"""The baseline: the same submission as somebody writes it in an afternoon with DRF and the ORM.

Serializer in, one `save()` a row, serializer out; plain Django middleware; the same tables, the
same row-level security, the same policy engine, the same server in front. Not used by the product.
"""

import hashlib
import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "govapp.bench.naive_settings")

from django.core.wsgi import get_wsgi_application  # isort: skip

_wsgi = get_wsgi_application()

from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from approvals.digests import payload_digest
from approvals.facts import facts_of
from approvals.models import ActionCategory, ActionRequest, IdempotencyKey, PolicyVersion
from approvals.policies import Evaluation, evaluate
from approvals.selectors.policies import compiled
from approvals.services.submission import Submission
from audit.models import LedgerEvent, LedgerQueueItem
from govapp.common.asgi.bridge import Bridge, Receive, Scope, Send
from govapp.common.tenancy import tenant_transaction
from tenants.doors import credential_by_prefix
from tenants.keys import prefix_of
from tenants.models import Agent, Tenant


class SubmissionSerializer(serializers.Serializer[Any]):
    category = serializers.CharField(max_length=100)
    summary = serializers.CharField(max_length=500)
    payload = serializers.JSONField()
    reason = serializers.CharField(max_length=5000, required=False, default="")


class RequestSerializer(serializers.ModelSerializer[ActionRequest]):
    class Meta:
        model = ActionRequest
        fields = [
            "id", "status", "category_key", "summary", "payload_digest", "environment",
            "submitted_at", "deadline_at", "decided_at", "because",
        ]  # fmt: skip


class Submit(APIView):
    authentication_classes = ()
    permission_classes = ()

    def post(self, request: Request) -> Response:
        key = request.headers["Authorization"].removeprefix("Bearer ")
        found = credential_by_prefix.call(prefix_of(key) or "")
        if not found or bytes(found[0]["secret_hash"]) != hashlib.sha256(key.encode()).digest():
            raise AuthenticationFailed
        serializer = SubmissionSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        with tenant_transaction(found[0]["tenant_id"]):
            agent = Agent.objects.select_related("owner").get(pk=found[0]["agent_id"])
            made = submit(agent, serializer.validated_data, request.headers["Idempotency-Key"])
        return Response(made, status=201)


def submit(agent: Agent, data: dict[str, Any], key: str) -> dict[str, Any]:
    kept, is_new = IdempotencyKey.objects.get_or_create(agent=agent, key=key)
    if not is_new:
        return kept.response_body or {}
    category = ActionCategory.objects.get(key=data["category"])
    version = PolicyVersion.objects.get(status="live")
    evaluation = judge(agent, data, category, version)
    request = ActionRequest.objects.create(
        agent=agent,
        category=category,
        category_key=category.key,
        summary=data["summary"],
        payload=data["payload"],
        reason=data["reason"],
        payload_digest=payload_digest(
            category=category.key,
            payload=data["payload"],
            agent=agent.public_id,
            tenant=str(agent.tenant_id),
            environment="production",
            policy_version=version.number,
        ),
        policy_version=version,
        trace=evaluation.to_dict(),
        because=evaluation.because,
        status="allowed",
        decided_at=timezone.now(),
    )
    for kind in ("action_request.submitted", "action_request.allowed"):
        note(kind, request, agent)
    body = dict(RequestSerializer(request).data)
    kept.response_status, kept.response_body = 201, {**body, "id": str(body["id"])}
    kept.save()
    return body


def judge(
    agent: Agent, data: dict[str, Any], category: ActionCategory, version: PolicyVersion
) -> Evaluation:
    tenant = Tenant.objects.get(pk=agent.tenant_id)
    facts = facts_of(
        agent=agent,
        agent_status=agent.status,
        submission=Submission(category.key, data["summary"], data["payload"]),
        category=category,
        payload_errors=(),
        time_zone=tenant.time_zone,
        now=timezone.now(),
    )
    return evaluate(compiled(version), facts)


def note(kind: str, request: ActionRequest, agent: Agent) -> None:
    event = LedgerEvent.objects.create(
        type=kind,
        occurred_at=timezone.now(),
        actor_kind="agent",
        actor_id=agent.public_id,
        subject_type="action_request",
        subject_id=request.public_id,
        request_id=request.pk,
        body=repr((kind, request.payload, request.summary, request.trace)).encode(),
    )
    LedgerQueueItem.objects.create(event=event)


def healthz(_: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


urlpatterns = [path("submit", Submit.as_view()), path("healthz", healthz)]
_bridge = Bridge(_wsgi)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve through the same bridge, so that only the code differs."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        _bridge.shut_down(connections.close_all)
        await send({"type": "lifespan.shutdown.complete"})
    else:
        await _bridge(scope, receive, send)
