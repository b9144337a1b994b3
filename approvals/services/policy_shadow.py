"""A version in shadow: evaluated beside the live one and written down, never enforced."""

from typing import Final

from django.db import transaction

from approvals.audit_events import policies as events
from approvals.enums import PolicyStatus
from approvals.models import PolicyVersion, ShadowResult
from approvals.services.policy_common import hold_version, lock_policies
from govapp.common import clock
from govapp.common.errors import Conflict
from tenants.models import Membership
from tenants.rules import may_edit_policy, require

_WHO: Final = "Only members with the role compliance put versions in shadow."
_IN_SHADOW: Final = (PolicyStatus.IN_REVIEW, PolicyStatus.SCHEDULED)


@transaction.atomic
def start_shadow(*, actor: Membership, version: PolicyVersion) -> PolicyVersion:
    """Evaluate a version that is in review or scheduled beside the live one, from now on.

    Starting again what was stopped goes on with the same report. Raises `Forbidden` (needs
    `compliance`) and `Conflict`: one version at a time, and none that is live or done with.
    """
    require(may_edit_policy(actor), _WHO)
    lock_policies()
    version = hold_version(version)
    if version.is_in_shadow:
        return version
    if version.status not in _IN_SHADOW:
        raise Conflict(
            f"Version {version.number} is {PolicyStatus(version.status).label.lower()}; a version"
            " in review or scheduled runs in shadow."
        )
    other = PolicyVersion.objects.filter(
        shadow_since__isnull=False, shadow_until__isnull=True
    ).first()
    if other is not None:
        raise Conflict(f"Version {other.number} runs in shadow; stop that one first.")
    version.shadow_since, version.shadow_until = clock.now(), None
    version.save(update_fields=["shadow_since", "shadow_until"])
    events.shadow_started(actor=actor, version=version)
    return version


@transaction.atomic
def stop_shadow(*, actor: Membership, version: PolicyVersion) -> PolicyVersion:
    """Stop evaluating a version beside the live one; its report stays.

    Raises `Forbidden` and `Conflict` when it is not in shadow.
    """
    require(may_edit_policy(actor), _WHO)
    lock_policies()
    version = hold_version(version)
    if not version.is_in_shadow:
        raise Conflict(f"Version {version.number} does not run in shadow.")
    end_shadow(version=version, actor=actor)
    return version


def end_shadow(*, version: PolicyVersion, actor: Membership | None, why: str = "") -> None:
    """Take a version out of shadow, if it is in it. The lock is held."""
    if not version.is_in_shadow:
        return
    version.shadow_until = clock.now()
    version.save(update_fields=["shadow_until"])
    results = ShadowResult.objects.filter(version=version)
    events.shadow_stopped(
        actor=actor,
        version=version,
        evaluated=results.count(),
        differed=results.filter(differs=True).count(),
        why=why,
    )
