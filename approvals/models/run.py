"""An agent's task and its steps: what it read, called and wrote, and what it used for that."""

from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models

from approvals.enums import RunOutcome, StepKind, StepResult
from approvals.models.request import ActionRequest
from govapp.common.clock import Now
from govapp.common.ids import public_id
from govapp.common.models import TenantForeignKey, TenantOwned
from tenants.models import Agent

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


class Run(TenantOwned):
    """A task of an agent. Its counts and `last_seq` are changed under the row's lock only.

    `last_seq` and `last_digest` are of the newest event of this run in the record: the next one
    names both, so that a gap shows.
    """

    immutable_fields = ("tenant_id", "agent", "key", "traceparent", "started_at")
    contents_of = {"id": ("key", "title", "note")}

    agent = TenantForeignKey(Agent, on_delete=models.PROTECT, related_name="runs")
    key = models.CharField(max_length=100)  # the agent's own name for it
    title = models.CharField(max_length=200, blank=True, default="")
    traceparent = models.CharField(max_length=60, blank=True, default="")
    started_at = models.DateTimeField(db_default=Now())
    touched_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)
    outcome = models.CharField(
        max_length=10, choices=RunOutcome, blank=True, default=RunOutcome.OPEN
    )
    note = models.CharField(max_length=1000, blank=True, default="")
    step_count = models.PositiveIntegerField(default=0)
    request_count = models.PositiveIntegerField(default=0)
    # All labels that any step carries.
    labels = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    last_seq = models.PositiveIntegerField(default=0)
    last_digest = models.CharField(max_length=80, blank=True, default="")
    # When its words went because their time of keeping was over.
    forgotten_at = models.DateTimeField(null=True)

    if TYPE_CHECKING:
        steps: RelatedManager["RunStep"]
        requests: RelatedManager[ActionRequest]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "agent", "key"], name="run_key_once")
        ]
        indexes = [
            # the list, newest first
            models.Index(fields=["tenant_id", "started_at", "id"], name="run_time"),
            # those that were left open
            models.Index(
                fields=["tenant_id", "touched_at"],
                condition=models.Q(closed_at__isnull=True),
                name="run_open",
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.key

    @property
    def public_id(self) -> str:
        return public_id("run", self.pk)

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


class RunStep(TenantOwned):
    """One node of a run's graph. Written once: digests of what went in and out, no contents."""

    append_only = True
    contents_of = {"run": ("key", "title", "source")}

    run = TenantForeignKey(Run, on_delete=models.PROTECT, related_name="steps")
    number = models.PositiveIntegerField()
    key = models.CharField(max_length=100)  # the agent's own name for it
    body_digest = models.CharField(max_length=80)  # of all that the agent said of it
    kind = models.CharField(max_length=12, choices=StepKind)
    result = models.CharField(max_length=8, choices=StepResult, default=StepResult.DONE)
    title = models.CharField(max_length=200, blank=True, default="")
    # {"kind", "title", "uri", "digest"}: a document, a query, an index; {} when it is none.
    source = models.JSONField(default=dict, blank=True)
    input_digest = models.CharField(max_length=80, blank=True, default="")
    output_digest = models.CharField(max_length=80, blank=True, default="")
    # What it brought in, and with it what came in through everything that it used.
    labels = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    carried = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    integration = models.CharField(max_length=100, blank=True, default="")
    model = models.CharField(max_length=100, blank=True, default="")
    cost = models.JSONField(null=True)  # {"amount", "currency"}
    tokens_in = models.PositiveBigIntegerField(null=True)
    tokens_out = models.PositiveBigIntegerField(null=True)
    # The decision that it acts on.
    request = TenantForeignKey(
        ActionRequest, on_delete=models.PROTECT, null=True, related_name="acting_steps"
    )
    recorded_at = models.DateTimeField(db_default=Now())

    if TYPE_CHECKING:
        inputs: RelatedManager["RunStepInput"]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "run", "key"], name="step_key_once"),
            models.UniqueConstraint(fields=["tenant_id", "run", "number"], name="step_number_once"),
        ]

    def __str__(self) -> str:
        return self.title or self.key

    @property
    def public_id(self) -> str:
        return public_id("step", self.pk)


class RunStepInput(TenantOwned):
    """An edge: a step used what an earlier one gave."""

    append_only = True

    run = TenantForeignKey(Run, on_delete=models.PROTECT, related_name="edges")
    step = TenantForeignKey(RunStep, on_delete=models.PROTECT, related_name="inputs")
    origin = TenantForeignKey(RunStep, on_delete=models.PROTECT, related_name="uses")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "step", "origin"], name="step_input_once")
        ]
        indexes = [
            # all edges of a run
            models.Index(fields=["tenant_id", "run"], name="step_input_run")
        ]
