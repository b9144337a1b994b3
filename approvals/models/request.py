"""What an agent wants to do, what that demands, and how it ended."""

from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import MD5, Cast, Concat

from approvals.enums import ExecutionState, Purpose, RequestStatus, StageStatus
from approvals.models.category import ActionCategory
from approvals.models.policy import PolicyVersion
from govapp.common.clock import Now
from govapp.common.ids import public_id
from govapp.common.models import Revisable, TenantForeignKey, TenantOwned
from tenants.models import Agent, Membership

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from approvals.models.vote import Vote


def _text(field: str) -> Cast:
    """JSON as text: PostgreSQL writes the same JSON in the same words."""
    return Cast(field, models.TextField())


class ActionRequest(TenantOwned):
    """An action that an agent submitted. `status` is assigned by `services/lifecycle.py` only."""

    immutable_fields = (
        "tenant_id", "purpose", "agent", "owner_at_submission", "category_key", "category",
        "reason", "sources", "submitted_at", "integration", "run_key", "run", "step", "undoes",
        "attempt_digest", "delegation", "delegation_chain", "delegation_owners",
    )  # fmt: skip
    # What an approver may change while approving, and what follows from it.
    revisable = Revisable(
        fields=(
            "summary", "payload", "payload_digest", "policy_version", "trace", "facts",
            "obligations", "target_digest", "because",
        ),
        kept_in="approvals.RequestRevision",
        reference="request",
        while_status=RequestStatus.PENDING.value,
    )  # fmt: skip

    contents_of = {
        "id": (
            "summary", "payload", "reason", "sources", "on_behalf_of", "trace", "facts", "because",
            "decision_reason", "execution_note",
        ),
    }  # fmt: skip

    purpose = models.CharField(max_length=10, choices=Purpose, default=Purpose.ACTION)
    agent = TenantForeignKey(Agent, on_delete=models.PROTECT, related_name="requests")
    # Whoever answered for the agent then stays on its side, also when it is given to another.
    # Null for requests that are older than this column: then only the present owner counts.
    owner_at_submission = TenantForeignKey(
        Membership, on_delete=models.PROTECT, null=True, related_name="+"
    )
    # The key as submitted; `category` is null when the tenant has no such category (blocked).
    category_key = models.CharField(max_length=100)
    category = TenantForeignKey(ActionCategory, on_delete=models.PROTECT, null=True)
    summary = models.CharField(max_length=500)
    payload = models.JSONField()
    # SHA-256 over the canonical JSON (RFC 8785) of everything that an approval is bound to.
    payload_digest = models.CharField(max_length=80)
    reason = models.TextField(blank=True, default="")
    sources = models.JSONField(default=list, blank=True)
    confidence = models.DecimalField(max_digits=4, decimal_places=3, null=True)
    environment = models.CharField(max_length=50, default="production")
    estimated_cost = models.JSONField(null=True)
    on_behalf_of = models.CharField(max_length=200, blank=True, default="")
    # The system that it is done on, and the task that it belongs to, as the agent names them.
    integration = models.CharField(max_length=100, blank=True, default="")
    run_key = models.CharField(max_length=100, blank=True, default="")
    # The run that was begun here and is named by it, and the step whose output is acted on.
    run = TenantForeignKey(
        "approvals.Run", on_delete=models.PROTECT, null=True, related_name="requests"
    )
    step = TenantForeignKey(
        "approvals.RunStep", on_delete=models.PROTECT, null=True, related_name="led_to"
    )
    # Under which delegation the agent asked, and who handed what to whom, as it was then.
    delegation = TenantForeignKey(
        "approvals.Delegation", on_delete=models.PROTECT, null=True, related_name="requests"
    )
    delegation_chain = models.JSONField(default=list, db_default=[])
    # Who owned the agents that handed it on, and who asked for an undo: on this agent's side.
    delegation_owners = ArrayField(models.UUIDField(), default=list, db_default=[])
    # SHA-256 (hex) of what the category's target field held; empty when it names none.
    target_digest = models.CharField(max_length=64, blank=True, default="")
    # SHA-256 (hex) of category and payload, whichever policy decides: how often it was tried.
    # Empty for what was not looked at, having been tried too often, and for older requests.
    attempt_digest = models.CharField(max_length=64, blank=True, default="", db_default="")
    # Something is held for it in the tenant's budgets, or was.
    has_reservation = models.BooleanField(default=False, db_default=False)
    traceparent = models.CharField(max_length=60, blank=True, default="")
    supersedes = TenantForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="superseded_by"
    )
    # The executed request that this one takes back.
    undoes = TenantForeignKey("self", on_delete=models.PROTECT, null=True, related_name="undone_by")
    callback_endpoint = TenantForeignKey(
        "approvals.CallbackEndpoint", on_delete=models.PROTECT, null=True, related_name="+"
    )

    policy_version = TenantForeignKey(PolicyVersion, on_delete=models.PROTECT, null=True)
    # The engine's whole trace as it was at submission: each rule, its verdict, why, the values.
    trace = models.JSONField(default=dict)
    # All that the engine knew, without the payload: a replay under other rules starts from here.
    # Null for requests that are older than this column.
    facts = models.JSONField(null=True)
    # What the matched rules attach: step-up, delay before the grant, notes, who is told.
    obligations = models.JSONField(default=dict, blank=True)
    # One sentence: why it was blocked, or which rules want approval.
    because = models.TextField(blank=True, default="")

    status = models.CharField(max_length=10, choices=RequestStatus)
    # Grows by one with every change that a reader should have seen; votes are bound to it.
    version = models.PositiveIntegerField(default=1)
    submitted_at = models.DateTimeField(db_default=Now())
    deadline_at = models.DateTimeField(null=True)  # of the stages that are open now, the earliest
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.TextField(blank=True, default="")
    decided_by_name = models.CharField(max_length=200, blank=True, default="")
    # One person approved it alone, in an emergency.
    is_break_glass = models.BooleanField(default=False)

    execution_state = models.CharField(
        max_length=12, choices=ExecutionState, default=ExecutionState.NOT_STARTED
    )
    execution_note = models.TextField(blank=True, default="")
    execution_cost = models.JSONField(null=True)
    execution_reported_at = models.DateTimeField(null=True)
    # When what it asked for was emptied, its time of keeping being over.
    forgotten_at = models.DateTimeField(null=True)

    if TYPE_CHECKING:
        requirements: RelatedManager["Requirement"]
        votes: RelatedManager[Vote]

    class Meta:
        constraints = [
            # undone once: another may follow one that came to nothing
            models.UniqueConstraint(
                fields=["tenant_id", "undoes"],
                condition=models.Q(
                    undoes__isnull=False, status__in=["pending", "allowed", "approved"]
                )
                & ~models.Q(execution_state__in=["failed", "revoked", "rolled_back"]),
                name="request_undone_once",
            )
        ]
        indexes = [
            # the requests list and the agent's own list, newest first, with each filter
            models.Index(fields=["tenant_id", "submitted_at", "id"], name="request_time"),
            models.Index(
                fields=["tenant_id", "status", "submitted_at", "id"], name="request_status"
            ),
            models.Index(fields=["tenant_id", "agent", "submitted_at", "id"], name="request_agent"),
            models.Index(
                fields=["tenant_id", "category_key", "submitted_at", "id"], name="request_category"
            ),
            # rules that look at history: the same run, the same target
            models.Index(
                fields=["tenant_id", "agent", "run_key"],
                condition=~models.Q(run_key=""),
                name="request_run",
            ),
            models.Index(
                fields=["tenant_id", "category_key", "target_digest"],
                condition=~models.Q(target_digest=""),
                name="request_target",
            ),
            # how often the same was refused, denied or failed
            models.Index(
                fields=["tenant_id", "agent", "attempt_digest"],
                condition=models.Q(status__in=["blocked", "denied"])
                | models.Q(execution_state="failed"),
                name="request_attempt",
            ),
            # what replaced a request
            models.Index(
                fields=["tenant_id", "supersedes"],
                condition=models.Q(supersedes__isnull=False),
                name="request_supersedes",
            ),
            # the requests of a run, and what takes a request back
            models.Index(
                fields=["tenant_id", "run"],
                condition=models.Q(run__isnull=False),
                name="request_of_run",
            ),
            models.Index(
                fields=["tenant_id", "undoes"],
                condition=models.Q(undoes__isnull=False),
                name="request_undoes",
            ),
            # what was asked under a delegation
            models.Index(
                fields=["tenant_id", "delegation", "submitted_at"],
                condition=models.Q(delegation__isnull=False),
                name="request_delegation",
            ),
            # the usual amount: what was granted in a category, newest first
            models.Index(
                fields=["tenant_id", "category_key", "submitted_at", "id"],
                condition=models.Q(status__in=["allowed", "approved"]),
                name="request_granted",
            ),
            # the watch: what was approved in the last day, in all tenants
            models.Index(
                fields=["decided_at"],
                condition=models.Q(status="approved"),
                name="request_approved_time",
            ),
            # the watch: where an integration was used lately, in all tenants
            models.Index(
                fields=["submitted_at"],
                condition=~models.Q(integration=""),
                name="request_on_system",
            ),
            # the inbox: what is pending, most urgent first
            models.Index(
                fields=["tenant_id", "deadline_at", "id"],
                condition=models.Q(status="pending"),
                name="request_inbox",
            ),
        ]

    def __str__(self) -> str:
        return self.summary

    @property
    def public_id(self) -> str:
        return public_id("ar", self.pk)

    @property
    def is_pending(self) -> bool:
        return self.status == RequestStatus.PENDING


class Requirement(TenantOwned):
    """What one matching rule demands of one request: its flow, frozen at submission."""

    immutable_fields = ("tenant_id", "request", "rule_id", "flow", "separation_of_duties")
    contents_of = {"request": ("sentence",)}

    request = TenantForeignKey(ActionRequest, on_delete=models.PROTECT, related_name="requirements")
    rule_id = models.CharField(max_length=100)
    sentence = models.TextField()
    flow = models.JSONField()
    separation_of_duties = models.BooleanField(default=True)
    satisfied_at = models.DateTimeField(null=True)
    # An approver changed the action, and what the rules demand of it was found anew.
    replaced_at = models.DateTimeField(null=True)

    if TYPE_CHECKING:
        stages: RelatedManager["RequirementStage"]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "request", "rule_id"],
                condition=models.Q(replaced_at__isnull=True),
                name="requirement_rule_once",
            )
        ]


class RequirementStage(TenantOwned):
    """One stage of a requirement. Its deadline is computed once, when it opens."""

    immutable_fields = ("tenant_id", "requirement", "position", "name", "seats")

    requirement = TenantForeignKey(Requirement, on_delete=models.PROTECT, related_name="stages")
    # Repeated here so that one read finds all stages of a request.
    request = TenantForeignKey(ActionRequest, on_delete=models.PROTECT, related_name="stages")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=100)
    seats = models.JSONField()  # [{"kind": "group", "ref": "finance", "count": 1}, …], frozen
    # Added by escalation or fallback, [{"kind", "ref", "count": 1}]: may fill any seat.
    added = models.JSONField(default=list)
    # Equal for all stages that mean the same people: what the inbox looks for.
    shape = models.GeneratedField(
        expression=Cast(MD5(Concat(_text("seats"), _text("added"))), models.UUIDField()),
        output_field=models.UUIDField(),
        db_persist=True,
    )
    status = models.CharField(max_length=10, choices=StageStatus, default=StageStatus.WAITING)
    opened_at = models.DateTimeField(null=True)
    deadline_at = models.DateTimeField(null=True)
    satisfied_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "requirement", "position"], name="stage_position_once"
            )
        ]
        indexes = [
            # everything about one request
            models.Index(fields=["tenant_id", "request"], name="stage_request"),
            # the inbox: which shapes are open, and the requests with stages of a shape
            models.Index(
                fields=["tenant_id", "shape", "request"],
                condition=models.Q(status="open"),
                name="stage_open_shape",
            ),
        ]


class IdempotencyKey(TenantOwned):
    """The first answer to a submission, given again to the same key with the same body."""

    immutable_fields = ("tenant_id", "agent", "key", "body_digest")

    agent = TenantForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=255)
    body_digest = models.CharField(max_length=80)
    created_at = models.DateTimeField(db_default=Now())
    # Written together with the answer; while the first is in flight an advisory lock holds the key.
    response_status = models.PositiveSmallIntegerField(null=True)
    response_body = models.JSONField(null=True)
    response_location = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "agent", "key"], name="idempotency_key_once"
            )
        ]
        indexes = [
            # forgetting keys that are older than they are promised to be kept
            models.Index(fields=["created_at"], name="idempotency_age")
        ]
