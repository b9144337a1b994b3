"""Runs, steps and taking back over HTTP."""

from typing import Any

import pytest

from approvals.models import ActionCategory, ActionRequest, Run
from govapp.common.tenancy import tenant_transaction
from tests.approvals.api.agents import Caller, make_caller, new_caller
from tests.approvals.services.test_undoing import UNDO, document, execute
from tests.tenants.ledger import events

pytestmark = pytest.mark.django_db

READ = {
    "key": "read", "kind": "retrieval", "title": "Invoice 1123", "labels": ["customer-pii"],
    "source": {"kind": "document", "title": "Invoice 1123", "uri": "s3://invoices/1123"},
}  # fmt: skip
THINK = {
    "key": "think", "kind": "model_call", "inputs": ["read"], "model": "m-1", "tokens_in": 9,
    "cost": {"amount": "0.40", "currency": "EUR"}, "output_digest": f"sha256:{'ab' * 32}",
}  # fmt: skip


def begin(caller: Caller, key: str = "task") -> str:
    answer = caller.post("/api/v1/runs", {"key": key, "title": "Invoices"})
    assert answer.status_code == 201, answer.content
    assert answer["Location"] == f"/api/v1/runs/{answer.json()['id']}"
    return str(answer.json()["id"])


def tell(caller: Caller, run: str, *steps: dict[str, Any]) -> Any:
    return caller.post(f"/api/v1/runs/{run}/steps", {"steps": list(steps)})


def faults(answer: Any) -> list[tuple[int, str]]:
    return [(answer.status_code, each["pointer"]) for each in answer.json()["errors"]]


def test_a_task_is_begun_told_joined_closed_and_read() -> None:
    _, caller = make_caller()
    run = begin(caller)
    assert begin(caller) == run
    told = tell(caller, run, READ, THINK)
    assert told.status_code == 201, told.content
    assert [(each["number"], each["key"], each["carried"]) for each in told.json()["steps"]] == [
        (1, "read", ["customer-pii"]), (2, "think", ["customer-pii"]),
    ]  # fmt: skip
    assert tell(caller, run, THINK).json()["steps"] == told.json()["steps"][1:]
    made = caller.submit(run=run, step="think")
    assert (made.status_code, made.json()["run"]) == (202, run)
    closed = caller.post(f"/api/v1/runs/{run}/close", {"outcome": "succeeded", "note": "Paid."})
    assert closed.status_code == 200
    body = caller.get(f"/api/v1/runs/{run}").json()
    assert body["run"] == closed.json()
    assert {name: body["run"][name] for name in ("outcome", "steps", "requests", "labels")} == {
        "outcome": "succeeded", "steps": 2, "requests": 1, "labels": ["customer-pii"],
    }  # fmt: skip
    assert body["run"]["review"].endswith(f"/t/acme/runs/{run}/")
    assert [(each["key"], each["inputs"]) for each in body["steps"]] == [
        ("read", []), ("think", ["read"]),
    ]  # fmt: skip
    assert body["requests"] == [
        {
            "id": made.json()["id"],
            "category": "payments.transfer",
            "status": "pending",
            "step": "think",
        }
    ]
    assert body["record"] == {"events": 5, "is_whole": True, "is_closed": True, "problems": []}


def test_what_does_not_fit_is_refused_where_it_stands() -> None:
    _, caller = make_caller()
    run = begin(caller)
    assert faults(caller.post("/api/v1/runs", {"title": "x"})) == [(422, "/key")]
    assert faults(tell(caller, run, READ | {"kind": "guess"})) == [(422, "/steps/0/kind")]
    assert faults(tell(caller, run, READ | {"text": "contents"})) == [(400, "/steps/0/text")]
    assert faults(tell(caller, run, THINK)) == [(422, "/steps/0/inputs")]
    assert faults(tell(caller, run)) == [(422, "/steps")]
    assert faults(tell(caller, run, READ, READ)) == [(422, "/steps/1/key")]
    close = f"/api/v1/runs/{run}/close"
    assert faults(caller.post(close, {"outcome": "left_open"})) == [(422, "/outcome")]
    assert faults(caller.submit(run=run, step="nothing")) == [(422, "/step")]


def test_after_its_end_nothing_is_added() -> None:
    _, caller = make_caller()
    run = begin(caller)
    for _ in range(2):
        assert caller.post(f"/api/v1/runs/{run}/close", {"outcome": "failed"}).status_code == 200
    late = tell(caller, run, READ)
    assert (late.status_code, late.json()["type"].rpartition(":")[2]) == (409, "run_closed")
    other = caller.post(f"/api/v1/runs/{run}/close", {"outcome": "succeeded"})
    assert other.status_code == 409
    assert faults(caller.submit(run=run)) == [(422, "/run")]


def test_another_agents_run_is_not_there() -> None:
    world, caller = make_caller()
    run = begin(caller)
    other = new_caller(world, "other")
    assert other.get(f"/api/v1/runs/{run}").status_code == 404
    assert tell(other, run, READ).status_code == 404
    assert other.post(f"/api/v1/runs/{run}/close", {"outcome": "failed"}).status_code == 404
    assert other.submit(run=run).status_code == 202  # a name like any other
    with tenant_transaction(world.company.id):
        assert Run.objects.get().request_count == 0


def test_an_agent_takes_back_what_it_did() -> None:
    world, caller = make_caller(document())
    with tenant_transaction(world.company.id):
        ActionCategory.objects.create(key="payments.refund", name="Refund")
        ActionCategory.objects.filter(key="payments.transfer").update(undo=UNDO)
    paid = caller.submit().json()["id"]
    path = f"/api/v1/action-requests/{paid}/undo"
    early = caller.post(path)
    assert (early.status_code, early.json()["type"].rpartition(":")[2]) == (409, "not_executed")
    with tenant_transaction(world.company.id):
        request = ActionRequest.objects.select_related("agent").get()
    execute(world, request)
    answer = caller.post(path, {"reason": "Twice."})
    assert (answer.status_code, answer.json()["status"]) == (201, "allowed")
    made = answer.json()
    assert made["undoes"] == paid
    assert answer["Location"] == f"/api/v1/action-requests/{made['id']}"
    again = caller.post(path)
    assert (again.status_code, made["id"] in again.json()["detail"]) == (409, True)
    assert caller.get(f"/api/v1/action-requests/{paid}").json()["undone_by"] == [made["id"]]
    other = new_caller(world, "other")
    assert other.post(path).status_code == 404


def test_a_refusal_of_an_isolation_rule_is_in_the_answer_and_the_record() -> None:
    rule = {
        "id": "no-pii",
        "when": {
            "category": "payments.transfer",
            "conditions": {"field": "run.labels", "op": "contains", "value": "customer-pii"},
        },
        "then": "deny",
    }
    made = document()
    made["rules"].append(rule)
    world, caller = make_caller(made)
    run = begin(caller)
    tell(caller, run, READ)
    answer = caller.submit(run=run)
    assert (answer.status_code, answer.json()["status"]) == (201, "blocked")
    assert (
        "data labels of the run customer-pii contain customer-pii"
        in answer.json()["decision"]["reason"]
    )
    with tenant_transaction(world.company.id):
        (blocked,) = events("action_request.blocked")
        (asked,) = events("action_request.submitted")
    assert "data labels of the run customer-pii contain customer-pii" in blocked["data"]["reason"]
    assert asked["data"]["lineage"]["labels"] == ["customer-pii"]
