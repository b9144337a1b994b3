"""Which people could fill the seats of a flow, and whose absence nobody could make up for."""

from collections.abc import Sequence, Set
from uuid import UUID

from approvals.policies import ANYONE, MANAGER, Flow, Matching, Seat, seat_voters
from approvals.selectors.staff import Colleague

NOBODY: frozenset[UUID] = frozenset()


def keys_with_right(person: Colleague, *, is_manager: bool = False) -> frozenset[str]:
    """Return every reference that means somebody who has the right on the category."""
    return person.keys | {ANYONE.key} | ({MANAGER.key} if is_manager else set())


def seat_flow(
    flow: Flow, people: Sequence[Colleague], managers: Set[UUID] = NOBODY
) -> Matching[UUID]:
    """Seat as many of these people, who have the right, as the flow has room for, one seat each.

    `managers` are those who manage the agent's owner.
    """
    seats = seats_of_flow(flow)
    fits: dict[UUID, frozenset[str]] = {}
    for one in people:
        keys = keys_with_right(one, is_manager=one.member.pk in managers)
        places = frozenset[str]().union(*(seat.places_for(keys) for seat in seats))
        if places:
            fits[one.member.pk] = places
    return seat_voters(seats, fits)


def seats_of_flow(flow: Flow) -> tuple[Seat, ...]:
    """The seats of all stages; people are compared by lower-case address."""
    return tuple(Seat.from_row(seat.to_row()) for seat in flow.seats)


def who_is_indispensable(
    flow: Flow, people: Sequence[Colleague], managers: Set[UUID] = NOBODY
) -> list[Colleague]:
    """Those without whom a flow that these people can complete could no longer be completed.

    Whoever fills no seat in one complete seating is not needed, so that only those who do are
    tried.
    """
    seated = seat_flow(flow, people, managers).seated
    return [
        person
        for person in people
        if person.member.pk in seated
        and not seat_flow(
            flow, [each for each in people if each is not person], managers
        ).is_complete
    ]
