"""Customer accounts: making one, its settings, closing and opening it."""

from collections.abc import Callable
from datetime import time
from typing import Any, Final

from django.db import IntegrityError, transaction

from audit.actors import Actor
from govapp.common.errors import Conflict, Malformed, NotFound
from govapp.common.ids import new_id
from govapp.common.tenancy import bind_tenant, tenant_transaction
from govapp.common.zones import time_zones
from tenants import rules
from tenants.audit_events import people as events
from tenants.audit_events.words import Change, in_words
from tenants.doors import tenant_by_slug
from tenants.enums import Role
from tenants.models import ApproverGroup, Membership, Tenant, User
from tenants.office_hours import WEEK, holiday_countries
from tenants.services.checks import clean_slug, clean_text, fault
from tenants.services.retention import check_long_enough

_LABELS: Final = {
    "name": "name",
    "time_zone": "time zone",
    "link_voting": "deciding from an e-mailed link without a login",
    "single_person_publishing": "publishing by the person who proposed",
    "fallback_group": "fallback group",
    "weakening_reviewers": "people who confirm a policy that weakens",
    "business_days": "business days",
    "business_from": "start of business hours",
    "business_to": "end of business hours",
    "holiday_country": "country of the public holidays",
    "canaries": "canaries among the requests",
    "break_glass_review_hours": "hours to review an emergency approval",
    "reading_seconds": "seconds to look at high risk before approving it",
    "approvals_per_hour": "approvals by one person in an hour",
    "delegation_depth": "times that a task may be handed on from agent to agent",
}
LONGEST_REVIEW: Final = 720
LONGEST_READING: Final = 600
MOST_APPROVALS: Final = 1000
DEEPEST_DELEGATION: Final = 8
MOST_REVIEWERS: Final = 5
LONGEST_CONTEST: Final = 500
"""Characters: an office, an address and a time; who is affected reads it in one breath."""
LONGEST_RETENTION: Final = 3660
"""Days: ten years, the longest that a framework asks for, with its leap days."""


def create_tenant(*, slug: str, name: str, owner_user: User, time_zone: str = "UTC") -> Tenant:
    """Make a customer account with its first owner, and return it.

    Binds the new tenant by itself, so no other may be bound. Raises `Invalid` for a bad slug,
    name or time zone, `Conflict` when the slug is taken.
    """
    slug = clean_slug(slug)
    name = clean_text(name, field="name", at_most=200)
    _check_time_zone(time_zone)
    taken = Conflict(f"The address {slug} is taken.", code="slug_taken")
    if tenant_by_slug.call(slug):
        raise taken
    ident = new_id()
    with bind_tenant(ident), transaction.atomic():
        tenant = Tenant(id=ident, tenant_id=ident, slug=slug, name=name, time_zone=time_zone)
        try:
            with transaction.atomic():
                tenant.save(force_insert=True)
        except IntegrityError:
            raise taken from None
        owner = Membership.objects.create(user=owner_user, roles=[Role.OWNER.value])
        events.tenant_created(tenant=tenant, owner=owner)
        events.member_joined(member=owner, added_by=None)
    return tenant


@transaction.atomic
def update_settings(*, actor: Membership, tenant: Tenant, **fields: Any) -> Tenant:
    """Change any of the settings, and return the tenant.

    `name`, `time_zone`, `link_voting`, `single_person_publishing`, `fallback_group` (a group's
    slug, or empty), `weakening_reviewers` (1 to 5), `business_days` (0, Monday, to 6; none: the
    tenant does not say), `business_from` and `business_to` (local times on one day),
    `holiday_country` (ISO 3166, or empty), `canaries`, `break_glass_review_hours` (1 to 720),
    `reading_seconds` (0, not asked for, to 600), `approvals_per_hour` (1 to 1000, or None: no
    limit), `delegation_depth` (0 to 8). Raises `Forbidden` unless the actor is an owner, `Invalid`
    for a bad value, `Malformed` for another field.
    """
    rules.require(rules.may_change_settings(actor), "Only an owner can change the settings.")
    if unknown := set(fields) - set(_LABELS):
        raise Malformed(f"There is no setting {sorted(unknown)[0]}.")
    tenant = Tenant.objects.select_for_update().get(pk=tenant.pk)
    changes: dict[str, Change] = {}
    for field, value in fields.items():
        value, before = _checked(field, value), getattr(tenant, field)
        if value != before:
            changes[field] = Change(_LABELS[field], _word(before), _word(value))
            setattr(tenant, field, value)
    if tenant.business_from >= tenant.business_to:
        raise fault("business_to", "The office closes later than it opens, on the same day.")
    if changes:
        tenant.save(update_fields=list(changes))
        events.tenant_settings_changed(actor=actor, tenant=tenant, changes=changes)
    return tenant


def suspend_tenant(*, operator: str, slug: str, reason: str) -> Tenant:
    """Close an account: its agents are refused and its people see a page that says so.

    For whoever runs the installation, by name (`operator`); binds the tenant by itself. Timers go
    on: what nobody may decide expires. Raises `NotFound`, `Invalid`, `Conflict` when it is closed.
    """
    reason = clean_text(reason, field="reason", at_most=300)
    return _set_suspended(slug, operator, reason, to=True)


def resume_tenant(*, operator: str, slug: str, reason: str) -> Tenant:
    """Open a suspended account again. Raises `NotFound`, `Invalid`, `Conflict` when it is open."""
    reason = clean_text(reason, field="reason", at_most=300)
    return _set_suspended(slug, operator, reason, to=False)


def _set_suspended(slug: str, operator: str, reason: str, *, to: bool) -> Tenant:
    actor = Actor("system", "operator", clean_text(operator, field="operator", at_most=200))
    found = tenant_by_slug.call(slug)
    if not found:
        raise NotFound(f"There is no account {slug}.")
    with tenant_transaction(found[0]["tenant_id"]):
        tenant = Tenant.objects.select_for_update().get()
        if tenant.is_suspended == to:
            state = "suspended already" if to else "not suspended"
            raise Conflict(f"{tenant.name} is {state}.", code="no_change")
        tenant.is_suspended = to
        tenant.save(update_fields=["is_suspended"])
        events.tenant_suspension_changed(actor=actor, tenant=tenant, reason=reason)
    return tenant


@transaction.atomic
def set_retention(*, actor: Membership, days: int) -> Tenant:
    """Say for how many days records are kept at least, and return the tenant.

    Nothing goes by it: what is older goes when two people agree, or daily once that is switched on
    (`audit.services.retention`). Raises `Forbidden` unless the actor is compliance or an owner,
    `Invalid` for other than 1 to 3660 days, for less than a framework in use asks for, and for
    less than before where it only becomes longer.
    """
    rules.require(
        rules.may_set_retention(actor), "Only compliance or an owner sets how long records stay."
    )
    if type(days) is not int or not 1 <= days <= LONGEST_RETENTION:
        raise fault("retention_days", f"Write a number of days from 1 to {LONGEST_RETENTION}.")
    tenant = Tenant.objects.select_for_update().get()
    before = tenant.retention_days
    check_long_enough(tenant, days)
    if days != before:
        tenant.retention_days = days
        tenant.save(update_fields=["retention_days"])
        events.retention_set(actor=actor, tenant=tenant, before=before)
    return tenant


@transaction.atomic
def set_contest_text(*, actor: Membership, text: str) -> Tenant:
    """Say how a person contests a decision, in at most 500 characters, and return the tenant.

    It stands in the explanations for people affected (AI Act Art. 86, GDPR Art. 22). Empty: they
    read that no contact was named. Raises `Forbidden` unless the actor is compliance or an owner,
    `Invalid` for other than visible characters.
    """
    rules.require(
        rules.may_set_contest_text(actor),
        "Only compliance or an owner says how a decision can be contested.",
    )
    text = clean_text(
        " ".join(text.split()), field="contest_text", at_most=LONGEST_CONTEST, required=False
    )
    tenant = Tenant.objects.select_for_update().get()
    before = tenant.contest_text
    if text != before:
        tenant.contest_text = text
        tenant.save(update_fields=["contest_text"])
        events.contest_text_set(actor=actor, tenant=tenant, before=before)
    return tenant


def _checked(field: str, value: Any) -> Any:
    """Return the value as it is kept; a setting without a check of its own is yes or no."""
    check = _CHECKS.get(field)
    if check is not None:
        return check(field, value)
    if not isinstance(value, bool):
        raise fault(field, "Say yes or no.")
    return value


def _checked_name(field: str, value: Any) -> str:
    return clean_text(value, field=field, at_most=200)


def _checked_zone(field: str, value: Any) -> Any:
    _check_time_zone(value)
    return value


def _checked_group(field: str, value: Any) -> Any:
    if value and not ApproverGroup.objects.filter(slug=value).exists():
        raise fault(field, f"There is no group {value}.")
    return value


def _checked_reviewers(field: str, value: Any) -> int:
    if type(value) is not int or not 1 <= value <= MOST_REVIEWERS:
        raise fault(field, f"Write a number from 1 to {MOST_REVIEWERS}.")
    return value


def _checked_days(field: str, value: Any) -> list[int]:
    if not all(type(day) is int and 0 <= day < len(WEEK) for day in value):
        raise fault(field, "Name days from 0 (Monday) to 6 (Sunday).")
    return sorted(set(value))


def _checked_time(field: str, value: Any) -> time:
    if not isinstance(value, time):
        raise fault(field, "Write a time, as 09:00.")
    return value


def _checked_country(field: str, value: Any) -> Any:
    if value and value not in holiday_countries():
        raise fault(field, "Use the two letters of a country, as DE.")
    return value


def _checked_number(
    least: int, most: int, *, or_none: bool = False
) -> Callable[[str, Any], int | None]:
    def check(field: str, value: Any) -> int | None:
        if value is None and or_none:
            return None
        if type(value) is not int or not least <= value <= most:
            raise fault(field, f"Write a number from {least} to {most}.")
        return value

    return check


_CHECKS: Final[dict[str, Callable[[str, Any], Any]]] = {
    "name": _checked_name,
    "time_zone": _checked_zone,
    "fallback_group": _checked_group,
    "weakening_reviewers": _checked_reviewers,
    "business_days": _checked_days,
    "business_from": _checked_time,
    "business_to": _checked_time,
    "holiday_country": _checked_country,
    "break_glass_review_hours": _checked_number(1, LONGEST_REVIEW),
    "reading_seconds": _checked_number(0, LONGEST_READING),
    "approvals_per_hour": _checked_number(1, MOST_APPROVALS, or_none=True),
    "delegation_depth": _checked_number(0, DEEPEST_DELEGATION),
}


def _check_time_zone(name: str) -> None:
    if name not in time_zones():
        raise fault("time_zone", "Use a name of the time zone database, as Europe/Berlin.")


def _word(value: Any) -> str:
    if value is None:
        return "no limit"
    if isinstance(value, list):
        return in_words([WEEK[day] for day in value])
    if isinstance(value, time):
        return f"{value:%H:%M}"
    return ("on" if value else "off") if isinstance(value, bool) else str(value)
