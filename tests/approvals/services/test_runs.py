"""An agent's task: begun once, told step by step, joined by requests, closed; and its record."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from approvals.facts import Submission
from approvals.models import ActionRequest, Run, RunStep
from approvals.selectors.runs import read_graph, verify_run
from approvals.services.runs import (
    Step,
    add_step,
    add_steps,
    close_left_open,
    close_run,
    start_run,
)
from approvals.services.submission import preview_action, submit_action
from govapp.common.errors import Conflict, DomainError, Invalid, NotFound
from govapp.common.ids import public_id
from govapp.common.tenancy import tenant_transaction
from tests.approvals.world import World, make_world, policy, stage
from tests.conftest import MoveClock
from tests.people import make_agent
from tests.tenants.ledger import events
from tests.tenants.systems import active_system, give

pytestmark = pytest.mark.django_db

READ = Step(
    "read", "retrieval", title="Invoice 1123", labels=("customer-pii",),
    source={"kind": "document", "title": "Invoice 1123", "digest": "sha256:00"},
)  # fmt: skip
LOOK = Step("look", "retrieval", labels=("public",))
THINK = Step("think", "model_call", inputs=("read",), model="m-1", tokens_in=900, tokens_out=80)
WRITE = Step("write", "synthesis", inputs=("think", "look"))
TYPES = ("run.started", "run.step_recorded", "action_request.submitted", "run.closed")


def document() -> dict[str, Any]:
    """Data about customers never reaches the mailer; payments need two people."""
    made = policy(payments=[stage("finance", "risk")])
    made["rules"].append(
        {
            "id": "no-pii-by-mail",
            "when": {
                "category": "*",
                "conditions": {
                    "all": [
                        {"field": "integration", "op": "eq", "value": "acme-mail"},
                        {"field": "run.labels", "op": "contains", "value": "customer-pii"},
                    ]
                },
            },
            "then": "deny",
        }
    )
    return made


@pytest.fixture
def world() -> World:
    return make_world(document())


@pytest.fixture
def bound(world: World) -> Iterator[World]:
    with tenant_transaction(world.company.id):
        yield world


def begin(world: World, key: str = "task", **more: Any) -> Run:
    return start_run(agent=world.agent, key=key, **more)


def tell(world: World, run: Run, *steps: Step) -> list[RunStep]:
    return add_steps(agent=world.agent, run_id=run.pk, steps=steps)


def ask(world: World, in_run: Run | None, **fields: Any) -> ActionRequest:
    asked = Submission("payments.transfer", "Pay Acme Ltd", {"amount": "900.00"})
    named = {"run": in_run.public_id} if in_run else {}
    return submit_action(agent=world.agent, submission=replace(asked, **(named | fields)))


def refused(error: type[DomainError], call: Any, *args: Any, **named: Any) -> DomainError:
    with pytest.raises(error) as found:
        call(*args, **named)
    return found.value


def pointers(error: DomainError) -> list[str]:
    return [each.pointer for each in error.errors]


def test_a_task_is_begun_once_however_often_it_is_said(bound: World) -> None:
    first = begin(bound, title="Invoices of today")
    assert begin(bound, title="Invoices of today").pk == first.pk
    assert refused(Invalid, begin, bound, title="Others").code == "run_key_reused"
    assert begin(bound, "other").pk != first.pk
    assert [each["data"]["key"] for each in events("run.started")] == ["task", "other"]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"key": ""}, "/key"),
        ({"key": "a b"}, "/key"),
        ({"key": "a" * 101}, "/key"),
        ({"title": "two\nlines"}, "/title"),
        ({"title": "t" * 201}, "/title"),
        ({"traceparent": "00-x"}, "/traceparent"),
    ],
)
def test_what_is_no_beginning_is_refused(bound: World, fields: Any, pointer: str) -> None:
    error = refused(Invalid, start_run, agent=bound.agent, **({"key": "task"} | fields))
    assert pointers(error) == [pointer]


def test_steps_carry_what_they_used(bound: World) -> None:
    run = begin(bound)
    tell(bound, run, READ, LOOK, THINK, WRITE)
    graph = read_graph(Run.objects.get())
    assert [(step.number, step.key, step.carried) for step in graph.steps] == [
        (1, "read", ["customer-pii"]),
        (2, "look", ["public"]),
        (3, "think", ["customer-pii"]),
        (4, "write", ["customer-pii", "public"]),
    ]
    used = {step.key: [each.key for each in graph.inputs.get(step.pk, ())] for step in graph.steps}
    assert used == {"read": [], "look": [], "think": ["read"], "write": ["look", "think"]}
    assert (graph.run.step_count, graph.run.labels) == (4, ["customer-pii", "public"])


def test_a_step_is_kept_once_however_often_it_is_said(bound: World) -> None:
    run = begin(bound)
    first = tell(bound, run, READ, THINK)
    again = tell(bound, run, READ, THINK, WRITE.__class__("more", "synthesis", inputs=("think",)))
    assert [each.pk for each in again[:2]] == [each.pk for each in first]
    assert RunStep.objects.count() == 3
    assert len(events("run.step_recorded")) == 3
    one = add_step(agent=bound.agent, run_id=run.pk, step=READ)
    assert one.pk == first[0].pk


def test_a_key_stands_for_one_thing(bound: World) -> None:
    run = begin(bound)
    tell(bound, run, READ)
    error = refused(Invalid, tell, bound, run, replace(READ, labels=()))
    assert (error.code, pointers(error)) == ("step_key_reused", ["/steps/0/key"])


def test_all_steps_are_kept_or_none(bound: World) -> None:
    run = begin(bound)
    error = refused(Invalid, tell, bound, run, READ, THINK, replace(WRITE, inputs=("nobody",)))
    assert pointers(error) == ["/steps/2/inputs"]
    assert RunStep.objects.count() == 0
    assert verify_run(Run.objects.get()).is_whole


def test_a_step_uses_earlier_ones_only(bound: World) -> None:
    run = begin(bound)
    assert pointers(refused(Invalid, tell, bound, run, THINK, READ)) == ["/steps/0/inputs"]
    itself = replace(THINK, inputs=("think",))
    assert pointers(refused(Invalid, tell, bound, run, itself)) == ["/steps/0/inputs"]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"kind": "guess"}, "/steps/0/kind"),
        ({"result": "perhaps"}, "/steps/0/result"),
        ({"labels": ("Customer PII",)}, "/steps/0/labels"),
        ({"labels": tuple(f"l{n}" for n in range(21))}, "/steps/0/labels"),
        ({"input_digest": "the text itself"}, "/steps/0/input_digest"),
        ({"cost": {"amount": "-1", "currency": "EUR"}}, "/steps/0/cost"),
        ({"cost": {"amount": "1"}}, "/steps/0/cost"),
        ({"tokens_in": -1}, "/steps/0/tokens_in"),
        ({"source": {"kind": "document", "text": "contents"}}, "/steps/0/source/text"),
        ({"request": "ar_00000000000000000000000000"}, "/steps/0/request"),
        ({"integration": "Acme Bank"}, "/steps/0/integration"),
        ({"title": "a\0b"}, "/steps/0/title"),
    ],
)
def test_what_is_no_step_is_refused_where_it_stands(
    bound: World, fields: Any, pointer: str
) -> None:
    error = refused(Invalid, tell, bound, begin(bound), replace(READ, **fields))
    assert pointers(error) == [pointer]


def test_no_more_than_a_hundred_steps_come_at_once_and_no_key_twice(bound: World) -> None:
    run = begin(bound)
    many = [replace(LOOK, key=f"k{number}") for number in range(101)]
    assert pointers(refused(Invalid, tell, bound, run, *many)) == ["/steps"]
    assert pointers(refused(Invalid, tell, bound, run, READ, READ)) == ["/steps/1/key"]
    assert len(tell(bound, run, *many[:100])) == 100


def test_another_agents_run_is_not_there(bound: World) -> None:
    run = begin(bound)
    other, _ = make_agent(bound.company, "other")
    refused(NotFound, add_steps, agent=other, run_id=run.pk, steps=[READ])
    refused(NotFound, close_run, agent=other, run_id=run.pk, outcome="failed")
    made = submit_action(
        agent=other,
        submission=Submission("payments.transfer", "Pay", {"amount": "1.00"}, run=run.public_id),
    )
    assert (made.run_id, made.run_key) == (None, run.public_id)
    assert Run.objects.get().request_count == 0


def test_a_request_in_a_run_is_in_its_record(bound: World) -> None:
    run = begin(bound)
    tell(bound, run, READ, THINK)
    made = ask(bound, run, step="think")
    close_run(agent=bound.agent, run_id=run.pk, outcome="succeeded", note="All paid.")
    chain = sorted(events(*TYPES), key=lambda each: each["run"]["seq"])
    assert [(each["type"], each["run"]["seq"]) for each in chain] == [
        ("run.started", 1),
        ("run.step_recorded", 2),
        ("run.step_recorded", 3),
        ("action_request.submitted", 4),
        ("run.closed", 5),
    ]
    assert {each["run"]["id"] for each in chain} == {run.public_id}
    assert [each["run"]["previous"] is None for each in chain] == [True, *[False] * 4]
    lineage = chain[3]["data"]["lineage"]
    assert lineage == {
        "step": made.step.public_id if made.step else "",
        "labels": ["customer-pii"],
        "sources": (
            '[{"digest": "sha256:00", "kind": "document", "step": 1, "title": "Invoice 1123"}]'
        ),
    }
    closing = chain[4]["data"]
    assert {name: closing[name] for name in ("steps", "requests", "events", "outcome")} == {
        "steps": 2, "requests": 1, "events": 5, "outcome": "succeeded",
    }  # fmt: skip
    found = verify_run(Run.objects.get())
    assert (found.events, found.is_closed, found.problems) == (5, True, ())


def test_a_name_that_is_no_run_stays_a_name(bound: World) -> None:
    made = ask(bound, None, run="invoices-2026")
    unknown = ask(bound, None, run=public_id("run", made.pk))
    assert [(each.run_id, bool(each.run_key)) for each in (made, unknown)] == [(None, True)] * 2
    assert made.facts is not None
    assert made.facts["run_labels"] is None
    assert "run" not in events("action_request.submitted")[0]


def test_a_step_belongs_to_the_run_that_is_named(bound: World) -> None:
    run = begin(bound)
    tell(bound, run, READ)
    assert pointers(refused(Invalid, ask, bound, run, step="think")) == ["/step"]
    assert pointers(refused(Invalid, ask, bound, None, step="read")) == ["/step"]
    other = begin(bound, "other")
    assert pointers(refused(Invalid, ask, bound, other, step="read")) == ["/step"]


def test_what_is_closed_stays_closed(bound: World) -> None:
    run = begin(bound)
    kept = tell(bound, run, READ)
    close_run(agent=bound.agent, run_id=run.pk, outcome="failed", note="No answer.")
    again = close_run(agent=bound.agent, run_id=run.pk, outcome="failed", note="No answer.")
    assert again.outcome == "failed"
    error = refused(Conflict, close_run, agent=bound.agent, run_id=run.pk, outcome="succeeded")
    assert error.code == "run_closed"
    assert refused(Conflict, tell, bound, run, LOOK).code == "run_closed"
    assert [each.pk for each in tell(bound, run, READ)] == [kept[0].pk]  # said again, not anew
    assert pointers(refused(Invalid, ask, bound, run)) == ["/run"]
    assert len(events("run.closed")) == 1
    bad = refused(Invalid, close_run, agent=bound.agent, run_id=run.pk, outcome="left_open")
    assert pointers(bad) == ["/outcome"]


def test_a_label_that_must_not_reach_a_system_is_held_there_and_nowhere_else(
    bound: World,
) -> None:
    for name in ("acme-mail", "acme-bank"):  # both may have it; the policy's rule holds one back
        made = active_system(bound.company, name, labels_cleared=["customer-pii", "public"])
        give(bound.company, bound.agent, made)
    run = begin(bound)
    tell(bound, run, READ, LOOK, THINK)
    statuses = {
        (step, integration): ask(bound, run, step=step, integration=integration).status
        for step in ("", "think", "read", "look")
        for integration in ("acme-mail", "acme-bank")
    }
    assert statuses == {
        ("", "acme-mail"): "blocked",  # no step named: all of the run counts as flowing into it
        ("think", "acme-mail"): "blocked",
        ("read", "acme-mail"): "blocked",
        ("look", "acme-mail"): "pending",
        ("", "acme-bank"): "pending",
        ("think", "acme-bank"): "pending",
        ("read", "acme-bank"): "pending",
        ("look", "acme-bank"): "pending",
    }
    # Whoever names no run cannot get around the rule: what is not known counts as matched.
    assert ask(bound, None, integration="acme-mail").status == "blocked"
    blocked = ActionRequest.objects.filter(status="blocked", step__key="think").get()
    assert blocked.facts is not None
    assert blocked.facts["run_labels"] == ["customer-pii"]
    assert "data labels of the run" in blocked.because


def test_a_preview_says_what_a_submission_would_meet(bound: World) -> None:
    bound.reach("acme-mail", labels_cleared=["customer-pii"])
    run = begin(bound)
    tell(bound, run, READ)
    asked = Submission(
        "payments.transfer", "Pay", {"amount": "1.00"}, integration="acme-mail", run=run.public_id
    )
    assert preview_action(agent=bound.agent, submission=asked).outcome == "deny"
    assert Run.objects.get().request_count == 0


def test_a_run_that_was_left_open_is_closed_after_a_day(
    world: World, move_clock: MoveClock
) -> None:
    company = world.company
    with tenant_transaction(company.id):
        run = begin(world)
        tell(world, run, READ)
    move_clock(timedelta(hours=23))
    with tenant_transaction(company.id):
        tell(world, run, LOOK)
    move_clock(timedelta(hours=46))
    assert close_left_open() == 0
    move_clock(timedelta(hours=48))
    assert close_left_open() == 1
    assert close_left_open() == 0
    with tenant_transaction(company.id):
        kept = Run.objects.get()
        (closing,) = events("run.closed")
        found = verify_run(kept)
    assert (kept.outcome, kept.is_open) == ("left_open", False)
    assert (closing["actor"]["kind"], closing["data"]["steps"]) == ("system", 2)
    assert "was left open for a day and was closed with what was there" in closing["summary"]
    assert (found.events, found.problems) == (4, ())
