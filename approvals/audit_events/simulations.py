"""Replays of rules over recorded requests: asked for, ended, taken out."""

from collections.abc import Mapping
from typing import Any

from approvals.audit_events.wording import words
from approvals.models import PolicySimulation, PolicyVersion
from audit.actors import SYSTEM, Actor, Subject
from audit.services import record
from tenants.models import Membership


def simulation_started(*, actor: Membership, simulation: PolicySimulation) -> None:
    """Somebody asked what rules would have done to the requests of a period."""
    _record(
        "policy_simulation.started",
        actor.as_actor(),
        simulation,
        f"{actor} started a replay of recorded requests under a policy.",
        {
            "since": simulation.since.isoformat() if simulation.since else None,
            "until": simulation.until.isoformat(),
            "draft": simulation.draft.public_id if simulation.draft else None,
            "version": simulation.version.public_id if simulation.version else None,
            "compared_with": (
                simulation.compared_with.public_id if simulation.compared_with else None
            ),
        },
    )


def simulation_finished(*, simulation: PolicySimulation, sentence: str) -> None:
    """A replay came to its end."""
    figures = simulation.summary
    _record(
        "policy_simulation.finished",
        SYSTEM,
        simulation,
        f"A replay of recorded requests was finished: {sentence}",
        {
            "effect": simulation.effect,
            "requests": figures["requests"],
            "before": figures["before"],
            "after": figures["after"],
            "changes": figures["changes"],
            "impossible": figures["impossible"],
        },
    )


def simulation_failed(*, simulation: PolicySimulation) -> None:
    """A replay could not be brought to its end."""
    _record(
        "policy_simulation.failed",
        SYSTEM,
        simulation,
        f"A replay of recorded requests failed: {simulation.error}",
        {"replayed": simulation.replayed},
    )


def simulation_cancelled(*, actor: Membership, simulation: PolicySimulation) -> None:
    """Somebody stopped a replay."""
    _record(
        "policy_simulation.cancelled",
        actor.as_actor(),
        simulation,
        f"{actor} cancelled a replay of recorded requests.",
        {"replayed": simulation.replayed},
    )


def simulation_attached(
    *, actor: Membership, simulation: PolicySimulation, version: PolicyVersion
) -> None:
    """A replay was put beside a version, for those who review it."""
    _record(
        "policy_simulation.attached",
        actor.as_actor(),
        simulation,
        f"{actor} attached a replay to policy version {version.number}.",
        {"version": version.public_id, "number": version.number},
    )


def simulation_downloaded(
    *, actor: Membership, simulation: PolicySimulation, form: str, sha256: str
) -> None:
    """Somebody took the result as a file."""
    _record(
        "policy_simulation.downloaded",
        actor.as_actor(),
        simulation,
        f"{actor} downloaded a replay of recorded requests ({form.upper()}).",
        {"form": form, "sha256": sha256},
    )


def policy_replayed(*, digest: str, period: str, figures: Mapping[str, Any]) -> None:
    """Rules were replayed at the command line; nothing but this was kept."""
    record(
        event_type="policy.replayed",
        actor=SYSTEM,
        subject=Subject("policy", digest, "A policy file"),
        summary=words(
            "A policy file was replayed over recorded requests at the command line:"
            f" {figures['requests']} requests, {figures['changes']['all']} changes."
        ),
        data={
            "digest": digest,
            "period": period,
            "requests": figures["requests"],
            "changes": figures["changes"],
        },
    )


def _record(
    event_type: str,
    actor: Actor,
    simulation: PolicySimulation,
    summary: str,
    data: Mapping[str, Any],
) -> None:
    record(
        event_type=event_type,
        actor=actor,
        subject=Subject("policy_simulation", simulation.public_id, "Replay"),
        summary=words(summary),
        data={"digest": simulation.digest, **data},
    )
