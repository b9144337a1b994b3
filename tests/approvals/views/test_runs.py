"""The pages of runs: a list, the graph, where labels came in, and whether the record is whole."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from approvals.models import Run
from approvals.services.runs import Step, add_steps, close_run, start_run
from govapp.common.tenancy import tenant_transaction
from tests.approvals.documents import rule, rules
from tests.approvals.views.office import log_in
from tests.approvals.world import World, make_world

pytestmark = pytest.mark.django_db

STEPS = (
    Step(
        "read", "retrieval", title="<b>Invoice</b> 1123", labels=("customer-pii",),
        source={"kind": "document", "title": "Invoice 1123"},
    ),
    Step("think", "model_call", inputs=("read",), tokens_in=900, tokens_out=80,
         cost={"amount": "0.40", "currency": "EUR"}),
    Step("send", "tool_call", inputs=("think",), result="stopped"),
)  # fmt: skip


@pytest.fixture
def world() -> World:
    return make_world(rules(rule("rest", "allow")))


def make_run(world: World, key: str = "task", *steps: Step) -> Run:
    with tenant_transaction(world.company.id):
        run = start_run(agent=world.agent, key=key, title=f"The task {key}")
        if steps:
            add_steps(agent=world.agent, run_id=run.pk, steps=steps)
    return run


def text(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def read(client: Client, path: str) -> str:
    answer = client.get(f"/t/acme/{path}")
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("name", ["olivia", "carl", "alice", "audrey"])
def test_everybody_of_the_company_reads_runs(world: World, name: str) -> None:
    run = make_run(world)
    client = log_in(getattr(world.company, name))
    assert "The task task" in read(client, "runs/")
    assert "Its agent has not said yet what it did." in read(client, f"runs/{run.public_id}/")


def test_a_run_says_what_led_to_what(world: World) -> None:
    run = make_run(world, "task", *STEPS)
    made = world.submit(run=run.public_id, step="think")
    page = read(log_in(world.company.alice), f"runs/{run.public_id}/")
    words = text(page)
    assert "3 steps (1 stopped), 1 request " in words
    assert "EUR 0.40, 980 tokens" in words
    assert "whole: 5 of 5 events are there, each names the one before it" in words
    assert "customer-pii step 1 3 steps payments.transfer Allowed by rule" in words
    assert page.count('class="run-edge"') == 3
    assert "Step 3, tool call, stopped; it carries customer-pii" in page
    assert f'href="/t/acme/requests/{made.public_id}/"' in page
    assert "&lt;b&gt;Invoice&lt;/b&gt; 1123" in page
    assert "<b>Invoice</b>" not in page
    assert "style=" not in page


def test_a_request_leads_to_its_run(world: World) -> None:
    run = make_run(world, "task", *STEPS)
    made = world.submit(run=run.public_id)
    page = read(log_in(world.company.alice), f"requests/{made.public_id}/")
    assert f'<a href="/t/acme/runs/{run.public_id}/">{run.public_id}</a>' in page


def test_a_record_that_is_not_whole_is_said_to_be_so(world: World) -> None:
    run = make_run(world, "task", *STEPS)
    with tenant_transaction(world.company.id):
        Run.objects.filter(pk=run.pk).update(last_seq=7)
    words = text(read(log_in(world.company.audrey), f"runs/{run.public_id}/"))
    assert "The record of this run is not whole Events 5 to 7 are missing." in words
    assert "not whole: 4 events are there, 7 should be" in words


def test_the_list_narrows_to_an_agent_and_to_what_is_open(world: World) -> None:
    closed, _ = make_run(world, "first"), make_run(world, "second")
    with tenant_transaction(world.company.id):
        close_run(agent=world.agent, run_id=closed.pk, outcome="failed")
    client = log_in(world.company.alice)
    both = read(client, f"runs/?agent={world.agent.public_id}")
    assert ("The task first" in both, "The task second" in both) == (True, True)
    open_ones = read(client, "runs/?state=open")
    assert ("The task first" in open_ones, "The task second" in open_ones) == (False, True)
    assert "Nothing fits these filters" in read(client, "runs/?agent=nobody")


def test_what_is_too_large_to_draw_is_listed(world: World) -> None:
    run = make_run(world)
    for start in (0, 100):
        steps = [Step(f"k{start + number}", "tool_call") for number in range(80)]
        with tenant_transaction(world.company.id):
            add_steps(agent=world.agent, run_id=run.pk, steps=steps)
    page = read(log_in(world.company.alice), f"runs/{run.public_id}/")
    assert "More than 150 steps and requests are too many to draw" in page
    assert 'id="step-160"' in page


def test_no_such_run_is_not_found(world: World) -> None:
    client = log_in(world.company.alice)
    for ident in ("run_00000000000000000000000000", "nonsense"):
        assert client.get(f"/t/acme/runs/{ident}/").status_code == 404


def test_the_number_of_statements_does_not_grow(world: World) -> None:
    first = make_run(world, "small", STEPS[0])
    world.submit(run=first.public_id)
    second = make_run(world, "large", *STEPS)
    for _ in range(3):
        world.submit(run=second.public_id, step="think")
    client = log_in(world.company.alice)
    counts = []
    for run in (first, second):
        read(client, f"runs/{run.public_id}/")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            read(client, f"runs/{run.public_id}/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_whoever_reads_the_record_takes_the_run_home(world: World) -> None:
    run = make_run(world)
    path = f"/t/acme/audit/packs/new?subject={run.public_id}"
    shown = {
        name: f'href="{path}"'
        in read(log_in(getattr(world.company, name)), f"runs/{run.public_id}/")
        for name in ("audrey", "alice")
    }
    assert shown == {"audrey": True, "alice": False}
