"""Whether the votes that count really fill the frozen seats: counted again, from the rows.

Written for this alone, and slowly on purpose: every possible seating is tried until one fits.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from govapp.chaos.invariants import Connection

TITLE: Final = "approved without votes that fill its seats"
_STAGES: Final = """
SELECT requirement.request_id, requirement.id AS requirement, stage.id AS stage, stage.seats,
       stage.added, stage.satisfied_at, requirement.separation_of_duties
FROM approvals_requirementstage AS stage
JOIN approvals_requirement AS requirement ON requirement.id = stage.requirement_id
JOIN approvals_actionrequest AS request ON request.id = requirement.request_id
WHERE request.tenant_id = %(tenant)s AND request.status = 'approved'
  AND NOT request.is_break_glass AND requirement.replaced_at IS NULL
ORDER BY requirement.id, stage.position
"""
_VOTES: Final = """
SELECT vote.request_id, vote.member_id, vote.cast_at, vote.right->'keys' AS keys,
       vote.right->'voter_keys' AS voter_keys,
       vote.member_id IN (agent.owner_id, request.owner_at_submission_id)
       OR coalesce(vote.stands_for_id IN (agent.owner_id, request.owner_at_submission_id), false)
         AS is_agents_side
FROM approvals_vote AS vote
JOIN approvals_actionrequest AS request ON request.id = vote.request_id
JOIN tenants_agent AS agent ON agent.id = request.agent_id
WHERE vote.tenant_id = %(tenant)s AND vote.voided_at IS NULL AND vote.verdict = 'approve'
"""
_APPROVED: Final = """
SELECT id FROM approvals_actionrequest
WHERE tenant_id = %(tenant)s AND status = 'approved' AND NOT is_break_glass
"""


@dataclass(frozen=True)
class _Place:
    """One seat for one person: who may sit there, each with the groups that this uses up."""

    sitters: dict[Any, frozenset[str]]
    row: str  # places of one row of several groups need different groups


def find_unfounded(connection: Connection, tenant_id: str) -> list[str]:
    """Return the approved requests whose counted votes do not fill every seat."""
    known = {"tenant": tenant_id}
    votes: dict[Any, list[dict[str, Any]]] = {}
    for vote in connection.execute(_VOTES, known).fetchall():
        votes.setdefault(vote["request_id"], []).append(vote)
    demanded: dict[Any, dict[Any, list[dict[str, Any]]]] = {}
    for stage in connection.execute(_STAGES, known).fetchall():
        by_requirement = demanded.setdefault(stage["request_id"], {})
        by_requirement.setdefault(stage["requirement"], []).append(stage)
    found = []
    for row in connection.execute(_APPROVED, known).fetchall():
        demands = demanded.get(row["id"], {})
        cast = votes.get(row["id"], [])
        # Who is in no seat approves nothing: no demands at all is a breach as well.
        if not demands or not all(is_filled(stages, cast) for stages in demands.values()):
            found.append(str(row["id"]))
    return found


def is_filled(stages: Sequence[dict[str, Any]], votes: Sequence[dict[str, Any]]) -> bool:
    """Whether the votes fill every seat of a requirement's stages, one person each."""
    places = [place for stage in stages for place in _places(stage, votes)]
    # The hardest first, so that most searches end at once.
    return _seat(sorted(places, key=lambda place: len(place.sitters)), frozenset(), frozenset())


def _seat(
    places: Sequence[_Place], seated: frozenset[Any], used: frozenset[tuple[str, str]]
) -> bool:
    """Whether everybody finds a place: one for each person, one group for each place of a row."""
    if not places:
        return True
    place, *rest = places
    for person, groups in place.sitters.items():
        if person in seated:
            continue
        ways = [(place.row, group) for group in groups] if place.row else [("", "")]
        for way in ways:
            if place.row and way in used:
                continue
            if _seat(rest, seated | {person}, used | {way}):
                return True
    return False


def _places(stage: dict[str, Any], votes: Sequence[dict[str, Any]]) -> Iterator[_Place]:
    added = {f"{each['kind']}:{each['ref']}" for each in stage["added"]}
    counted = [
        vote
        for vote in votes
        if stage["satisfied_at"] is not None
        and vote["cast_at"] <= stage["satisfied_at"]
        and not (stage["separation_of_duties"] and vote["is_agents_side"])
    ]
    for number, seat in enumerate(stage["seats"]):
        several = seat["kind"] == "groups"
        groups = [f"group:{ref}" for ref in seat["ref"].split(",")] if several else []
        wanted = set(groups) if several else {f"{seat['kind']}:{seat['ref']}"}
        barred = {f"{each['kind']}:{each['ref']}" for each in seat.get("but", ())}
        sitters = {}
        for vote in counted:
            keys = set(vote["keys"])
            if barred & (keys | set(vote["voter_keys"] or ())):
                continue
            # Whoever was added by an escalation may take any seat, and any place of a row.
            fitting = wanted if keys & added else wanted & keys
            if fitting:
                sitters[vote["member_id"]] = frozenset(fitting)
        row = f"{stage['stage']}/{number}" if several else ""
        yield from [_Place(sitters, row)] * seat["count"]
