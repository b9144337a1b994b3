"""`POST /api/v1/action-requests`."""

from typing import Any

import pytest

from approvals.models import ActionRequest
from govapp.common.tenancy import tenant_transaction
from tests.approvals.api.agents import PAYMENT, URL, make_caller

pytestmark = pytest.mark.django_db


def test_a_pending_request_is_accepted_with_its_whole_standing() -> None:
    world, caller = make_caller()
    response = caller.submit()
    body = response.json()
    assert response.status_code == 202
    assert response["Location"] == f"{URL}/{body['id']}"
    assert response["Retry-After"] == "5"
    assert response["Cache-Control"] == "no-store"
    with tenant_transaction(world.company.id):
        made = ActionRequest.objects.get()
    assert body == {
        "id": made.public_id,
        "status": "pending",
        "category": "payments.transfer",
        "summary": "Pay EUR 900 to Northwind",
        "payload_digest": made.payload_digest,
        "environment": "production",
        "integration": "",
        "run": "",
        "delegation": [],
        "submitted_at": body["submitted_at"],
        "deadline_at": body["deadline_at"],
        "decided_at": None,
        "policy": {
            "version": 1,
            "rules": [
                {
                    "id": "payments",
                    "outcome": "require_approval",
                    "because": made.trace["rules"][0]["because"],
                }
            ],
        },
        "requirements": [
            {"rule": "payments", "satisfied": False, "missing": "1 from Finance, 1 from Risk"}
        ],
        "notes": [],
        "decision": None,
        "grant_not_before": None,
        "execution": {"state": "not_started"},
        "supersedes": None,
        "links": {
            "self": f"http://127.0.0.1:8000{URL}/{made.public_id}",
            "review": f"http://127.0.0.1:8000/t/acme/requests/{made.public_id}/",
            "events": f"http://127.0.0.1:8000{URL}/events",
        },
    }


def test_what_no_rule_knows_is_blocked_at_once() -> None:
    _, caller = make_caller()
    response = caller.submit(category="payments.unheard-of")
    body = response.json()
    assert (response.status_code, body["status"]) == (201, "blocked")
    assert "Retry-After" not in response
    assert body["decision"] == {
        "outcome": "blocked",
        "reason": "The category payments.unheard-of is not known here: name one of the page"
        " Categories, or have compliance make it.",
        "by": body["decision"]["by"],
        "reasons": ["category_unknown"],
    }


def test_everything_that_may_be_sent_is_kept() -> None:
    world, caller = make_caller()
    former = caller.submit(category="payments.unheard-of").json()["id"]
    response = caller.submit(
        reason="Invoice 1123 is due tomorrow.",
        sources=[{"kind": "document", "title": "Invoice 1123", "uri": "s3://b/1123"}],
        confidence=0.82,
        environment="staging",
        estimated_cost={"amount": "0.40", "currency": "EUR", "tokens": 5200},
        on_behalf_of="customer 42",
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        supersedes=former,
    )
    assert response.status_code == 202, response.content
    assert response.json()["supersedes"] == former
    with tenant_transaction(world.company.id):
        made = ActionRequest.objects.get(status="pending")
    assert made.sources == [{"kind": "document", "title": "Invoice 1123", "uri": "s3://b/1123"}]
    assert str(made.confidence) == "0.820"
    assert made.estimated_cost == {"amount": "0.40", "currency": "EUR", "tokens": 5200}
    assert made.on_behalf_of == "customer 42"
    assert made.traceparent.startswith("00-0af7")


@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [
        ({"integrations": "acme-bank"}, 400, "/integrations"),
        ({"a/b~c": 1}, 400, "/a~1b~0c"),
        ({"sources": [{"kind": "x"}, {"kind": "x", "sort": 1}]}, 400, "/sources/1/sort"),
        ({"estimated_cost": {"money": 1}}, 400, "/estimated_cost/money"),
        ({"summary": 7}, 422, "/summary"),
        ({"summary": ""}, 422, "/summary"),
        ({"summary": "x" * 501}, 422, "/summary"),
        ({"payload": []}, 422, "/payload"),
        ({"payload": None}, 422, "/payload"),
        ({"confidence": 1.5}, 422, "/confidence"),
        ({"confidence": "0.5"}, 422, "/confidence"),
        ({"confidence": True}, 422, "/confidence"),
        ({"category": "Payments Transfer"}, 422, "/category"),
        ({"sources": [{"title": "no kind"}]}, 422, "/sources/0/kind"),
        ({"estimated_cost": {"amount": 0.4}}, 422, "/estimated_cost/amount"),
        ({"supersedes": "ar_zzzzzzzzzzzzzzzzzzzzzzzzzz"}, 422, "/supersedes"),
        ({"supersedes": "ar_00000000000000000000000000"}, 422, "/supersedes"),
        ({"callback": "wh_00000000000000000000000000"}, 422, "/callback"),
        ({"traceparent": "yes"}, 422, "/traceparent"),
        ({"integration": "Acme Bank"}, 422, "/integration"),
        ({"integration": "-acme"}, 422, "/integration"),
        ({"integration": "a" * 101}, 422, "/integration"),
        ({"delegation": "dg_00000000000000000000000000"}, 422, "/delegation"),
        ({"run": "two words"}, 422, "/run"),
        ({"run": "caf\u00e9"}, 422, "/run"),
        ({"run": "r" * 101}, 422, "/run"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(
    change: dict[str, Any], status: int, pointer: str
) -> None:
    world, caller = make_caller()
    response = caller.submit(**change)
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    assert [fault["pointer"] for fault in response.json()["errors"]] == [pointer]
    with tenant_transaction(world.company.id):
        assert ActionRequest.objects.count() == 0


@pytest.mark.parametrize("missing", ["category", "summary", "payload"])
def test_three_fields_are_required(missing: str) -> None:
    _, caller = make_caller()
    response = caller.submit({name: PAYMENT[name] for name in PAYMENT if name != missing})
    assert response.status_code == 422
    assert response.json()["errors"] == [
        {"pointer": f"/{missing}", "detail": "This field is required."}
    ]


def test_a_key_for_the_action_is_demanded_with_what_to_do() -> None:
    _, caller = make_caller()
    response = caller.post(URL, PAYMENT)
    assert response.status_code == 400
    assert response.json()["type"] == "urn:govapp:problem:idempotency_key_missing"
    assert "Send the header Idempotency-Key" in response.json()["detail"]


@pytest.mark.parametrize("key", ["x" * 256, "with space", "naïve"])
def test_an_unfit_key_for_the_action_is_refused(key: str) -> None:
    _, caller = make_caller()
    assert caller.submit(key=key).status_code == 400


def test_the_same_action_again_gets_the_first_answer() -> None:
    world, caller = make_caller()
    first, again = caller.submit(key="one"), caller.submit(key="one")
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json() == first.json()
    assert again["Location"] == first["Location"]
    assert (again["Idempotency-Replayed"], "Idempotency-Replayed" in first) == ("true", False)
    with tenant_transaction(world.company.id):
        assert ActionRequest.objects.count() == 1


def test_the_order_of_fields_makes_no_other_action() -> None:
    _, caller = make_caller()
    caller.submit(key="one")
    turned = dict(reversed(PAYMENT.items()))
    assert caller.submit(turned, key="one")["Idempotency-Replayed"] == "true"


def test_another_action_under_the_same_key_is_refused() -> None:
    _, caller = make_caller()
    caller.submit(key="one")
    assert caller.submit(key="one", summary="Pay somebody else").status_code == 422


def test_a_preview_says_what_would_happen_and_writes_nothing() -> None:
    world, caller = make_caller()
    response = caller.post(f"{URL}/preview", PAYMENT)
    assert response.status_code == 200
    body = response.json()
    assert body["outcome"] == "require_approval"
    assert [rule["id"] for rule in body["rules"]] == ["payments"]
    assert [each["rule"] for each in body["requirements"]] == ["payments"]
    with tenant_transaction(world.company.id):
        assert ActionRequest.objects.count() == 0
