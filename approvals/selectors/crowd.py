"""Who is meant and what is missing on many boards, each distinct question answered once.

Thousands of requests of one kind differ in what they are about and not in who may decide them.
Inside one transaction the people are the same for all of them, so that an answer depends only
on what is in its key.
"""

from bisect import bisect_left
from collections.abc import Hashable, Sequence
from datetime import datetime
from uuid import UUID

from approvals.models import ActionRequest, RequirementStage
from approvals.policies import describe_missing
from approvals.selectors.approvers import asked_by, givers
from approvals.selectors.board import Board
from approvals.selectors.people import Person, load_people


class Crowd:
    """The answers of one transaction. One statement for each category of action."""

    def __init__(self) -> None:
        self._people: dict[UUID, list[Person]] = {}
        self._candidates: dict[Hashable, tuple[UUID, ...]] = {}
        self._missing: dict[Hashable, str] = {}
        self._out_of_reach: dict[Hashable, bool] = {}
        self._returns: dict[UUID, list[datetime]] = {}

    def people(self, request: ActionRequest) -> list[Person]:
        """Return the tenant's approvers with their rights on the request's category."""
        if not request.category_id:
            return []
        if request.category_id not in self._people:
            self._people[request.category_id] = load_people(request.category_id)
        return self._people[request.category_id]

    def candidates(self, board: Board, stage: RequirementStage) -> tuple[UUID, ...]:
        """Return who is to be asked to fill a seat of this stage: as `stage_candidates`."""
        voted = board.used_up
        key = (_side(board.request), _shape(stage), voted)
        if key not in self._candidates:
            self._candidates[key] = tuple(
                member.pk for member in asked_by(givers(stage, self.people(board.request), voted))
            )
        return self._candidates[key]

    def among(self, board: Board, people: Sequence[UUID], keys: frozenset[str]) -> tuple[UUID, ...]:
        """Return those of some people whom one of these references means, with their stand-ins."""
        meant = {
            person.member.pk
            for person in self.people(board.request)
            if any(one.keys & keys for one in (person, *person.stands_for))
        }
        return tuple(each for each in people if each in meant)

    def describe_missing(self, board: Board, stage: RequirementStage) -> str:
        """Return what the stage still needs, in words."""
        if board.votes:
            return describe_missing(board.tally(stage))
        key = repr(stage.seats)
        if key not in self._missing:
            self._missing[key] = describe_missing(board.tally(stage))
        return self._missing[key]

    def is_out_of_reach(self, board: Board) -> bool:
        """Whether the people there are can no longer fill a stage of this board."""
        if not board.request.category_id:
            return False
        if board.votes:
            return bool(board.find_unreachable(self.people(board.request)))
        key = (_side(board.request), _shapes(board.stages), self._back(board))
        if key not in self._out_of_reach:
            unreachable = board.find_unreachable(self.people(board.request))
            self._out_of_reach[key] = bool(unreachable)
        return self._out_of_reach[key]

    def _returns_of(self, request: ActionRequest) -> list[datetime]:
        """When those who are away are back, in order."""
        if not request.category_id:
            return []
        if request.category_id not in self._returns:
            people = self.people(request)
            found = sorted(one.away_until for one in people if one.away_until)
            self._returns[request.category_id] = found
        return self._returns[request.category_id]

    def _back(self, board: Board) -> Hashable:
        """How many of those who are away are back before each stage ends."""
        returns = self._returns_of(board.request)
        if not returns:
            return ()
        return tuple(
            bisect_left(returns, stage.deadline_at) if stage.deadline_at else len(returns)
            for stage in board.stages
        )


def _side(request: ActionRequest) -> Hashable:
    """What decides whose rights count and who is on the agent's side."""
    owners = request.agent.owner_id, request.owner_at_submission_id, *request.delegation_owners
    return request.category_id, owners, request.on_behalf_of


def _shape(stage: RequirementStage) -> Hashable:
    return repr(stage.seats), repr(stage.added), stage.requirement.separation_of_duties


def _shapes(stages: Sequence[RequirementStage]) -> Hashable:
    """All stages, with which of them belong to one rule."""
    return tuple(
        (stage.requirement.rule_id, stage.position, stage.status, _shape(stage)) for stage in stages
    )
