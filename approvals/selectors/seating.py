"""Which people could fill the seats of a flow, and whose absence nobody could make up for."""

from collections.abc import Sequence
from uuid import UUID

from approvals.policies import Flow, Matching, Seat, seat_voters
from approvals.selectors.staff import Colleague


def seat_flow(flow: Flow, people: Sequence[Colleague]) -> Matching[UUID]:
    """Seat as many of these people as the flow has room for, one seat each."""
    seats = seats_of_flow(flow)
    keys = {seat.key for seat in seats}
    return seat_voters(seats, {one.member.pk: one.keys & keys for one in people if one.keys & keys})


def seats_of_flow(flow: Flow) -> tuple[Seat, ...]:
    """The seats of all stages; people are compared by lower-case address."""
    return tuple(
        Seat(seat.kind, seat.ref.lower(), seat.count) if seat.kind == "person" else seat
        for seat in flow.seats
    )


def who_is_indispensable(flow: Flow, people: Sequence[Colleague]) -> list[Colleague]:
    """Those without whom a flow that these people can complete could no longer be completed.

    Whoever fills no seat in one complete seating is not needed, so that only those who do are
    tried.
    """
    seated = seat_flow(flow, people).seated
    return [
        person
        for person in people
        if person.member.pk in seated
        and not seat_flow(flow, [each for each in people if each is not person]).is_complete
    ]
