"""The gateway over HTTP, with a model's service on loopback: passed on, looked through, booked."""

from typing import Any

import pytest

from govapp.common.tenancy import tenant_transaction
from tenants.models import Budget, Integration, Reservation
from tenants.services.integrations import suspend_integration
from tests.approvals.api.gateways import CHAT, IBAN, Gateway, text_in, text_of_all
from tests.approvals.models_at import HELLO, MODEL, VENDOR_KEY, connect_model
from tests.approvals.services.test_guarding import guard_with, rule


def test_a_whole_answer_comes_back_booked_and_recorded(gateway: Gateway) -> None:
    answer = gateway.chat(temperature=0.5)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": MODEL,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello there."},
                     "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
    }  # fmt: skip
    (asked,) = gateway.service.asked
    assert asked.path == "/v1/chat/completions"
    assert asked.headers["authorization"] == f"Bearer {VENDOR_KEY}"
    assert asked.body == HELLO | {"temperature": 0.5, "max_completion_tokens": 500}
    (call,) = gateway.calls()
    assert (call.status, call.asked_tokens, call.answered_tokens, str(call.cost)) == (
        "answered", 11, 7, "0.000078",
    )  # fmt: skip
    (event,) = gateway.events()
    assert event["summary"] == (
        "caller called m-large through models and was answered (11 and 7 tokens, 0.000078 EUR)"
    )
    with tenant_transaction(gateway.world.company.id):
        (held,) = Reservation.objects.all()
        assert (held.state, held.spent) == (
            "settled", {"money": {"EUR": "0.000078"}, "tokens": 18, "count": 1},
        )  # fmt: skip


def test_a_stream_comes_back_piece_by_piece(gateway: Gateway) -> None:
    text, pieces = gateway.said()
    assert text == "Hello there."
    assert [each["choices"][0]["finish_reason"] for each in pieces][-1] == "stop"
    assert gateway.service.asked[0].body["stream_options"] == {"include_usage": True}
    assert [(each.status, each.asked_tokens, each.is_estimated) for each in gateway.calls()] == [
        ("answered", 11, False)
    ]


def test_who_asks_for_usage_is_told_at_the_end(gateway: Gateway) -> None:
    _, pieces = gateway.said(stream_options={"include_usage": True})
    assert pieces[-1]["choices"] == []
    assert pieces[-1]["usage"] == {
        "prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18,
    }  # fmt: skip


def test_what_is_not_said_is_estimated(gateway: Gateway) -> None:
    gateway.service.tells_usage = False
    gateway.said()
    (call,) = gateway.calls()
    assert call.is_estimated
    assert (call.asked_tokens > 5, call.answered_tokens) == (True, 5)
    assert "about" in gateway.events()[0]["summary"]


def test_embeddings_come_back(gateway: Gateway) -> None:
    with gateway.client as client:
        answer = client.post("/gateway/v1/embeddings", json={"model": MODEL, "input": ["a", "bcd"]})
    assert [each["embedding"] for each in answer.json()["data"]] == [
        [0.25, -0.5, 1.0], [0.25, -0.5, 3.0],
    ]  # fmt: skip
    assert [(each.kind, each.asked_tokens) for each in gateway.calls()] == [("embeddings", 11)]


def test_what_is_to_be_masked_is_masked_before_it_is_sent_and_before_it_comes_back(
    gateway: Gateway,
) -> None:
    guard_with(gateway.world, rule("pii", "mask"))
    gateway.service.pieces = [*f"Paid to {IBAN} today."]
    asked: dict[str, Any] = {"messages": [{"role": "user", "content": f"Pay to {IBAN}"}]}
    text, _ = gateway.said(**asked)
    assert text == "Paid to [IBAN ••••3000] today."
    assert gateway.chat(**asked).json()["choices"][0]["message"]["content"] == text
    sent = [each.body["messages"][0]["content"] for each in gateway.service.asked]
    assert sent == ["Pay to [IBAN ••••3000]"] * 2
    first, second = gateway.events()
    found = [
        {"kind": "pii", "detector": "iban", "rule": "r", "action": "mask", "pointer": pointer}
        for pointer in ("/messages/0/content", "/answer")
    ]
    assert (first["data"]["findings"], first["data"]["masked"]) == (found, 2)
    assert second["data"]["masked"] == 2


@pytest.mark.parametrize(
    ("action", "code"), [("refuse", "guardrail_refused"), ("ask", "guardrail_ask")]
)
def test_a_message_that_is_refused_is_not_sent(gateway: Gateway, action: str, code: str) -> None:
    guard_with(gateway.world, rule("pii", action))
    answer = gateway.chat(messages=[{"role": "user", "content": f"Pay to {IBAN}"}])
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["type"]) == (403, code, "permission_error")
    assert "IBAN at /messages/0/content" in error["message"]
    assert answer.json()["type"] == f"urn:govapp:problem:{code}"
    assert gateway.service.asked == []
    (event,) = gateway.events("model.refused")
    assert (event["data"]["code"], event["data"]["reason"]) == (code, error["message"])
    assert IBAN not in text_of_all(gateway)


@pytest.mark.parametrize("action", ["refuse", "ask"])
@pytest.mark.parametrize("streams", [True, False])
def test_an_answer_that_is_refused_ends_with_an_error(
    gateway: Gateway, action: str, streams: bool
) -> None:
    code = {"refuse": "guardrail_refused", "ask": "guardrail_ask"}[action]
    guard_with(gateway.world, rule("pii", action))
    gateway.service.pieces = ["word "] * 200 + [*f"Paid to {IBAN} today."]
    answer = gateway.chat(stream=streams)
    if streams:
        text, pieces = text_in(answer.text)
        assert ("word " * 100 in text, "Paid" in text) == (True, False)
        assert pieces[-1]["error"]["code"] == code
        assert "[DONE]" not in answer.text
    else:
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, code)
    assert "DE89" not in answer.text
    assert [(each.status, each.code) for each in gateway.calls()] == [("halted", code)]
    (event,) = gateway.events()
    assert event["key"].startswith("key_")
    assert event["data"]["asked_tokens"] > 0
    assert "the answer was stopped: The guardrails" in event["summary"]


def test_a_call_is_a_step_of_its_run(gateway: Gateway) -> None:
    with gateway.client as client:
        run = client.post("/api/v1/runs", json={"key": "task-1"}).json()["id"]
        answer = client.post(CHAT, json=HELLO, headers={"Govapp-Run": run})
        assert answer.status_code == 200
        graph = client.get(f"/api/v1/runs/{run}").json()
    (step,) = graph["steps"]
    (call,) = gateway.calls()
    assert (step["key"], step["kind"], step["model"]) == (call.public_id, "model_call", MODEL)
    assert gateway.events()[0]["data"]["run"] == run
    unknown = gateway.chat(headers={"Govapp-Run": "run_00000000000000000000000000"})
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "run_unknown")


def test_the_integration_is_named_where_there_is_more_than_one(gateway: Gateway) -> None:
    with tenant_transaction(gateway.world.company.id):
        agent = gateway.agent()
    connect_model(gateway.world, agent, gateway.service.url, slug="other", key="other-key-123456")
    unnamed = gateway.chat()
    assert (unnamed.status_code, unnamed.json()["error"]["code"]) == (400, "integration_missing")
    assert gateway.chat(headers={"Govapp-Integration": "other"}).status_code == 200
    assert gateway.service.asked[-1].headers["authorization"] == "Bearer other-key-123456"


def test_over_a_budget_nothing_is_sent(gateway: Gateway) -> None:
    with tenant_transaction(gateway.world.company.id):
        Budget.objects.create(
            scope="agent", ref="*", measure="tokens", period="day", limit=600, on_exceed="halt",
            created_by=gateway.world.company.carl,
        )  # fmt: skip
    assert gateway.chat().status_code == 200
    answer = gateway.chat(max_tokens=590)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "budget_exceeded")
    assert len(gateway.service.asked) == 1
    assert gateway.chat(max_tokens=100).status_code == 200
    assert [each.status for each in gateway.calls()] == ["answered", "refused", "answered"]


def test_a_model_without_a_price_is_not_called(gateway: Gateway) -> None:
    answer = gateway.chat(model="unknown-1")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "model_unpriced")
    assert gateway.service.asked == []


def test_a_suspended_integration_is_out_of_reach(gateway: Gateway) -> None:
    company = gateway.world.company
    with tenant_transaction(company.id):
        suspend_integration(
            actor=company.olivia, integration=Integration.objects.get(), reason="Odd."
        )
    answer = gateway.chat()
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "integration_suspended")
    assert gateway.events("model.refused")[0]["data"]["code"] == "integration_suspended"


def test_the_services_words_are_told_looked_through_and_kept_nowhere(gateway: Gateway) -> None:
    guard_with(gateway.world, rule("pii", "mask"))
    gateway.service.error = (400, {"error": {"message": f"Timbuktu owes {IBAN}"}})
    answer = gateway.chat()
    assert answer.json()["error"]["message"] == "Timbuktu owes [IBAN ••••3000]"
    assert answer.json()["detail"] == "Timbuktu owes [IBAN ••••3000]"
    (call,) = gateway.calls()
    assert (call.code, call.sentence, call.masked) == (
        "upstream_rejected", "The model's service answered with status 400.", 1,
    )  # fmt: skip
    assert "Timbuktu" not in text_of_all(gateway)


def test_errors_of_the_door_are_in_the_same_shape(gateway: Gateway) -> None:
    gateway.key = "gov_live_nobody"
    answer = gateway.chat()
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthenticated")
    assert answer.json()["error"]["type"] == "authentication_error"


def test_nothing_of_what_is_said_is_kept_or_logged(
    gateway: Gateway, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    gateway.service.pieces = ["Zanzibar"]
    gateway.said(messages=[{"role": "user", "content": "Timbuktu"}])
    gateway.chat(messages=[{"role": "user", "content": "Timbuktu"}])
    gateway.service.cut_after = 0
    gateway.chat(stream=True, messages=[{"role": "user", "content": "Timbuktu"}])
    kept = " ".join([text_of_all(gateway), *capfd.readouterr(), caplog.text])
    assert ("Zanzibar" in kept, "Timbuktu" in kept, VENDOR_KEY in kept) == (False, False, False)
    assert gateway.calls()[0].request_digest.startswith("sha256:")
