"""Callbacks (Standard Webhooks): endpoints, and deliveries as rows in the outbox."""

from datetime import UTC, timedelta
from typing import Any, Final

from django.db import transaction

from approvals.audit_events import configuration as events
from approvals.audit_events.messages import callback_replayed
from approvals.callback_urls import require_usable_url
from approvals.enums import DeliveryStatus
from approvals.models import ActionRequest, CallbackDelivery, CallbackEndpoint
from govapp.common import clock
from govapp.common.errors import Conflict, FieldError, Invalid
from govapp.common.queue import enqueue_on_commit
from govapp.common.sealing import seal
from govapp.common.webhooks import new_secret
from govapp.common.writing import insert
from tenants.models import Membership
from tenants.rules import may_manage_agents, require

MAX_OVERLAP: Final = timedelta(days=30)


def queue_callbacks(*, request: ActionRequest, event_type: str) -> None:
    """Queue `event_type` (`action_request.approved` …) to the request's endpoint, if it has one."""
    endpoint = request.callback_endpoint
    if endpoint is None or not endpoint.is_enabled:
        return
    delivery = CallbackDelivery(
        endpoint=endpoint,
        request=request,
        event_type=event_type,
        body=_body(request, event_type),
    )
    insert(delivery, skip_conflicts=True)
    enqueue_on_commit(
        "approvals.deliver_callback", tenant_id=delivery.tenant_id, delivery_id=delivery.pk
    )


@transaction.atomic
def create_endpoint(
    *, actor: Membership, url: str, description: str = ""
) -> tuple[CallbackEndpoint, str]:
    """Register an address for callbacks; return it with its secret, which is shown once.

    Raises `Forbidden` (needs `owner`) and `Invalid`.
    """
    _require_manager(actor)
    require_usable_url(url)
    _check_description(description)
    secret = new_secret()
    endpoint = CallbackEndpoint(
        url=url, description=description, secret_sealed=seal(secret.encode())
    )
    endpoint.save(force_insert=True)
    events.endpoint_changed(actor=actor, endpoint=endpoint, what="created")
    return endpoint, secret


@transaction.atomic
def change_endpoint(
    *,
    actor: Membership,
    endpoint: CallbackEndpoint,
    url: str | None = None,
    description: str | None = None,
    is_enabled: bool | None = None,
) -> CallbackEndpoint:
    """Change where callbacks go, what it is called, or whether it is used."""
    _require_manager(actor)
    endpoint = CallbackEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    if url is not None:
        require_usable_url(url)
        endpoint.url = url
    if description is not None:
        _check_description(description)
        endpoint.description = description
    if is_enabled is not None:
        endpoint.is_enabled = is_enabled
    endpoint.save(update_fields=["url", "description", "is_enabled"])
    events.endpoint_changed(actor=actor, endpoint=endpoint, what="changed")
    return endpoint


@transaction.atomic
def rotate_secret(*, actor: Membership, endpoint: CallbackEndpoint, overlap: timedelta) -> str:
    """Give the endpoint a new secret and return it; the former one signs too for `overlap`."""
    _require_manager(actor)
    if not timedelta(0) <= overlap <= MAX_OVERLAP:
        raise Invalid("Choose an overlap of at most 30 days.")
    endpoint = CallbackEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    secret = new_secret()
    endpoint.former_secret_sealed = endpoint.secret_sealed
    endpoint.former_secret_until = clock.now() + overlap
    endpoint.secret_sealed = seal(secret.encode())
    endpoint.save(update_fields=["former_secret_sealed", "former_secret_until", "secret_sealed"])
    events.endpoint_changed(actor=actor, endpoint=endpoint, what="secret_rotated")
    return secret


@transaction.atomic
def replay_delivery(*, actor: Membership, delivery: CallbackDelivery) -> CallbackDelivery:
    """Send a callback once more that was delivered, given up or dropped.

    Body and id stay the same, so that a receiver which has it already recognises it. Raises
    `Forbidden` (needs `owner`) and `Conflict` while it is queued or its endpoint is disabled.
    """
    _require_manager(actor)
    rows = CallbackDelivery.objects.select_related("endpoint", "request")
    delivery = rows.select_for_update(of=("self",)).get(pk=delivery.pk)
    if delivery.status == DeliveryStatus.QUEUED:
        raise Conflict("This callback is on its way already.")
    if not delivery.endpoint.is_enabled:
        raise Conflict("Enable the endpoint first; nothing is sent to it now.")
    former = delivery.status
    delivery.status = DeliveryStatus.QUEUED
    delivery.attempts = 0
    delivery.next_attempt_at = clock.now()
    delivery.save(update_fields=["status", "attempts", "next_attempt_at"])
    callback_replayed(actor=actor, delivery=delivery, former=former)
    enqueue_on_commit(
        "approvals.deliver_callback", tenant_id=delivery.tenant_id, delivery_id=delivery.pk
    )
    return delivery


def _body(request: ActionRequest, event_type: str) -> dict[str, Any]:
    """The message: which request, and how it stands now. Its content is read through the API."""
    return {
        "type": event_type,
        "timestamp": clock.now().astimezone(UTC).isoformat(timespec="seconds"),
        "data": {
            "id": request.public_id,
            "status": request.status,
            "version": request.version,
            "category": request.category_key,
            "payload_digest": request.payload_digest,
            "reason": request.decision_reason,
            "execution": {"state": request.execution_state},
        },
    }


def _require_manager(actor: Membership) -> None:
    require(may_manage_agents(actor), "Only owners manage callbacks.")


def _check_description(description: str) -> None:
    if len(description) > 200 or "\0" in description:
        raise Invalid(
            "The description is not valid.",
            errors=[FieldError("/description", "Write at most 200 characters.")],
        )
