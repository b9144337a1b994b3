"""Telling people: rows in the outbox, written with the change; sent by `tasks.py` afterwards."""

from collections.abc import Sequence

from approvals.models import ActionRequest, RequirementStage, Timer


def notify_stage_opened(*, stage: RequirementStage) -> None:
    """Ask everybody who may fill a seat of this stage."""


def notify_reminder(*, stage: RequirementStage, timer: Timer) -> None:
    """Remind those who may still fill a seat of this stage and have not voted."""


def notify_escalated(
    *, stage: RequirementStage, timer: Timer, added: Sequence[dict[str, str]]
) -> None:
    """Ask the people whom an escalation added, and tell the first ones that it happened."""


def notify_decided(*, request: ActionRequest) -> None:
    """Tell everybody who was asked how it ended."""


def alert_compliance(
    *, request: ActionRequest | None, subject: str, text: str, dedup_key: str
) -> None:
    """Alert the members with the `compliance` role: something needs a person's eyes."""
