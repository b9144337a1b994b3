"""What goes on although a kill switch is thrown."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db.models import Exists, OuterRef

from approvals.delegating.links import why_cut
from approvals.delegating.narrowing import MOST_LIVE
from approvals.enums import ExecutionState
from approvals.killing import requests_in
from approvals.models import ActionRequest, Delegation, ExecutionGrant
from approvals.selectors.delegations import chain_ids, read_links
from approvals.selectors.kill import planned
from govapp.common import clock
from govapp.common.ids import public_id
from tenants.killing import Act, Thrown, stopping
from tenants.models import KillSwitch
from tenants.selectors.kill import thrown_switches

# Before a switch is thrown. What was begun earlier is not told as what still runs: where agents do
# not report, all that was ever done would be looked through.
_LATELY: Final = timedelta(days=1)
# After it: what was on its way may have used its permission even then.
_ON_THE_WAY: Final = timedelta(hours=1)
SHOWN: Final = 10
# Used, and no result reported: after a while nobody knows any more how it went, and it may yet run.
_BEGUN: Final = (ExecutionState.REDEEMED, ExecutionState.UNKNOWN)


@dataclass(frozen=True)
class HandedOn:
    """A delegation that holds. Its agent may be stopped, and others go on below it."""

    delegation: Delegation
    is_stopped: bool


@dataclass(frozen=True)
class StillRuns:
    """What goes on although a switch is thrown.

    Actions whose permission was used before and whose result is not reported, and rights that a
    stopped agent had handed on: other agents act with those. At most ten each, and whether there
    are more.
    """

    begun: list[ActionRequest]
    has_more: bool
    handed_on: list[HandedOn]
    handed_on_more: bool


def read_still_runs(switch: KillSwitch) -> StillRuns:
    """Return what a switch does not call back; it need not be stored. Four statements at most.

    What was begun counts by when its permission was used, the newest first: it may have waited for
    people for long before. It stays told for as long as the switch is thrown.
    """
    thrown_at = switch.thrown_at or clock.now()
    begun = ExecutionGrant.objects.filter(
        requests_in([planned(switch)], "request__"),
        redeemed_at__gt=thrown_at - _LATELY,
        redeemed_at__lt=thrown_at + _ON_THE_WAY,
        request__execution_state__in=_BEGUN,
    )
    heavy = [f"request__{each}" for each in ("payload", "trace", "facts", "sources")]
    newest = begun.select_related("request__agent").defer(*heavy).order_by("-redeemed_at", "-pk")
    rows = [each.request for each in newest[: SHOWN + 1]]
    handed_on = _handed_on(switch) if switch.agent_id is not None else []
    return StillRuns(rows[:SHOWN], len(rows) > SHOWN, handed_on[:SHOWN], len(handed_on) > SHOWN)


def _handed_on(switch: KillSwitch) -> list[HandedOn]:
    """Return what the agent handed on and others can act with now, newest first."""
    live = Delegation.objects.filter(revoked_at=None, expires_at__gt=clock.Now())
    below = live.filter(parent=OuterRef("pk"))
    given = live.filter(from_agent=switch.agent_id).select_related("to_agent")
    newest = given.annotate(is_passed_on=Exists(below)).order_by("-created_at", "-pk")
    rows = list(newest[:MOST_LIVE])
    if not rows:
        return []
    chains = {row.pk: chain_ids(row.path) for row in rows}
    links = {each.id: each for each in read_links([*{i for ids in chains.values() for i in ids}])}
    # A switch for the agent that it was given to stops that agent alone: it counts last.
    switches = sorted((each.thrown for each in thrown_switches()), key=_is_of_agent)
    found, now = [], clock.now()
    for row in rows:
        if why_cut([links[public_id("dg", ident)] for ident in chains[row.pk]], now) is not None:
            continue
        by = stopping(switches, Act(row.to_agent_id, path=row.path))
        if by is None or (_is_of_agent(by) and row.is_passed_on):
            found.append(HandedOn(row, is_stopped=by is not None))
    return found


def _is_of_agent(switch: Thrown) -> bool:
    return switch.agent_id is not None
