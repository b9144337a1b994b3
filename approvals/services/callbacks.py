"""Callbacks (Standard Webhooks): endpoints, and deliveries as rows in the outbox."""

from approvals.models import ActionRequest


def queue_callbacks(*, request: ActionRequest, event_type: str) -> None:
    """Queue `event_type` (`action_request.approved` …) to the request's endpoint, if it has one."""
