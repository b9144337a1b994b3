"""Whether the people there are could ever complete each flow (domain page, section 7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from approvals.policies.describing import name_seat
from approvals.policies.flows import Flow
from approvals.policies.matching import describe_missing, find_candidates, seat_voters
from approvals.policies.policy import Policy
from approvals.policies.problems import Problem, pointer_to
from approvals.policies.seats import Reference, Seat
from approvals.policies.shown import listed


@dataclass(frozen=True)
class Directory:
    """Those who may vote now, by lower-case e-mail address, under each name that means them.

    `managers` are those whom "the manager of the agent's owner" can mean: all of them, or for
    one agent that one.
    """

    groups: Mapping[str, AbstractSet[str]]
    roles: Mapping[str, AbstractSet[str]]
    people: AbstractSet[str]
    managers: AbstractSet[str] = frozenset()

    def only(self, people: AbstractSet[str], managers: AbstractSet[str] | None = None) -> Directory:
        """The same names with nobody but `people`, and with these managers where they are given."""
        return Directory(
            {name: members & people for name, members in self.groups.items()},
            {name: members & people for name, members in self.roles.items()},
            self.people & people,
            (self.managers if managers is None else managers) & people,
        )

    def behind(self, reference: Reference) -> AbstractSet[str] | None:
        """The people whom a name means, or None when there is no such group, role or person."""
        match reference.kind:
            case "group":
                return self.groups.get(reference.ref)
            case "role":
                return self.roles.get(reference.ref)
            case "manager":
                return self.managers
            case "anyone":
                return self.people
        return {reference.ref} if reference.ref in self.people else None


def find_unreachable(policy: Policy, directory: Directory) -> list[Problem]:
    """One problem for each flow that cannot be completed and each name that nobody bears.

    A person fills one seat in a whole flow. People whom an escalation adds are not counted on: a
    quorum must be reachable by those who are asked first.
    """
    return [
        problem
        for flow in policy.flows.values()
        for problem in find_unreachable_flow(flow, directory)
    ]


def find_unreachable_flow(flow: Flow, directory: Directory) -> list[Problem]:
    """As `find_unreachable`, for one flow."""
    pointer = pointer_to("/flows", flow.name)
    unknown = list(_find_unknown(flow, pointer, directory))
    return unknown or list(_find_short(flow, pointer, directory))


@dataclass(frozen=True)
class _Named:
    """A name in a flow: in which stage, where in the document, and whether it must mean somebody.

    A group of several may be empty as long as the others suffice, and so may what is left out.
    """

    stage: str
    place: str
    reference: Reference
    is_needed: bool = True


def _names(flow: Flow, pointer: str) -> Iterator[_Named]:
    for position, stage in enumerate(flow.stages):
        place = f"{pointer}/stages/{position}"
        for index, seat in enumerate(stage.seats):
            yield from _names_of(seat, stage.name, f"{place}/seats/{index}")
        for number, escalation in enumerate(stage.escalations):
            for index, added in enumerate(escalation.add):
                where = f"{place}/escalations/{number}/add/{index}/{added.kind}"
                yield _Named(stage.name, where, added)


def _names_of(seat: Seat, stage: str, place: str) -> Iterator[_Named]:
    if seat.kind == "groups":
        for slug in seat.groups:
            yield _Named(stage, f"{place}/groups", Reference("group", slug), is_needed=False)
    else:
        yield _Named(stage, f"{place}/{seat.kind}", seat)
    for index, each in enumerate(seat.but):
        # Somebody who has left is left out all the same.
        if each.kind != "person":
            yield _Named(stage, f"{place}/but/{index}/{each.kind}", each, is_needed=False)


def _find_unknown(flow: Flow, pointer: str, directory: Directory) -> Iterator[Problem]:
    for name in _names(flow, pointer):
        reference, members = name.reference, directory.behind(name.reference)
        start = f"Flow {flow.name}, stage {name.stage}"
        if members is None:
            yield Problem(
                name.place,
                f"{start}: there is no {reference.kind} {reference.ref}; "
                "create it first or name another.",
            )
        elif not members and name.is_needed:
            yield Problem(name.place, f"{start}: {_nobody(reference)}")


def _nobody(reference: Reference) -> str:
    if reference.kind == "manager":
        return (
            "nobody who may approve is the manager of the agent's owner; "
            "choose one on the owner's page or name somebody else."
        )
    if reference.kind == "anyone":
        return "nobody may approve; give somebody the right first or name others."
    return f"nobody is in the {reference.kind} {reference.ref}; add people first or name another."


def _find_short(flow: Flow, pointer: str, directory: Directory) -> Iterator[Problem]:
    seats = flow.seats
    matching = seat_voters(seats, find_candidates(seats, lambda each: directory.behind(each) or ()))
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
