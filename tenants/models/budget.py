"""What agents may spend: limits, what was used of them, what is held for whom, what was spent."""

from django.db import models

from govapp.common.clock import Now
from govapp.common.ids import public_id
from govapp.common.models import TenantForeignKey, TenantOwned
from tenants.enums import BudgetScope, OnExceed, Period, ReservationState, SpendSource
from tenants.models.agent import Agent
from tenants.models.people import Membership


class Budget(TenantOwned):
    """A limit on money, tokens or actions within a period. What it is about never changes."""

    never_removed = True
    immutable_fields = (
        "tenant_id", "scope", "ref", "measure", "period", "cost_class", "created_by", "created_at",
    )  # fmt: skip

    scope = models.CharField(max_length=12, choices=BudgetScope)
    # Whom it is about: an agent's id, an integration, a pattern of categories, a run; "*" for each
    # one by itself; empty for the tenant as a whole.
    ref = models.CharField(max_length=150, blank=True, default="")
    # `money:EUR` (ISO 4217), `tokens` or `count`.
    measure = models.CharField(max_length=9)
    period = models.CharField(max_length=5, choices=Period)
    # Counts only what is of a category with this cost class; empty: everything.
    cost_class = models.CharField(max_length=10, blank=True, default="")
    limit = models.DecimalField(max_digits=30, decimal_places=6)
    on_exceed = models.CharField(max_length=8, choices=OnExceed)
    # Percent of the limit from which on it warns; null: it does not.
    warn_at = models.PositiveSmallIntegerField(null=True)
    is_active = models.BooleanField(default=True)
    created_by = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            # every submission: those that hold
            models.Index(
                fields=["tenant_id"], condition=models.Q(is_active=True), name="budget_active"
            )
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(limit__gt=0), name="budget_has_limit")
        ]

    @property
    def public_id(self) -> str:
        return public_id("bud", self.pk)


class BudgetChange(TenantOwned):
    """A change that loosens a budget waits here for a second person."""

    never_removed = True
    immutable_fields = (
        "tenant_id", "budget", "limit", "on_exceed", "warn_at", "is_active", "asked_by", "asked_at",
    )  # fmt: skip
    words_of = {"asked_by": ("reason",)}

    budget = TenantForeignKey(Budget, on_delete=models.PROTECT, related_name="changes")
    limit = models.DecimalField(max_digits=30, decimal_places=6)
    on_exceed = models.CharField(max_length=8, choices=OnExceed)
    warn_at = models.PositiveSmallIntegerField(null=True)
    is_active = models.BooleanField()
    reason = models.CharField(max_length=300)
    asked_by = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(db_default=Now())
    answered_by = TenantForeignKey(
        Membership, on_delete=models.PROTECT, related_name="+", null=True
    )
    answered_at = models.DateTimeField(null=True)
    is_confirmed = models.BooleanField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "budget"],
                condition=models.Q(answered_at__isnull=True),
                name="budget_one_change_open",
            )
        ]

    @property
    def public_id(self) -> str:
        return public_id("buc", self.pk)


class BudgetUse(TenantOwned):
    """What is used of a budget in one window, by one of those whom it counts."""

    immutable_fields = ("tenant_id", "budget", "ref", "starts_at")

    budget = TenantForeignKey(Budget, on_delete=models.PROTECT, related_name="uses")
    ref = models.CharField(max_length=200, blank=True, default="")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    reserved = models.DecimalField(max_digits=30, decimal_places=6, default=0)
    settled = models.DecimalField(max_digits=30, decimal_places=6, default=0)
    warned_at = models.DateTimeField(null=True)
    exceeded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # the present window of a budget, and what a reservation is added to
            models.UniqueConstraint(
                fields=["tenant_id", "budget", "ref", "starts_at"], name="budget_use_once"
            ),
            models.CheckConstraint(
                condition=models.Q(reserved__gte=0), name="budget_use_not_below_nothing"
            ),
        ]
        indexes = [
            # how full the budgets were in a period
            models.Index(fields=["tenant_id", "ends_at"], name="budget_use_time"),
            # the runs that wanted more than there was, in a period
            models.Index(
                fields=["tenant_id", "exceeded_at"],
                condition=models.Q(ends_at=None, exceeded_at__isnull=False),
                name="budget_use_run_passed",
            ),
        ]

    @property
    def public_id(self) -> str:
        return public_id("use", self.pk)


class Reservation(TenantOwned):
    """What is held for one thing until it is known what it came to."""

    immutable_fields = ("tenant_id", "holder", "agent", "created_at")

    # Whose it is: the public id of a request, or what else was told.
    holder = models.CharField(max_length=80)
    agent = TenantForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    category = models.CharField(max_length=100, blank=True, default="")
    integration = models.CharField(max_length=100, blank=True, default="")
    run = models.CharField(max_length=100, blank=True, default="")
    cost_class = models.CharField(max_length=10, blank=True, default="")
    wanted = models.JSONField()
    spent = models.JSONField(null=True)
    # [{"use", "budget", "measure", "reserved", "settled"}, …], amounts as text.
    lines = models.JSONField(default=list)
    state = models.CharField(max_length=8, choices=ReservationState, default=ReservationState.OPEN)
    created_at = models.DateTimeField(db_default=Now())
    # When it is given back unless something is heard; null: not by itself.
    expires_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "holder"], name="reservation_holder_once")
        ]
        indexes = [
            # what nothing was heard of, in all tenants
            models.Index(
                fields=["expires_at"],
                condition=models.Q(state="open", expires_at__isnull=False),
                name="reservation_expiry",
            )
        ]

    @property
    def public_id(self) -> str:
        return public_id("rsv", self.pk)


class SpendEntry(TenantOwned):
    """Something that was spent. A correction is an entry of its own, which may be negative."""

    append_only = True

    agent = TenantForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    category = models.CharField(max_length=100, blank=True, default="")
    integration = models.CharField(max_length=100, blank=True, default="")
    run = models.CharField(max_length=100, blank=True, default="")
    holder = models.CharField(max_length=80, blank=True, default="")
    source = models.CharField(max_length=10, choices=SpendSource)
    currency = models.CharField(max_length=3, blank=True, default="")
    amount = models.DecimalField(max_digits=30, decimal_places=6, default=0)
    tokens = models.BigIntegerField(default=0)
    count = models.IntegerField(default=0)
    # Nothing was reported: what was reserved is taken for spent.
    is_as_reserved = models.BooleanField(default=False)
    spent_at = models.DateTimeField()

    class Meta:
        indexes = [
            # the costs of a period
            models.Index(fields=["tenant_id", "spent_at"], name="spend_time")
        ]

    @property
    def public_id(self) -> str:
        return public_id("sp", self.pk)
