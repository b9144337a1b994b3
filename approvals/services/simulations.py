"""Replays of rules over recorded requests: asked for, stopped, taken out."""

from hashlib import sha256
from typing import Final

from django.db import transaction

from approvals.audit_events import simulations as events
from approvals.enums import SimulationStatus
from approvals.models import PolicyDraft, PolicySimulation, PolicyVersion
from approvals.selectors.replaying import period_of
from approvals.selectors.simulation_files import as_csv, as_json
from approvals.services.policies import read_policy
from approvals.services.replay_quick import QuickReplay, replay_quick
from approvals.services.simulation_runs import LISTED, run_simulation, take_over_simulations
from govapp.common import clock
from govapp.common.errors import Conflict, Invalid, NotFound
from govapp.common.queue import enqueue_on_commit
from govapp.common.tenancy import require_tenant_id
from tenants.models import Membership
from tenants.rules import may_edit_policy, may_read_settings, require

__all__ = [
    "LISTED",
    "UNDER_WAY",
    "QuickReplay",
    "cancel_simulation",
    "download_simulation",
    "replay_quick",
    "run_simulation",
    "start_simulation",
    "take_over_simulations",
]

UNDER_WAY: Final = (SimulationStatus.QUEUED, SimulationStatus.RUNNING)
AT_ONCE: Final = 3  # in one tenant
_FORMS: Final = {"json": as_json, "csv": as_csv}


@transaction.atomic
def start_simulation(
    *,
    actor: Membership,
    source: str,
    period: str = "90d",
    draft: PolicyDraft | None = None,
    version: PolicyVersion | None = None,
    compared_with: PolicyVersion | None = None,
) -> PolicySimulation:
    """Ask for a replay of a period's requests ("30d", "90d", "all"); it runs in the background.

    Compares with how each request was really decided, or with what `compared_with` would have
    decided. Raises `Forbidden` (needs `compliance`), `Invalid` for a source that is no policy or
    another one than the version's, and for an unknown period; `Conflict` when three of the
    tenant are under way.
    """
    require(may_edit_policy(actor), "Only members with the role compliance replay requests.")
    policy = read_policy(source)
    if version is not None and version.digest != policy.digest:
        raise Invalid("These are not the rules of that version.")
    chosen = period_of(period)
    if PolicySimulation.objects.filter(status__in=UNDER_WAY).count() >= AT_ONCE:
        raise Conflict(f"{AT_ONCE} replays are under way; wait for one, or cancel it.")
    simulation = PolicySimulation.objects.create(
        source=source,
        digest=policy.digest,
        draft=draft,
        version=version,
        compared_with=compared_with,
        since=chosen.since,
        until=chosen.until,
        requested_by=actor,
        requested_at=chosen.until,
    )
    events.simulation_started(actor=actor, simulation=simulation)
    enqueue_on_commit(
        "approvals.run_simulation", tenant_id=require_tenant_id(), simulation_id=simulation.pk
    )
    return simulation


@transaction.atomic
def cancel_simulation(*, actor: Membership, simulation: PolicySimulation) -> PolicySimulation:
    """Stop a replay that is not done; whoever runs it sees that after the batch at hand.

    Raises `Forbidden` (needs `compliance`), and `Conflict` when it has ended already.
    """
    require(may_edit_policy(actor), "Only members with the role compliance cancel replays.")
    simulation = _locked(simulation)
    if simulation.status not in UNDER_WAY:
        raise Conflict("The replay has ended already.")
    simulation.status, simulation.finished_at = SimulationStatus.CANCELLED, clock.now()
    simulation.save(update_fields=["status", "finished_at"])
    events.simulation_cancelled(actor=actor, simulation=simulation)
    return simulation


@transaction.atomic
def download_simulation(
    *, actor: Membership, simulation: PolicySimulation, form: str
) -> tuple[bytes, str]:
    """Return a finished replay as a file ("json" or "csv") with its SHA-256, and record it.

    Raises `Forbidden` for who may not read configuration, `NotFound` for another form, and
    `Conflict` when it is not done.
    """
    require(may_read_settings(actor), "Approvers do not read replays.")
    if form not in _FORMS:
        raise NotFound("There is no such file.")
    simulation = _locked(simulation)
    if simulation.status != SimulationStatus.DONE:
        raise Conflict("Only a replay that is done can be downloaded.")
    content = _FORMS[form](simulation)
    digest = sha256(content).hexdigest()
    events.simulation_downloaded(actor=actor, simulation=simulation, form=form, sha256=digest)
    return content, digest


def _locked(simulation: PolicySimulation) -> PolicySimulation:
    found = PolicySimulation.objects.select_for_update().filter(pk=simulation.pk).first()
    if found is None:
        raise NotFound("There is no such replay.")
    return found
