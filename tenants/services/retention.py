"""How the time of keeping is held to: its minimum, whether it may become shorter, who prunes."""

from django.db import transaction

from tenants import rules
from tenants.audit_events import people as events
from tenants.models import Membership, Tenant
from tenants.retention import minimums_of_tenant
from tenants.services.checks import fault


def check_long_enough(tenant: Tenant, days: int) -> None:
    """Raise `Invalid` when records may not be kept for so few days."""
    for minimum in minimums_of_tenant():
        if days < minimum.days:
            raise fault(
                "retention_days", f"At least {minimum.days} days are asked for: {minimum.why}."
            )
    now = tenant.retention_days
    if tenant.retention_only_longer and now is not None and days < now:
        raise fault(
            "retention_days",
            f"It is {now} days, and was set to become only longer from then on (SEC 17a-4).",
        )


@transaction.atomic
def set_daily_pruning(*, actor: Membership, is_on: bool) -> Tenant:
    """Say whether what is over age goes by itself every day, and return the tenant.

    Raises `Forbidden` unless the actor is compliance or an owner, `Invalid` while no time of
    keeping is set.
    """
    rules.require(
        rules.may_set_retention(actor), "Only compliance or an owner sets how long records stay."
    )
    tenant = Tenant.objects.select_for_update().get()
    if is_on and tenant.retention_days is None:
        raise fault("retention_days", "Say first for how many days records are kept.")
    if tenant.prunes_daily != is_on:
        tenant.prunes_daily = is_on
        tenant.save(update_fields=["prunes_daily"])
        events.daily_pruning_switched(actor=actor, tenant=tenant)
    return tenant


@transaction.atomic
def lock_retention(*, actor: Membership) -> Tenant:
    """Let the time of keeping become only longer from now on; nobody takes that back.

    Raises `Forbidden` unless the actor is an owner, `Invalid` while no time of keeping is set.
    """
    rules.require(rules.may_change_settings(actor), "Only an owner fixes the time of keeping.")
    tenant = Tenant.objects.select_for_update().get()
    if tenant.retention_days is None:
        raise fault("retention_days", "Say first for how many days records are kept.")
    if not tenant.retention_only_longer:
        tenant.retention_only_longer = True
        tenant.save(update_fields=["retention_only_longer"])
        events.retention_locked(actor=actor, tenant=tenant)
    return tenant
