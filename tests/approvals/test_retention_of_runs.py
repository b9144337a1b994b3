"""What runs said goes with their events: whole, never before what was asked for in them."""

from datetime import timedelta

import pytest
from django.test import Client

from approvals.models import Run, RunStep
from approvals.retention_of_runs import count_runs, forget_runs
from approvals.run_steps import Step
from approvals.selectors.runs import PRUNED, verify_run
from approvals.services.runs import add_steps, close_run, start_run
from audit.models import HoldKind, LedgerEvent, LegalHold
from audit.services.holds import Scope, place_hold
from audit.services.verification import verify_tenant
from govapp.common import clock
from govapp.common.clock import shift_clock
from govapp.common.tenancy import tenant_transaction
from tenants.services.tenants import set_retention
from tests.approvals.documents import rule, rules
from tests.approvals.test_retention import BACKEND, pruned, texts_with
from tests.approvals.world import FOUR_EYES, World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world(rules(rule("rest", "allow")))


def told(world: World, word: str, *, is_closed: bool = True, asks: bool = False) -> Run:
    """A run that names `word` wherever an agent may write something."""
    source = {"kind": "document", "title": f"File of {word}", "uri": f"file:{word}"}
    steps = [
        Step(f"read-{word}", "retrieval", title=f"Read about {word}", source=source),
        Step(f"write-{word}", "data_write", inputs=(f"read-{word}",), labels=("internal",)),
    ]
    with tenant_transaction(world.company.id):
        run = start_run(agent=world.agent, key=f"task-{word}", title=f"Look after {word}")
        add_steps(agent=world.agent, run_id=run.pk, steps=steps)
    if asks:
        world.submit(summary=f"Pay {word}", run=run.public_id)
    if is_closed:
        with tenant_transaction(world.company.id):
            close_run(agent=world.agent, run_id=run.pk, outcome="succeeded", note=f"{word} done")
    return run


def events_of(world: World, run: Run) -> int:
    return LedgerEvent.objects.filter(subject_type="run", subject_id=run.public_id).count()


def test_what_old_runs_said_is_nowhere_and_their_shape_stays(world: World) -> None:
    old = told(world, "Quagmire")
    shift_clock(timedelta(days=60))
    young = told(world, "Yellowhammer")
    with tenant_transaction(world.company.id):
        assert {"approvals_run", "approvals_runstep"} <= texts_with("Quagmire")
        before = clock.now() - timedelta(days=30)
        assert count_runs(before) == (("runs whose words go", 1),)
    pruned(world)
    with tenant_transaction(world.company.id):
        assert texts_with("Quagmire") == set()
        assert {"approvals_run", "approvals_runstep"} <= texts_with("Yellowhammer")
        assert count_runs(before) == (("runs whose words go", 0),)
        row = Run.objects.get(pk=old.pk)
        assert (row.title, row.note, row.key) == ("[erased]", "[erased]", f"[erased] {old.pk}")
        assert (row.step_count, row.labels, row.outcome) == (2, ["internal"], "succeeded")
        steps = RunStep.objects.filter(run=row).order_by("number")
        assert [(each.title, each.source, each.kind) for each in steps] == [
            ("[erased]", {}, "retrieval"),
            ("", {}, "data_write"),
        ]
        assert verify_run(row).problems == (PRUNED,)
        assert verify_run(Run.objects.get(pk=young.pk)).problems == ()
        # The agent's name for it is free again.
        again = start_run(agent=world.agent, key="task-Quagmire", title="Another task")
        assert again.pk != old.pk
    assert verify_tenant(tenant_id=world.company.id).findings == []
    client = Client()
    client.force_login(world.company.audrey.user, backend=BACKEND)
    page = client.get(f"/t/{world.company.slug}/runs/{old.public_id}/")
    assert page.status_code == 200
    assert "Quagmire" not in page.content.decode()


def test_a_run_that_is_open_stays_however_old_it_is(world: World) -> None:
    run = told(world, "Quagmire", is_closed=False)
    told(world, "Zeppelin")
    shift_clock(timedelta(days=60))
    pruned(world)
    with tenant_transaction(world.company.id):
        assert events_of(world, run) == 3
        assert Run.objects.get(pk=run.pk).title == "Look after Quagmire"
        assert texts_with("Zeppelin") == set()


@pytest.mark.parametrize("on", ["the request", "the agent"])
def test_a_hold_keeps_the_run_with_what_was_asked_for_in_it(world: World, on: str) -> None:
    run = told(world, "Quagmire", asks=True)
    with tenant_transaction(world.company.id):
        scope = (
            Scope(HoldKind.REQUEST, run.requests.get().public_id)
            if on == "the request"
            else Scope(HoldKind.SUBJECT, world.agent.public_id)
        )
        actor = world.company.carl.as_actor()
        place_hold(actor=actor, scope=scope, matter="M", reason="R")
    shift_clock(timedelta(days=60))
    pruned(world)
    with tenant_transaction(world.company.id):
        row = Run.objects.get(pk=run.pk)
        assert (row.title, events_of(world, row)) == ("Look after Quagmire", 4)
        assert verify_run(row).problems == ()


def test_a_run_stays_with_a_request_that_waits() -> None:
    world = make_world(FOUR_EYES)
    run = told(world, "Quagmire", asks=True)
    shift_clock(timedelta(days=3))  # less than the deadline's sweep: nobody has looked at it
    with tenant_transaction(world.company.id):
        assert run.requests.get().status == "pending"
    shift_clock(timedelta(days=60))
    pruned(world)
    with tenant_transaction(world.company.id):
        row = Run.objects.get(pk=run.pk)
        assert (row.title, row.forgotten_at) == ("Look after Quagmire", None)
        assert run.requests.get().summary == "Pay Quagmire"


@pytest.mark.parametrize("on", ["everything", "a period", "the agent", "nothing"])
def test_what_is_still_there_of_a_run_without_events_is_kept_by_a_hold_that_comes_late(
    world: World, on: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = told(world, "Quagmire")
    shift_clock(timedelta(days=60))
    monkeypatch.setattr("audit.services.pruning.PRUNERS", [])
    monkeypatch.setattr("audit.services.pruning.BESIDE", [])
    pruned(world)
    by = {"placed_by_id": "mem_carl", "placed_by_name": "Carl", "matter": "M", "reason": "R"}
    with tenant_transaction(world.company.id):
        assert events_of(world, run) == 0
        holds = {
            "everything": LegalHold(kind=HoldKind.EVERYTHING, **by),
            "a period": LegalHold(
                kind=HoldKind.PERIOD, starts_at=run.started_at - timedelta(days=1),
                ends_at=run.started_at + timedelta(days=1), **by,
            ),
            "the agent": LegalHold(kind=HoldKind.SUBJECT, ref=world.agent.public_id, **by),
        }  # fmt: skip
        if on in holds:
            holds[on].save(force_insert=True)
        went = (("runs whose words went", 1),)
        assert forget_runs(clock.now(), 50) == (() if on in holds else went)


def test_the_page_says_how_many_will_go_before_they_go(world: World) -> None:
    told(world, "Quagmire")
    told(world, "Zeppelin", is_closed=False)
    shift_clock(timedelta(days=60))
    with tenant_transaction(world.company.id):
        set_retention(actor=world.company.carl, days=30)
    client = Client()
    client.force_login(world.company.carl.user, backend=BACKEND)
    page = client.get(f"/t/{world.company.slug}/audit/retention/")
    assert dict(page.context["others"])["runs whose words go"] == 1
    assert "Runs whose words go" in page.content.decode()
