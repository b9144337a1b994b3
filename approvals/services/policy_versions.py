"""A new version in review, whatever it came from. Called under the lock of the policies."""

from typing import Final

from django.db.models import Max

from approvals.audit_events import policies as events
from approvals.audit_events.simulations import simulation_attached
from approvals.enums import SimulationStatus
from approvals.models import PolicyDraft, PolicySimulation, PolicyVersion
from approvals.policies import Policy, PolicyInvalid, describe_policy
from approvals.policies.comparing import Effect, compare_policies
from approvals.selectors.policies import compiled
from approvals.services.policy_common import read_policy
from govapp.common import clock
from govapp.common.errors import Conflict
from tenants.models import Membership

REASONS_KEPT: Final = 200


def insert_version(
    *,
    actor: Membership,
    source: str,
    remark: str,
    based_on: PolicyVersion | None,
    rolls_back_to: PolicyVersion | None = None,
    draft: PolicyDraft | None = None,
) -> PolicyVersion:
    """Store a version in review, with what it does beside `based_on`. The policies are locked.

    Raises `Invalid` with every problem of the text.
    """
    policy = read_policy(source)
    effect = effect_of(policy, based_on)
    highest = PolicyVersion.objects.aggregate(highest=Max("number"))["highest"] or 0
    version = PolicyVersion(
        number=highest + 1,
        source=source,
        document=policy.document,
        digest=policy.digest,
        remark=remark,
        proposed_by=actor,
        proposed_at=clock.now(),
        based_on=based_on,
        rolls_back_to=rolls_back_to,
        effect=effect.direction,
        effect_reasons=[each.to_dict() for each in effect.reasons[:REASONS_KEPT]],
    )
    version.save(force_insert=True)
    events.policy_proposed(
        actor=actor, version=version, sentences=describe_policy(policy), draft=draft
    )
    return version


def effect_of(policy: Policy, based_on: PolicyVersion | None) -> Effect:
    """Return what these rules do beside a version; unknown beside one that cannot be used."""
    if based_on is None:
        return compare_policies(None, policy)
    try:
        former = compiled(based_on)
    except PolicyInvalid:
        return Effect.unreadable(based_on.number)
    return compare_policies(former, policy)


def attach_simulation(
    *, actor: Membership, version: PolicyVersion, simulation: PolicySimulation
) -> None:
    """Put a replay of the same rules before those who review the version. Its row is locked.

    Raises `Conflict` when it replayed other rules, or none to the end, or belongs to another
    version: what it found may be why that one needs more people.
    """
    if simulation.digest != version.digest:
        raise Conflict(
            "The replay was made with other rules than these; run it again and attach that one."
        )
    if simulation.status in (SimulationStatus.FAILED, SimulationStatus.CANCELLED):
        raise Conflict("The replay did not come to its end; run it again and attach that one.")
    if simulation.version_id is not None:
        raise Conflict("The replay belongs to another version already; run it again.")
    simulation.version = version
    simulation.save(update_fields=["version"])
    simulation_attached(actor=actor, simulation=simulation, version=version)
