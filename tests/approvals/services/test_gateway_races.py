"""Closing calls of models beside others: no deadlock with a submission, and a second try."""

import time
from concurrent.futures import Future
from typing import Any

import pytest
from django.db import connection

from approvals.enums import ModelCallStatus
from approvals.gateway.tokens import Usage
from approvals.models import ModelCall, Run
from approvals.services.gateway import Ticket, open_call
from approvals.services.gateway_closing import Outcome, close_call
from approvals.services.runs import start_run
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tenants.models import Budget, BudgetUse
from tests.approvals.models_at import HELLO, connect_model
from tests.approvals.world import World, make_world
from tests.support.committed import CommittedDatabase

PATIENCE = 30.0  # seconds until something that has to happen did not


@pytest.fixture
def world(committed_db: CommittedDatabase, settings: Any) -> World:
    settings.CALLBACKS_MAY_GO_TO_LOOPBACK = True
    settings.CALLBACKS_NEED_HTTPS = False
    made = make_world()
    connect_model(made, made.agent, "http://127.0.0.1:9/v1")
    with tenant_transaction(made.company.id):
        Budget.objects.create(
            scope="tenant", ref="", measure="tokens", period="day", limit=1_000_000,
            on_exceed="halt", created_by=made.company.carl,
        )  # fmt: skip
    return made


@pytest.fixture
def ticket(world: World) -> Ticket:
    """A call that is a step of a run and holds part of a budget."""
    with tenant_transaction(world.company.id):
        run = start_run(agent=world.agent, key="task-1")
        found = open_call(
            agent=world.agent, credential_id=new_id(), kind="chat", body=HELLO, run=run.public_id
        )
    assert isinstance(found, Ticket)
    return found


def close(ticket: Ticket) -> None:
    outcome = Outcome(ModelCallStatus.ANSWERED, Usage(5, 6))
    close_call(tenant_id=ticket.tenant_id, call_id=ticket.call_id, outcome=outcome)


def closed(world: World) -> list[tuple[str, int]]:
    with tenant_transaction(world.company.id):
        return [(each.status, each.asked_tokens) for each in ModelCall.objects.all()]


def test_closing_takes_the_run_before_the_budgets_as_a_submission_does(
    committed_db: CommittedDatabase, world: World, ticket: Ticket
) -> None:
    with tenant_transaction(world.company.id):
        assert len(Run.objects.select_for_update()) == 1
        closing: Future[None] = committed_db.begin_beside(lambda: close(ticket))
        assert not closing.done()
        # Whoever holds the run gets the budgets: closing waits for the run and holds none of them.
        assert len(BudgetUse.objects.select_for_update(nowait=True)) == 1
    closing.result(PATIENCE)
    assert closed(world) == [("answered", 5)]


def test_what_the_database_ended_is_closed_at_the_second_try(
    committed_db: CommittedDatabase, world: World, ticket: Ticket
) -> None:
    with tenant_transaction(world.company.id):
        assert len(Run.objects.select_for_update()) == 1
        closing: Future[None] = committed_db.begin_beside(lambda: close(ticket))
        assert not closing.done()
        end_waiting(closing)
    closing.result(PATIENCE)
    assert closed(world) == [("answered", 5)]


def end_waiting(beside: Future[None]) -> None:
    """Cancel the statement that waits, and wait until its transaction has ended."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT virtualtransaction, pid FROM pg_locks WHERE NOT granted")
        ((waiting, pid),) = cursor.fetchall()
        cursor.execute("SELECT pg_cancel_backend(%s)", [pid])
        until = time.monotonic() + PATIENCE
        is_there = True
        while is_there and not beside.done() and time.monotonic() < until:
            time.sleep(0.01)
            cursor.execute(
                "SELECT EXISTS (SELECT FROM pg_locks WHERE virtualtransaction = %s)", [waiting]
            )
            is_there = cursor.fetchone()[0]
