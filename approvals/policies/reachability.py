"""Whether the people there are could ever complete each flow (domain page, section 7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from approvals.policies.describing import name_seat
from approvals.policies.flows import Flow
from approvals.policies.matching import describe_missing, seat_voters
from approvals.policies.policy import Policy
from approvals.policies.problems import Problem, pointer_to
from approvals.policies.seats import Reference
from approvals.policies.shown import listed


@dataclass(frozen=True)
class _Directory:
    groups: Mapping[str, AbstractSet[str]]
    roles: Mapping[str, AbstractSet[str]]
    people: AbstractSet[str]

    def members(self, reference: Reference) -> AbstractSet[str] | None:
        """The people behind a reference, or None when there is no such group, role or person."""
        if reference.kind == "group":
            return self.groups.get(reference.ref)
        if reference.kind == "role":
            return self.roles.get(reference.ref)
        return {reference.ref} if reference.ref in self.people else None


def find_unreachable(
    policy: Policy,
    *,
    groups: Mapping[str, AbstractSet[str]],
    roles: Mapping[str, AbstractSet[str]],
    people: AbstractSet[str],
) -> list[Problem]:
    """One problem for each flow that cannot be completed and each name that nobody bears.

    All three arguments speak of people by lower-case e-mail address and hold only those who may
    vote now. A person fills one seat in a whole flow. People whom an escalation adds are not
    counted on: a quorum must be reachable by those who are asked first.
    """
    return [
        problem
        for flow in policy.flows.values()
        for problem in find_unreachable_flow(flow, groups=groups, roles=roles, people=people)
    ]


def find_unreachable_flow(
    flow: Flow,
    *,
    groups: Mapping[str, AbstractSet[str]],
    roles: Mapping[str, AbstractSet[str]],
    people: AbstractSet[str],
) -> list[Problem]:
    """As `find_unreachable`, for one flow."""
    directory = _Directory(groups, roles, people)
    pointer = pointer_to("/flows", flow.name)
    unknown = list(_find_unknown(flow, pointer, directory))
    return unknown or list(_find_short(flow, pointer, directory))


def _references(flow: Flow, pointer: str) -> Iterator[tuple[str, str, Reference]]:
    """Every reference of a flow with its stage's name and its place in the document."""
    for position, stage in enumerate(flow.stages):
        place = f"{pointer}/stages/{position}"
        for index, seat in enumerate(stage.seats):
            yield stage.name, f"{place}/seats/{index}/{seat.kind}", seat
        for number, escalation in enumerate(stage.escalations):
            for index, added in enumerate(escalation.add):
                where = f"{place}/escalations/{number}/add/{index}/{added.kind}"
                yield stage.name, where, added


def _find_unknown(flow: Flow, pointer: str, directory: _Directory) -> Iterator[Problem]:
    for stage, place, reference in _references(flow, pointer):
        members = directory.members(reference)
        start = f"Flow {flow.name}, stage {stage}"
        if members is None:
            yield Problem(
                place,
                f"{start}: there is no {reference.kind} {reference.ref}; "
                "create it first or name another.",
            )
        elif not members:
            yield Problem(
                place,
                f"{start}: nobody is in the {reference.kind} {reference.ref}; "
                "add people first or name another.",
            )


def _find_short(flow: Flow, pointer: str, directory: _Directory) -> Iterator[Problem]:
    seats = flow.seats
    candidates: dict[str, set[str]] = {}
    for seat in seats:
        for person in directory.members(seat) or ():
            candidates.setdefault(person, set()).add(seat.key)
    matching = seat_voters(seats, candidates)
    if matching.is_complete:
        return
    needed = listed(name_seat(seat) for seat in matching.seats)
    count = sum(seat.count for seat in matching.seats)
    noun = "person" if count == 1 else "different people"
    yield Problem(
        pointer,
        f"Flow {flow.name} can never be completed: it needs {count} {noun} ({needed}), "
        f"and with everybody seated it still lacks {describe_missing(matching)}.",
    )
