"""What each rule that matched asks people for, and what of it is still missing."""

from collections.abc import Sequence
from dataclasses import dataclass

from approvals.enums import StageStatus
from approvals.policies import describe_missing
from approvals.selectors.approvers import giver_words, givers
from approvals.selectors.board import Board
from approvals.selectors.people import Person
from approvals.selectors.trace import values_of


@dataclass(frozen=True)
class RuleDemand:
    """What one rule asks for: its sentence, the values it saw, what is missing and from whom."""

    rule_id: str
    sentence: str
    values: tuple[tuple[str, str], ...]
    because: str
    is_satisfied: bool
    missing: str
    people: tuple[str, ...]  # who can give it now


def read_demands(board: Board, people: Sequence[Person]) -> tuple[RuleDemand, ...]:
    """Return what each rule asks for. `people` are those who may approve this category."""
    traced = {entry.get("rule_id"): entry for entry in board.request.trace.get("rules", [])}
    demands = []
    for requirement in board.requirements:
        entry = traced.get(requirement.rule_id, {})
        stages = board.stages_of(requirement)
        stage = next((each for each in stages if each.status == StageStatus.OPEN), None)
        demands.append(
            RuleDemand(
                rule_id=requirement.rule_id,
                sentence=requirement.sentence,
                values=values_of(entry),
                because=str(entry.get("because", "")),
                is_satisfied=requirement.satisfied_at is not None,
                missing=describe_missing(board.tally(stage)) if stage else "",
                people=tuple(giver_words(word) for word in givers(stage, people, board.used_up))
                if stage is not None
                else (),
            )
        )
    return tuple(demands)
