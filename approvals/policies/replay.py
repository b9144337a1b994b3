"""Recorded requests decided once more under other rules, and what would have come of it.

Pure, and bounded in memory however many requests are fed: figures are kept by day, by category
and by what is asked of whom, never by request. The caller keeps the changes that it wants.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Generic, NamedTuple, TypeVar

from approvals.leash import NOTHING_HELD, Held
from approvals.policies.demands import (
    NO_TOLL,
    NOTHING_ASKED,
    Crowd,
    Demand,
    Direction,
    Toll,
    ask_of,
    compare_demands,
)
from approvals.policies.evaluation import Evaluation, RequirementSpec
from approvals.policies.facts import Facts
from approvals.policies.kinds import Need
from approvals.policies.policy import Policy
from approvals.policies.replay_figures import Figures
from approvals.policies.rules import ALLOW, DENY, REQUIRE_APPROVAL, Outcome
from approvals.policies.weighing import decide

_STRICTNESS: Final[dict[Outcome, int]] = {ALLOW: 0, REQUIRE_APPROVAL: 1, DENY: 2}
_REMEMBERED: Final = 4096

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Decided(NamedTuple):
    """An outcome, why, and what it demands of people."""

    outcome: Outcome
    because: str
    demand: Demand = NOTHING_ASKED


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request as it was: what was known of it, and how it was decided then.

    `side` holds the e-mail addresses of the agent's side, who may not vote where duties are
    separated, and `managers` those of the agent's owner. `is_reconstructed`: its facts were put
    together afterwards, as far as possible. `is_looked_up_since`: what came before it was counted
    afterwards. `held` is what held it then besides the rules, and would have under any others.
    """

    ident: Hashable
    facts: Facts
    before: Decided
    side: AbstractSet[str] = frozenset()
    managers: AbstractSet[str] = frozenset()
    is_reconstructed: bool = False
    is_looked_up_since: bool = False
    held: Held = NOTHING_HELD


class _Judged(NamedTuple):
    """What an engine says now; the reasons are written only when somebody asks."""

    outcome: Outcome
    demand: Demand
    evaluation: Evaluation

    @property
    def because(self) -> str:
        return self.evaluation.because


class Change(NamedTuple):
    """One request that would have been decided otherwise, or by other people."""

    ident: Hashable
    before: Outcome
    after: Outcome
    direction: Direction
    because: str
    because_before: str
    is_impossible: bool


class Remembered(OrderedDict[Key, Value], Generic[Key, Value]):
    """The last values worked out, at most 4,096: a replay meets the same few again and again."""

    def keep(self, key: Key, value: Value) -> Value:
        """Remember and return the value."""
        self[key] = value
        if len(self) > _REMEMBERED:
            self.popitem(last=False)
        return value


class Replay:
    """One replay. Feed it with `add`; `figures` says at any time what came of it so far."""

    def __init__(self, policy: Policy, crowd: Crowd, *, compared_with: Policy | None = None):
        self.policy, self.crowd, self.compared_with = policy, crowd, compared_with
        self.figures = Figures()
        self._demands: Remembered[tuple[object, ...], tuple[Demand, object]] = Remembered()
        self._tolls: Remembered[tuple[object, ...], Toll] = Remembered()
        self._directions: Remembered[tuple[Demand, Demand], Direction | None] = Remembered()

    def add(self, request: Recorded) -> Change | None:
        """Decide one request again and count it; return what would have changed, if anything."""
        facts = request.facts
        after = self._decide(self.policy, request)
        before: Decided | _Judged = request.before
        if self.compared_with is not None:
            before = self._decide(self.compared_with, request)
        tolls = [self._toll(each, request) for each in (before, after)]
        direction = self._direction(before, after)
        figures = self.figures
        figures.count(
            facts.local_time.date(), facts.category, before.outcome, after.outcome, direction
        )
        figures.load(tolls[0], tolls[1])
        figures.unknown_category += not facts.category_known
        figures.reconstructed += request.is_reconstructed
        figures.looked_up_since += request.is_looked_up_since
        if direction is None:
            return None
        return Change(
            request.ident, before.outcome, after.outcome, direction, after.because,
            before.because, tolls[1].is_impossible,
        )  # fmt: skip

    def needs(self, category: str) -> frozenset[Need]:
        """What has to be known of the past of a request of this category."""
        needs = self.policy.plan.needs(category)
        other = self.compared_with
        return needs if other is None else needs | other.plan.needs(category)

    def _decide(self, policy: Policy, request: Recorded) -> _Judged:
        evaluation = decide(policy, request.facts, request.held)
        if evaluation.outcome == ALLOW and evaluation.obligations.delay:
            # Nobody is asked, but the permission is held back.
            return _Judged(ALLOW, self._demand(evaluation), evaluation)
        if evaluation.outcome != REQUIRE_APPROVAL:
            return _Judged(evaluation.outcome, NOTHING_ASKED, evaluation)
        if not evaluation.requirements:
            # As at submission: what demands approval of nobody is blocked.
            return _Judged(DENY, NOTHING_ASKED, evaluation)
        return _Judged(REQUIRE_APPROVAL, self._demand(evaluation), evaluation)

    def _demand(self, evaluation: Evaluation) -> Demand:
        specs, obliged = evaluation.requirements, evaluation.obligations
        # By identity, which is quick: a policy hands out the same specifications every time, and
        # they are kept beside the answer, so that no other object can take their place.
        key = (*map(id, specs), obliged.step_up, obliged.login, obliged.delay)
        known = self._demands.get(key)
        if known is None:
            made = demand_of(
                specs, step_up=obliged.step_up, login=obliged.login, delay=obliged.delay
            )
            known = self._demands.keep(key, (made, specs))
        return known[0]

    def _direction(self, before: Decided | _Judged, after: _Judged) -> Direction | None:
        if before.outcome != after.outcome:
            is_stricter = _STRICTNESS[after.outcome] > _STRICTNESS[before.outcome]
            return "stricter" if is_stricter else "looser"
        key = (before.demand, after.demand)
        if key not in self._directions:
            self._directions.keep(key, compare_demands(*key))
        return self._directions[key]

    def _toll(self, decided: Decided | _Judged, request: Recorded) -> Toll:
        if decided.outcome != REQUIRE_APPROVAL:
            return NO_TOLL
        key = (decided.demand, request.facts.category, request.side, request.managers)
        known = self._tolls.get(key)
        return known or self._tolls.keep(key, self.crowd.toll(*key))


def demand_of(
    requirements: Iterable[RequirementSpec],
    *,
    step_up: bool = False,
    login: bool = False,
    delay: timedelta | None = None,
) -> Demand:
    """What these requirements ask of people."""
    asks = (ask_of(each.flow, separated=each.separation_of_duties) for each in requirements)
    return Demand(frozenset(asks), step_up, login, delay)
