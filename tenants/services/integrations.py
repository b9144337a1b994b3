"""Integrations: registered, changed, activated, suspended, resumed, and revoked for good.

Whatever changes what may be reached locks the integration's row first: a permission that is used
at the same moment waits for it (`selectors.reach.unreachable`).
"""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from django.utils.timezone import localtime

from govapp.common import clock
from govapp.common.errors import Conflict, FieldError, Invalid, Malformed
from govapp.common.receivers import require_usable_url
from tenants import rules
from tenants.audit_events import integrations as events
from tenants.audit_events.words import Change, name_of
from tenants.enums import IntegrationKind, IntegrationStatus
from tenants.models import Integration, Membership
from tenants.services.checks import clean_text, fault

MOST_SCOPES: Final = 50
MOST_LABELS: Final = 20
_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]*")
_WORD: Final = re.compile(r"[!-~]+")
_NAMES: Final = {
    "name": "name",
    "address": "address",
    "scopes": "scopes",
    "labels_cleared": "labels cleared",
    "owner": "owner",
    "expires_at": "expiry",
}
# What a check was about: after a change of it the check has to be passed again.
_CHECKED: Final = frozenset({"address", "scopes"})


@transaction.atomic
def register_integration(
    *,
    actor: Membership,
    slug: str,
    name: str,
    kind: str,
    address: str,
    owner: Membership,
    scopes: Iterable[str] = (),
    labels_cleared: Iterable[str] = (),
    expires_at: datetime | None = None,
) -> Integration:
    """Make a system known, as a draft that nobody can use: it has to be checked and activated.

    Raises `Forbidden`, `Invalid`, and `Conflict` when its short name is taken.
    """
    require_manager(actor)
    if len(slug) > 60 or not _SLUG.fullmatch(slug):
        raise fault("slug", "Use a-z, 0-9 and hyphens, at most 60; begin with a letter or digit.")
    if kind not in IntegrationKind.values:
        raise fault("kind", "Choose what it is.")
    fields = {
        "name": name,
        "address": address,
        "owner": owner,
        "scopes": scopes,
        "labels_cleared": labels_cleared,
        "expires_at": expires_at,
    }
    checked = {field: _CHECKS[field](value) for field, value in fields.items()}
    integration = Integration(slug=slug, kind=kind, status_since=clock.now(), **checked)
    try:
        with transaction.atomic():
            integration.save(force_insert=True)
    except IntegrityError:
        taken = f"There is an integration {slug} already."
        raise Conflict(taken, errors=[FieldError("/slug", taken)]) from None
    events.registered(actor=actor, integration=integration)
    return integration


@transaction.atomic
def change_integration(
    *, actor: Membership, integration: Integration, **fields: Any
) -> Integration:
    """Change any of `name`, `address`, `scopes`, `labels_cleared`, `owner`, `expires_at`.

    With another address or other scopes it has to pass its check again before it is used; with
    another server its secret is emptied, for it was given for the former one. Raises `Forbidden`,
    `Invalid`, `Malformed` for another field, `Conflict` for one that is revoked.
    """
    from tenants.services.integration_secrets import drop_secret

    require_manager(actor)
    if unknown := set(fields) - set(_NAMES):
        raise Malformed(f"An integration has no field {sorted(unknown)[0]}.")
    integration = lock_integration(integration)
    require_not_revoked(integration)
    server = _server(integration.address)
    changes: dict[str, Change] = {}
    for field, value in fields.items():
        before = getattr(integration, field)
        value = value if value == before else _CHECKS[field](value)
        if value != before:
            changes[field] = Change(_NAMES[field], _words(before), _words(value))
            setattr(integration, field, value)
    if not changes:
        return integration
    if _CHECKED & set(changes):
        integration.check_passed, integration.checked_at = False, None
        integration.check_asked_at, integration.check_result = None, ""
    integration.save()
    is_moved = _server(integration.address) != server
    if is_moved and (gone := drop_secret(actor=actor, integration=integration)):
        changes["secret"] = Change("secret", f"version {gone.version}", "")
    events.changed(actor=actor, integration=integration, changes=changes)
    return integration


@transaction.atomic
def activate_integration(*, actor: Membership, integration: Integration) -> Integration:
    """Let a draft that has passed its check be used. Raises `Forbidden` and `Conflict`."""
    require_manager(actor)
    integration = lock_integration(integration)
    if integration.status != IntegrationStatus.DRAFT:
        raise Conflict(f"{integration.name} is no draft.")
    require_checked(integration)
    _move(integration, IntegrationStatus.ACTIVE)
    events.activated(actor=actor, integration=integration)
    return integration


@transaction.atomic
def suspend_integration(*, actor: Membership, integration: Integration, reason: str) -> Integration:
    """Stop everything on it from the next request on; permissions not used yet are dead.

    Raises `Forbidden`, `Invalid` without a reason, `Conflict` unless it is active.
    """
    rules.require(
        rules.may_suspend_integration(actor), "Only owners and compliance suspend an integration."
    )
    reason = clean_text(reason, field="reason", at_most=300)
    integration = lock_integration(integration)
    if integration.status != IntegrationStatus.ACTIVE:
        raise Conflict(f"{integration.name} is not active.")
    _move(integration, IntegrationStatus.SUSPENDED)
    events.suspended(actor=actor, integration=integration, reason=reason)
    return integration


@transaction.atomic
def resume_integration(*, actor: Membership, integration: Integration) -> Integration:
    """Let it be used again, once its check is passed. Raises `Forbidden` and `Conflict`."""
    require_manager(actor)
    integration = lock_integration(integration)
    if integration.status != IntegrationStatus.SUSPENDED:
        raise Conflict(f"{integration.name} is not suspended.")
    require_checked(integration)
    _move(integration, IntegrationStatus.ACTIVE)
    events.resumed(actor=actor, integration=integration)
    return integration


@transaction.atomic
def revoke_integration(*, actor: Membership, integration: Integration, reason: str) -> Integration:
    """End it for good: its secret is emptied, its name stays taken.

    Raises `Forbidden`, `Invalid` without a reason, `Conflict` when it is revoked already.
    """
    from tenants.services.integration_secrets import drop_secret

    require_manager(actor)
    reason = clean_text(reason, field="reason", at_most=300)
    integration = lock_integration(integration)
    require_not_revoked(integration)
    _move(integration, IntegrationStatus.REVOKED)
    events.revoked(actor=actor, integration=integration, reason=reason)
    drop_secret(actor=actor, integration=integration)
    return integration


def lock_integration(integration: Integration) -> Integration:
    """Return it as it is now, locked until the end of the transaction."""
    rows = Integration.objects.select_for_update(of=("self",)).select_related("owner__user")
    return rows.get(pk=integration.pk)


def require_manager(actor: Membership) -> None:
    """Raise `Forbidden` unless this member manages integrations."""
    rules.require(rules.may_manage_integrations(actor), "Only an owner can manage integrations.")


def require_not_revoked(integration: Integration) -> None:
    """Raise `Conflict` for one that ended for good."""
    if integration.status == IntegrationStatus.REVOKED:
        raise Conflict(f"{integration.name} is revoked, for good.", code="revoked")


def require_checked(integration: Integration) -> None:
    """Raise `Conflict` for one that has not passed its check."""
    if not integration.check_passed:
        raise Conflict(
            f"{integration.name} has not passed its check: check it first.", code="not_checked"
        )


def _move(integration: Integration, status: IntegrationStatus) -> None:
    integration.status, integration.status_since = status, clock.now()
    integration.save(update_fields=["status", "status_since"])


def _clean_words(field: str, values: Iterable[str], *, most: int, longest: int) -> list[str]:
    found = sorted({str(value).strip() for value in values if str(value).strip()})
    if len(found) > most:
        raise fault(field, f"Name at most {most}.")
    if any(len(each) > longest or not _WORD.fullmatch(each) for each in found):
        raise fault(field, f"Use visible ASCII characters without blanks, at most {longest}.")
    return found


def _clean_address(value: str) -> str:
    try:
        require_usable_url(value.strip())
    except Invalid as invalid:
        # The same words, at the field as it is called here.
        raise fault("address", invalid.errors[0].detail) from None
    return value.strip()


def _server(address: str) -> tuple[str, str | None, int | None]:
    """Return who answers at an address: what is behind it, and how it is spoken to."""
    parts = urlsplit(address)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _clean_owner(value: Membership) -> Membership:
    if not value.is_active:
        raise fault("owner", "Choose somebody who is active.")
    return value


def _clean_expiry(value: datetime | None) -> datetime | None:
    if value is not None and value <= clock.now():
        raise fault("expires_at", "Choose a time that is still to come.")
    return value


_CHECKS: Final[dict[str, Callable[[Any], Any]]] = {
    "name": lambda value: clean_text(value, field="name", at_most=100),
    "address": _clean_address,
    "owner": _clean_owner,
    "scopes": lambda value: _clean_words("scopes", value, most=MOST_SCOPES, longest=100),
    "labels_cleared": lambda value: _clean_words(
        "labels_cleared", value, most=MOST_LABELS, longest=50
    ),
    "expires_at": _clean_expiry,
}


def _words(value: Any) -> str:
    if isinstance(value, Membership):
        return name_of(value)
    if isinstance(value, datetime):
        return f"{localtime(value):%d %B %Y %H:%M %Z}"
    return ", ".join(value) if isinstance(value, list) else str(value or "")
