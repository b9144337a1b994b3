"""What somebody does to a run's record past every trigger shows: the run's own events say so."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import psycopg
import pytest

from approvals.models import Run
from approvals.selectors.runs import PRUNED, verify_run
from approvals.services.runs import Step, add_steps, close_run, start_run
from audit.models import Pruning
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tests.approvals.documents import rule, rules
from tests.approvals.world import World, make_world
from tests.conftest import DATABASE
from tests.support.committed import CommittedDatabase
from tests.support.services import Services

Forge = Callable[[str], None]
STEP = "type = 'run.step_recorded'"
SECOND = f"{STEP} AND position('\"number\":2,' in convert_from(body, 'UTF8')) > 0"
CUT: Final = f"DELETE FROM audit_ledgerevent WHERE {SECOND}"  # noqa: S608 - words of our own
CHANGE: Final = (
    "UPDATE audit_ledgerevent SET body = convert_to(replace(convert_from(body, 'UTF8'),"  # noqa: S608 - words of our own
    f" '\"tool_call\"', '\"handoff\"'), 'UTF8') WHERE {SECOND}"
)


@pytest.fixture
def forge(services: Services, committed_db: CommittedDatabase) -> Iterator[Forge]:
    """Run statements as the database's superuser, past every trigger and constraint."""
    with psycopg.connect(services.admin_url(DATABASE), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")

        def run(statement: str) -> None:
            assert connection.execute(statement).rowcount == 1  # type: ignore[call-overload]

        yield run


@pytest.fixture
def world(committed_db: CommittedDatabase) -> World:
    """A closed run with three steps and a request, seven events in all."""
    world = make_world(rules(rule("rest", "allow")))
    with tenant_transaction(world.company.id):
        run = start_run(agent=world.agent, key="task")
        steps = [Step(f"s{number}", "tool_call") for number in range(3)]
        add_steps(agent=world.agent, run_id=run.pk, steps=steps)
    world.submit(run=run.public_id)
    with tenant_transaction(world.company.id):
        close_run(agent=world.agent, run_id=run.pk, outcome="succeeded")
    return world


def problems(world: World) -> tuple[str, ...]:
    with tenant_transaction(world.company.id):
        return verify_run(Run.objects.get()).problems


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            CUT,
            (
                "Event 3 is missing.",
                "The closing event counts 3 steps; the record has 2.",
                "The closing event counts 6 events; the record has 5.",
            ),
        ),
        (
            "DELETE FROM audit_ledgerevent WHERE type = 'action_request.submitted'",
            (
                "Event 5 is missing.",
                "The closing event counts 1 requests; the record has 0.",
                "The closing event counts 6 events; the record has 5.",
            ),
        ),
        (
            "DELETE FROM audit_ledgerevent WHERE type = 'run.closed'",
            ("Event 6 is missing.",),
        ),
        (
            CHANGE,
            ("Event 4 does not follow event 3 as the record has it.",),
        ),
    ],
    ids=["a step", "a request", "the end", "a word"],
)
def test_what_was_taken_out_or_changed_is_named(
    world: World, forge: Forge, statement: str, said: tuple[str, ...]
) -> None:
    assert problems(world) == ()
    forge(statement)
    assert problems(world) == said


def test_what_was_pruned_is_not_called_a_gap(world: World, forge: Forge) -> None:
    forge(CUT)
    asked: dict[str, Any] = {"reason": "Over.", "asked_by_id": "mem_1", "asked_by_name": "Carl"}
    with tenant_transaction(world.company.id):
        Pruning.objects.create(before=clock.now(), status="done", **asked)
    assert problems(world) == (PRUNED,)
