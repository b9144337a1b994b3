"""Every pair of statuses, as a literal table: what may follow on what."""

import pytest

from approvals.enums import ExecutionState, RequestStatus
from approvals.models import ActionRequest
from approvals.services.lifecycle import IllegalMove, move, move_execution
from audit.actors import SYSTEM
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tests.approvals.world import FOUR_EYES, World, make_world

pytestmark = pytest.mark.django_db

# Rows: from. Columns: to. "x" where the move is legal. "nothing" is a request not yet stored.
MOVES = """
            pending allowed blocked approved denied returned expired cancelled
nothing     x       x       x       .        .      .        .       .
pending     .       .       .       x        x      x        x       x
allowed     .       .       .       .        .      .        .       .
blocked     .       .       .       .        .      .        .       .
approved    .       .       .       .        .      .        .       .
denied      .       .       .       .        .      .        .       .
returned    .       .       .       .        .      .        .       .
expired     .       .       .       .        .      .        .       .
cancelled   .       .       .       .        .      .        .       .
"""

EXECUTION_MOVES = """
             not_started granted redeemed succeeded failed rolled_back revoked unknown
not_started  .           x       .        .         .      .           x       .
granted      .           .       x        .         .      .           x       .
redeemed     .           .       .        x         x      x           .       x
succeeded    .           .       .        .         .      x           .       .
failed       .           .       .        .         .      x           .       .
rolled_back  .           .       .        .         .      .           .       .
revoked      .           .       .        .         .      .           .       .
unknown      .           .       .        x         x      x           .       .
"""


def read(table: str) -> dict[str, dict[str, bool]]:
    """Return {from: {to: is legal}}."""
    header, *rows = table.strip().splitlines()
    columns = header.split()
    return {
        name: {to: mark == "x" for to, mark in zip(columns, marks, strict=True)}
        for name, *marks in (row.split() for row in rows)
    }


def test_the_tables_name_every_status() -> None:
    moves, execution = read(MOVES), read(EXECUTION_MOVES)
    assert set(moves) == {"nothing", *RequestStatus.values}
    assert all(set(row) == set(RequestStatus.values) for row in moves.values())
    assert set(execution) == set(ExecutionState.values)
    assert all(set(row) == set(ExecutionState.values) for row in execution.values())


@pytest.mark.parametrize("former", list(read(MOVES)))
def test_every_pair_of_statuses(former: str) -> None:
    world = make_world(FOUR_EYES)
    outcomes = {
        to: moves_to(request_in(world, former), RequestStatus(to)) for to in RequestStatus.values
    }
    assert outcomes == read(MOVES)[former]


@pytest.mark.parametrize("former", list(read(EXECUTION_MOVES)))
def test_every_pair_of_execution_states(former: str) -> None:
    world = make_world(FOUR_EYES)
    outcomes = {}
    for to in ExecutionState.values:
        request = world.submit()
        request.execution_state = former
        with tenant_transaction(world.company.id):
            try:
                move_execution(request=request, to=ExecutionState(to), now=clock.now())
            except IllegalMove:
                outcomes[to] = False
            else:
                request.refresh_from_db()
                outcomes[to] = request.execution_state == to
    assert outcomes == read(EXECUTION_MOVES)[former]


def request_in(world: World, status: str) -> ActionRequest:
    """A request in this status, or one that is not stored yet."""
    request = world.submit()
    if status != "nothing":
        request.status = status
        return request
    fields = (
        "agent", "category", "category_key", "summary", "payload", "payload_digest",
        "policy_version", "trace", "submitted_at",
    )  # fmt: skip
    return ActionRequest(
        tenant_id=world.company.id, **{name: getattr(request, name) for name in fields}
    )


def moves_to(request: ActionRequest, to: RequestStatus) -> bool:
    with tenant_transaction(request.tenant_id):
        former = request.status
        try:
            move(request=request, to=to, actor=SYSTEM, reason="because", now=clock.now())
        except IllegalMove:
            assert request.status == former
            return False
        request.refresh_from_db()
        return request.status == to
