"""Statuses, and the table of legal moves. A leaf: it imports nothing of ours."""

from typing import Final

from django.db import models


class Risk(models.TextChoices):
    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"
    CRITICAL = "critical", "Critical"


class RequestStatus(models.TextChoices):
    """How a request stands. It only moves forward; execution is a field of its own."""

    PENDING = "pending", "Waiting for approval"
    ALLOWED = "allowed", "Allowed by rule"
    BLOCKED = "blocked", "Blocked"
    APPROVED = "approved", "Approved"
    DENIED = "denied", "Denied"
    RETURNED = "returned", "Sent back"
    EXPIRED = "expired", "Expired"
    CANCELLED = "cancelled", "Cancelled"

    @property
    def is_final(self) -> bool:
        return self is not RequestStatus.PENDING

    @property
    def is_grantable(self) -> bool:
        return self in (RequestStatus.ALLOWED, RequestStatus.APPROVED)


# From the empty status a request is born; from `pending` it ends; nothing else moves.
LEGAL_MOVES: Final[frozenset[tuple[RequestStatus | None, RequestStatus]]] = frozenset(
    {
        (None, RequestStatus.PENDING),
        (None, RequestStatus.ALLOWED),
        (None, RequestStatus.BLOCKED),
        (RequestStatus.PENDING, RequestStatus.APPROVED),
        (RequestStatus.PENDING, RequestStatus.DENIED),
        (RequestStatus.PENDING, RequestStatus.RETURNED),
        (RequestStatus.PENDING, RequestStatus.EXPIRED),
        (RequestStatus.PENDING, RequestStatus.CANCELLED),
    }
)


class Purpose(models.TextChoices):
    """What a request is for. Only an action may ever be executed."""

    ACTION = "action", "Action"
    DRILL = "drill", "Drill"  # everybody sees that it is one
    CANARY = "canary", "Canary"  # only compliance sees that it is one


class ExecutionState(models.TextChoices):
    """What became of the permission."""

    NOT_STARTED = "not_started", "Not started"
    GRANTED = "granted", "Permission issued"
    REDEEMED = "redeemed", "Permission used"
    SUCCEEDED = "succeeded", "Done"
    FAILED = "failed", "Failed"
    ROLLED_BACK = "rolled_back", "Rolled back"
    REVOKED = "revoked", "Permission withdrawn"
    UNKNOWN = "unknown", "Outcome unknown"


LEGAL_EXECUTION_MOVES: Final[frozenset[tuple[ExecutionState, ExecutionState]]] = frozenset(
    {
        (ExecutionState.NOT_STARTED, ExecutionState.GRANTED),
        (ExecutionState.NOT_STARTED, ExecutionState.REVOKED),
        (ExecutionState.GRANTED, ExecutionState.REDEEMED),
        (ExecutionState.GRANTED, ExecutionState.REVOKED),
        (ExecutionState.REDEEMED, ExecutionState.SUCCEEDED),
        (ExecutionState.REDEEMED, ExecutionState.FAILED),
        (ExecutionState.REDEEMED, ExecutionState.ROLLED_BACK),
        (ExecutionState.REDEEMED, ExecutionState.UNKNOWN),
        (ExecutionState.UNKNOWN, ExecutionState.SUCCEEDED),
        (ExecutionState.UNKNOWN, ExecutionState.FAILED),
        (ExecutionState.UNKNOWN, ExecutionState.ROLLED_BACK),
        (ExecutionState.SUCCEEDED, ExecutionState.ROLLED_BACK),
        (ExecutionState.FAILED, ExecutionState.ROLLED_BACK),
    }
)


class StageStatus(models.TextChoices):
    WAITING = "waiting", "Waiting for the stage before"
    OPEN = "open", "Open"
    SATISFIED = "satisfied", "Satisfied"
    CLOSED = "closed", "Closed"  # the request ended first


class Verdict(models.TextChoices):
    APPROVE = "approve", "Approve"
    DENY = "deny", "Deny"
    RETURN = "return", "Send back"


class VoteChannel(models.TextChoices):
    PAGE = "page", "In Govapp"
    INBOX = "inbox", "From the inbox's list"
    LINK = "link", "From a link"
    SLACK = "slack", "In Slack"


class VoidedBecause(models.TextChoices):
    """Why a vote that was cast does not count any more."""

    WITHDRAWN = "withdrawn", "Withdrawn by its voter"
    CHANGED = "changed", "The action was changed"


class ReviewOutcome(models.TextChoices):
    """What somebody else finds of an emergency approval."""

    JUSTIFIED = "justified", "Justified"
    NOT_JUSTIFIED = "not_justified", "Not justified"


class TimerKind(models.TextChoices):
    REMIND = "remind", "Reminder"
    ESCALATE = "escalate", "Escalation"
    EXPIRE = "expire", "Expiry"
    RECONCILE = "reconcile", "Outcome overdue"
    REVIEW = "review", "Review of an emergency approval due"


class TimerStatus(models.TextChoices):
    ARMED = "armed", "Armed"
    FIRED = "fired", "Fired"
    SKIPPED = "skipped", "Skipped, late"  # a later level was due as well
    SUPERSEDED = "superseded", "Superseded"  # the request has moved on


class PolicyStatus(models.TextChoices):
    """How a version stands: reviewed by somebody else, then live at its time, then history.

    A draft is no version yet (`PolicyDraft`). Running in shadow is a field of its own.
    """

    IN_REVIEW = "in_review", "In review"
    SCHEDULED = "scheduled", "Scheduled"
    LIVE = "live", "Live"
    ARCHIVED = "archived", "Archived"
    REJECTED = "rejected", "Rejected"
    WITHDRAWN = "withdrawn", "Withdrawn"


class ReviewVerdict(models.TextChoices):
    """What somebody with compliance says to a version in review."""

    APPROVE = "approve", "Approved"
    REJECT = "reject", "Rejected"


class PolicyEffect(models.TextChoices):
    """What a version does to what needs approval, beside the version that it replaces."""

    TIGHTENS = "tightens", "Tightens"
    WEAKENS = "weakens", "Weakens"
    BOTH = "both", "Tightens and weakens"
    SAME = "same", "Changes no outcome"
    UNKNOWN = "unknown", "Not known"


class SimulationStatus(models.TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class DeliveryStatus(models.TextChoices):
    """Where an outbox row stands."""

    QUEUED = "queued", "Queued"
    SENT = "sent", "Sent"
    FAILED = "failed", "Given up"
    DROPPED = "dropped", "No longer needed"


class NotificationKind(models.TextChoices):
    REQUESTED = "requested", "Your approval is needed"
    REMINDER = "reminder", "Reminder"
    ESCALATED = "escalated", "Escalated to you"
    DECIDED = "decided", "Decided"
    ALERT = "alert", "Alert"
    INFORMED = "informed", "For your information"  # asks nothing
    COMMENTED = "commented", "Discussion"
    BREAK_GLASS = "break_glass", "Approved in an emergency"
    REVIEW_DUE = "review_due", "Review due"


class NotificationChannel(models.TextChoices):
    EMAIL = "email", "E-mail"
    SLACK = "slack", "Slack"
    TEAMS = "teams", "Microsoft Teams"
    PUSH = "push", "On this device"


class HeldFor(models.TextChoices):
    """Why a message waits although nothing is wrong."""

    NOTHING = "", "Not held"
    QUIET_HOURS = "quiet", "Quiet hours"
    DIGEST = "digest", "Digest"


class Digest(models.TextChoices):
    """How messages that are not urgent are gathered for one person."""

    OFF = "off", "One by one"
    HOURLY = "hourly", "Once an hour"
    DAILY = "daily", "Once a day"


class CommentKind(models.TextChoices):
    COMMENT = "comment", "Comment"
    QUESTION = "question", "Question to the agent's owner"
    ANSWER = "answer", "Answer"


class GuardrailStatus(models.TextChoices):
    """Where a state of the guardrails stands."""

    DRAFT = "draft", "Draft"
    LIVE = "live", "In force"
    FORMER = "former", "Formerly in force"
    DISCARDED = "discarded", "Discarded"


class ModelCallStatus(models.TextChoices):
    """Where a call of a model through the gateway stands."""

    OPEN = "open", "Running"
    ANSWERED = "answered", "Answered"
    REFUSED = "refused", "Refused"  # before anything was sent on
    STOPPED = "halted", "Stopped"  # by a guardrail or a switch, while it was answered
    FAILED = "failed", "Failed"  # the model's service did not answer, or not well
    LEFT = "given_up", "Given up"  # the agent hung up
    LOST = "lost", "Lost"  # nobody said how it ended


class StepKind(models.TextChoices):
    """What a step of a run did."""

    RETRIEVAL = "retrieval", "Retrieval"
    MEMORY_READ = "memory_read", "Memory read"
    MEMORY_WRITE = "memory_write", "Memory written"
    MODEL_CALL = "model_call", "Model call"
    TOOL_CALL = "tool_call", "Tool call"
    SYNTHESIS = "synthesis", "Synthesis"
    DATA_WRITE = "data_write", "Data written"
    HANDOFF = "handoff", "Handed on"


class StepResult(models.TextChoices):
    """How a step ended."""

    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    STOPPED = "stopped", "Stopped"  # a rule, a guardrail or a person held it


class RunOutcome(models.TextChoices):
    """How a run ended: as its agent said, or left open for a day."""

    OPEN = "", "Open"
    SUCCEEDED = "succeeded", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    LEFT_OPEN = "left_open", "Left open"


class SpendState(models.TextChoices):
    """What became of the part of a delegation's budget that a request holds."""

    RESERVED = "reserved", "Reserved"
    SETTLED = "settled", "Settled"
    RELEASED = "released", "Given back"
