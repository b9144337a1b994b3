"""What kill switches stop of requests and permissions, and which permissions are dead."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from approvals.enums import Purpose, RequestStatus
from approvals.killing import act_of, requests_in
from approvals.models import ActionRequest, ExecutionGrant
from govapp.common import clock
from tenants.enums import AgentStatus, KillScope
from tenants.kill_effects import Stopped
from tenants.killing import Thrown, stopping
from tenants.models import Agent, KillSwitch, Membership
from tenants.selectors.kill import read_switches, thrown_for_page

# An agent that did nothing within a scope for so long is not counted as stopped by its switch.
_LATELY: Final = timedelta(days=30)


@dataclass(frozen=True)
class DeadGrant:
    """A permission that nobody must accept, though it has not expired."""

    jti: UUID
    expires_at: datetime


@dataclass(frozen=True)
class Standing:
    """What a verifier has to know of a tenant, and since when it is so."""

    thrown: tuple[Thrown, ...]
    dead: tuple[DeadGrant, ...]
    changed_at: datetime | None


def pending_in(switch: KillSwitch) -> QuerySet[ActionRequest]:
    """Return the requests that wait for people and are within the scope; exercises are not."""
    return ActionRequest.objects.filter(
        requests_in([planned(switch)]), status=RequestStatus.PENDING, purpose=Purpose.ACTION
    )


def count_stopped(switch: KillSwitch) -> Stopped:
    """Return what a switch stops, or would. Three statements."""
    scope, now = planned(switch), clock.now()
    grants = ExecutionGrant.objects.filter(
        requests_in([scope], "request__"), redeemed_at=None, revoked_at=None, expires_at__gt=now
    )
    agents = Agent.objects.filter(status=AgentStatus.ACTIVE)
    if switch.agent_id is not None:
        agents = agents.filter(pk=switch.agent_id)
    elif switch.scope != KillScope.TENANT:
        lately = ActionRequest.objects.filter(requests_in([scope]), submitted_at__gt=now - _LATELY)
        agents = agents.filter(pk__in=lately.values("agent_id"))
    return Stopped(pending_in(switch).count(), grants.count(), agents.count())


def find_held(requests: Iterable[ActionRequest], member: Membership) -> dict[UUID, str]:
    """Return which of these requests a switch holds, each with the sentence that says so.

    No statement while nothing is thrown (`tenants.selectors.kill.note_thrown`).
    """
    switches = [each.thrown for each in thrown_for_page(member)]
    waiting = [each for each in requests if switches and each.is_pending]
    found = {each.pk: stopping(switches, act_of(each)) for each in waiting}
    return {key: switch.sentence for key, switch in found.items() if switch is not None}


def read_standing() -> Standing:
    """Return the switches that are thrown, and the permissions that are dead. Two statements.

    Those that died with a switch, also one that was resumed since, and those that were withdrawn.
    """
    switches, now = read_switches(), clock.now()
    dead = Q(revoked_at__isnull=False)
    for each in switches:
        killed = requests_in([each], "request__")
        if each.resumed_at is not None:
            killed &= Q(issued_at__lt=each.resumed_at)
        dead |= killed
    alive = ExecutionGrant.objects.filter(dead, redeemed_at=None, expires_at__gt=now)
    rows = alive.order_by("expires_at", "jti").values_list("jti", "expires_at", "revoked_at")
    found = list(rows)
    changes = [each.resumed_at or each.thrown_at for each in switches]
    changes += [revoked for _, _, revoked in found if revoked is not None]
    return Standing(
        thrown=tuple(each for each in switches if each.resumed_at is None),
        dead=tuple(DeadGrant(jti, expires) for jti, expires, _ in found),
        changed_at=max(changes, default=None),
    )


def planned(switch: KillSwitch) -> Thrown:
    """Return the scope of a switch that need not be thrown yet."""
    return Thrown(
        scope=switch.scope,
        ref=switch.ref,
        name=switch.name,
        agent_id=switch.agent_id,
        thrown_at=switch.thrown_at or clock.now(),
    )
