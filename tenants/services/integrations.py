"""Integrations: registered, changed, activated, suspended, resumed, and revoked for good.

Whatever changes what may be reached locks the integration's row first: a permission that is used
at the same moment waits for it (`selectors.reach.unreachable`).
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError, transaction

from govapp.common import clock
from govapp.common.errors import Conflict, FieldError, Malformed
from tenants import rules
from tenants.audit_events import integrations as events
from tenants.audit_events.words import Change
from tenants.enums import IntegrationKind, IntegrationStatus
from tenants.models import Integration, Membership
from tenants.services.checks import clean_text, fault
from tenants.services.integration_fields import (
    CHECKED,
    NAMES,
    TOKEN_FIELDS,
    clean,
    require_kind_mints,
    servers_of,
    words_of,
)

_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]*")


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
    **token: Any,
) -> Integration:
    """Make a system known, as a draft that nobody can use: it has to be checked and activated.

    `token` says where short-lived tokens for it are had (`TOKEN_FIELDS`), of what a secret is
    given out of. Raises `Forbidden`, `Invalid`, `Malformed` for another field, and `Conflict`
    when its short name is taken.
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
    _require_known(token, frozenset(TOKEN_FIELDS))
    checked = {field: clean(field, value) for field, value in (fields | token).items()}
    require_kind_mints(kind, checked.get("token_url", ""))
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
    """Change any of `name`, `address`, `scopes`, `labels_cleared`, `owner`, `expires_at`, and of
    `TOKEN_FIELDS`.

    With another address or other scopes, and whatever concerns its tokens, it has to pass its
    check again before it is used; with another server, or token endpoint, its secret is emptied,
    for it was given for the former one. Raises `Forbidden`, `Invalid`, `Malformed` for another
    field, `Conflict` for one that is revoked.
    """
    from tenants.services.integration_secrets import drop_secret

    require_manager(actor)
    _require_known(fields, frozenset(NAMES))
    integration = lock_integration(integration)
    require_not_revoked(integration)
    servers = servers_of(integration)
    changes: dict[str, Change] = {}
    for field, value in fields.items():
        before = getattr(integration, field)
        value = value if value == before else clean(field, value)
        if value != before:
            changes[field] = Change(NAMES[field], words_of(before), words_of(value))
            setattr(integration, field, value)
    if not changes:
        return integration
    require_kind_mints(integration.kind, integration.token_url)
    if CHECKED & set(changes):
        integration.check_passed, integration.checked_at = False, None
        integration.check_asked_at, integration.check_result = None, ""
    integration.save()
    is_moved = servers_of(integration) != servers
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


def _require_known(fields: Iterable[str], known: frozenset[str]) -> None:
    if unknown := set(fields) - known:
        raise Malformed(f"An integration has no field {sorted(unknown)[0]}.")
