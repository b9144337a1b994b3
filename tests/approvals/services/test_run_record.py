"""What somebody does to a run's record past every trigger shows: the run's own events say so."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from approvals.models import Run
from approvals.selectors.runs import PRUNED, verify_run
from approvals.services.runs import Step, add_steps, close_run, start_run
from audit.models import Pruning
from audit.packs.verifier.main import verify_pack
from audit.packs.verifier.verdict import Verdict
from audit.selectors.events import EventFilter
from audit.selectors.proofs import latest_checkpoint
from audit.services.sequencer import sequence_tenant
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tests.approvals.documents import rule, rules
from tests.approvals.world import World, make_world
from tests.audit.packs.taking import made, taken
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
            assert connection.execute(statement).rowcount == 1

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


def verdict_on(world: World, wanted: EventFilter, path: Path) -> Verdict:
    """What whoever takes a pack home finds, with the key that they know."""
    tenant_id = world.company.id
    while sequence_tenant(tenant_id=tenant_id):
        pass
    with tenant_transaction(tenant_id):
        checkpoint = latest_checkpoint()
    assert checkpoint is not None
    path.write_bytes(taken(made(tenant_id, wanted)))
    return verify_pack(path, [checkpoint.vkey], [], [], "")


@pytest.mark.parametrize("is_alone", [False, True], ids=["of everything", "of the run"])
def test_a_pack_shows_that_a_run_is_whole(world: World, tmp_path: Path, is_alone: bool) -> None:
    with tenant_transaction(world.company.id):
        wanted = EventFilter(subject=Run.objects.get().public_id) if is_alone else EventFilter()
    verdict = verdict_on(world, wanted, tmp_path / "pack.zip")
    assert verdict.refusals == []
    whole = "Runs of which every event is here, as many as the closing event counts: 1."
    assert whole in verdict.checked
    assert "Events of runs, each of which follows the one before it: 6." in verdict.checked


@pytest.mark.parametrize("is_alone", [False, True], ids=["of everything", "of the run"])
@pytest.mark.parametrize(
    ("statement", "reason"), [(CUT, "run-gap"), (CHANGE, "run-broken")], ids=["cut", "changed"]
)
def test_a_pack_of_a_run_that_was_touched_before_it_was_signed_is_refused(
    world: World, forge: Forge, tmp_path: Path, is_alone: bool, statement: str, reason: str
) -> None:
    """Nothing of the tree gives it away: what was changed is what was signed."""
    with tenant_transaction(world.company.id):
        wanted = EventFilter(subject=Run.objects.get().public_id) if is_alone else EventFilter()
    forge(statement)
    verdict = verdict_on(world, wanted, tmp_path / "pack.zip")
    assert [each["reason"] for each in verdict.refusals] == [reason]
