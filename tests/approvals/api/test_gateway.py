"""The gateway over HTTP, with a model's service on loopback: passed on, looked through, booked."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest

from approvals.api.gateway import TICKET
from approvals.api.gateway_calls import serve_call
from approvals.api.gateway_watch import Watch
from approvals.models import ModelCall
from audit.models import LedgerEvent
from govapp.common.asgi.bridge import Bridge
from govapp.common.tenancy import tenant_transaction
from tenants.models import Agent, Budget, Credential, Integration, Reservation
from tenants.services.agents import pause_agent
from tenants.services.credentials import revoke_credential
from tenants.services.integration_secrets import rotate_secret
from tenants.services.integrations import suspend_integration
from tenants.services.kill import throw
from tests.approvals.api.agents import make_caller
from tests.approvals.models_at import HELLO, MODEL, VENDOR_KEY, connect_model
from tests.approvals.services.test_guarding import guard_with, rule
from tests.approvals.world import World
from tests.conftest import DATABASE
from tests.support.committed import CommittedDatabase
from tests.support.losing import database_away
from tests.support.model_service import ModelService, running_model_service
from tests.support.recorded import read, text_of
from tests.support.services import Services
from tests.support.web import Web, running_web

IBAN = "DE89370400440532013000"
CHAT = "/gateway/v1/chat/completions"


@dataclass
class Gateway:
    """A company, its agent's key, a model's service, and the gateway between them."""

    world: World
    key: str
    service: ModelService
    web: Web

    @property
    def client(self) -> httpx.Client:
        return httpx.Client(
            base_url=self.web.url, headers={"Authorization": f"Bearer {self.key}"}, timeout=30
        )

    def chat(self, path: str = CHAT, headers: dict[str, str] | None = None, **more: Any) -> Any:
        with self.client as client:
            return client.post(path, json=HELLO | more, headers=headers)

    def agent(self) -> Agent:
        return Agent.objects.get(name="caller")

    def calls(self) -> list[ModelCall]:
        with tenant_transaction(self.world.company.id):
            return list(ModelCall.objects.order_by("id"))

    def events(self, kind: str = "model.called") -> list[dict[str, Any]]:
        with tenant_transaction(self.world.company.id):
            rows = list(LedgerEvent.objects.filter(type=kind).order_by("occurred_at", "id"))
        return [read(row) for row in rows]

    def said(self, **more: Any) -> tuple[str, list[dict[str, Any]]]:
        """Ask for a stream; return its text and its events."""
        answer = self.chat(stream=True, **more)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        return text_in(answer.text)


def text_in(stream: str) -> tuple[str, list[dict[str, Any]]]:
    events = [line.removeprefix("data: ") for line in stream.split("\n\n") if line]
    pieces = [json.loads(each) for each in events if each != "[DONE]"]
    text = "".join(
        choice["delta"].get("content") or ""
        for each in pieces
        for choice in each.get("choices", ())
    )
    return text, pieces


@pytest.fixture
def service() -> Iterator[ModelService]:
    with running_model_service() as running:
        yield running


@pytest.fixture
def gateway(
    committed_db: CommittedDatabase, service: ModelService, settings: Any
) -> Iterator[Gateway]:
    settings.CALLBACKS_MAY_GO_TO_LOOPBACK = True
    settings.CALLBACKS_NEED_HTTPS = False
    world, caller = make_caller()
    with tenant_transaction(world.company.id):
        agent = Agent.objects.get(name="caller")
    connect_model(world, agent, service.url)
    with running_web() as web:
        yield Gateway(world, caller.key, service, web)


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


def stopping(gateway: Gateway, how: str) -> None:
    company = gateway.world.company
    with tenant_transaction(company.id):
        agent = gateway.agent()
        if how == "kill":
            throw(actor=company.olivia, scope="agent", ref=agent.public_id, reason="Odd.",
                  pending="hold")  # fmt: skip
        elif how == "pause":
            pause_agent(actor=company.olivia, agent=agent, reason="Odd.")
        else:
            key = Credential.objects.get(agent=agent)
            revoke_credential(actor=company.olivia, credential=key)


@pytest.mark.parametrize(
    ("how", "code"),
    [("kill", "killed"), ("pause", "unauthenticated"), ("revoke", "unauthenticated")],
)
def test_a_running_stream_is_ended_and_the_next_is_refused(
    gateway: Gateway, how: str, code: str
) -> None:
    gateway.service.held = threading.Event()
    gateway.service.hold_after = 1
    found: list[str] = []
    with (
        gateway.client as client,
        client.stream("POST", CHAT, json=HELLO | {"stream": True}) as got,
    ):
        for line in got.iter_lines():
            if not found:
                stopping(gateway, how)
            found.append(line)
    last = json.loads([each for each in found if each][-1].removeprefix("data: "))
    assert last["error"]["code"] == code
    assert gateway.service.hung_up.wait(30)
    assert [(each.status, each.code) for each in gateway.calls()] == [("halted", code)]
    answer = gateway.chat()
    assert (answer.status_code, answer.json()["error"]["code"]) == (
        403 if how == "kill" else 401, code,
    )  # fmt: skip
    assert len(gateway.service.asked) == 1


def test_a_whole_answer_that_is_not_awaited_is_booked_as_if_it_had_come(
    gateway: Gateway,
) -> None:
    gateway.service.held = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(gateway.chat)
        wait_until(lambda: bool(gateway.service.asked))
        stopping(gateway, "kill")
        answer = asking.result(30)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "killed")
    assert_all_is_booked(gateway, "halted")


def test_a_whole_answer_that_cannot_be_read_is_booked_as_if_all_had_come(
    gateway: Gateway,
) -> None:
    gateway.service.raw, gateway.service.content_type = b"nonsense", "application/json"
    assert gateway.chat().status_code == 502
    assert_all_is_booked(gateway, "failed")


def test_no_stream_where_one_was_asked_for_is_booked_as_if_all_had_come(gateway: Gateway) -> None:
    gateway.service.raw, gateway.service.content_type = b"{}", "application/json"
    assert gateway.chat(stream=True).status_code == 502
    assert_all_is_booked(gateway, "failed")


def assert_all_is_booked(gateway: Gateway, status: str) -> None:
    (call,) = gateway.calls()
    assert (call.status, call.is_estimated, call.answered_tokens) == (status, True, 500)
    with tenant_transaction(gateway.world.company.id):
        (held,) = Reservation.objects.all()
    assert (held.state, held.spent) == ("settled", held.wanted)


def test_a_whole_answer_without_its_use_is_estimated(gateway: Gateway) -> None:
    gateway.service.tells_usage = False
    assert gateway.chat().status_code == 200
    (call,) = gateway.calls()
    assert (call.is_estimated, 5 <= call.answered_tokens < 100) == (True, True)


def test_what_was_not_committed_is_not_sent_on(gateway: Gateway, services: Services) -> None:
    with psycopg.connect(services.admin_url(DATABASE), autocommit=True) as admin:
        admin.execute(REFUSED_AT_COMMIT)
        try:
            answer = gateway.chat()
        finally:
            admin.execute("DROP FUNCTION refused_at_commit CASCADE")
    assert answer.status_code == 503, answer.text
    assert (gateway.service.asked, gateway.calls()) == ([], [])
    assert gateway.chat().status_code == 200


REFUSED_AT_COMMIT = """
CREATE FUNCTION refused_at_commit() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = 'serialization_failure'; END $$;
CREATE CONSTRAINT TRIGGER refused_at_commit AFTER INSERT ON approvals_modelcall
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refused_at_commit()
"""


def test_an_answer_that_is_no_success_is_passed_back_whatever_ticket_was_left() -> None:
    sent: list[Any] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        environ[TICKET].append("a ticket")
        start_response("503 Service Unavailable", [("content-type", "application/json")])
        return [b"{}"]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"{}"}

    async def send(message: Any) -> None:
        sent.append(message)

    bridge = Bridge(app, threads=1, readers=1)
    scope = {"method": "POST", "path": CHAT, "query_string": b"", "http_version": "1.1",
             "headers": []}  # fmt: skip
    asyncio.run(serve_call(scope, receive, send, bridge=bridge, watch=Watch(bridge)))
    bridge.shut_down(lambda: None)
    assert [each.get("status") for each in sent] == [503, None]


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


def wait_until(is_so: Callable[[], bool]) -> None:
    limit = time.monotonic() + 30
    while not is_so() and time.monotonic() < limit:
        time.sleep(0.02)
    assert is_so()


def test_who_hangs_up_pays_for_what_came(gateway: Gateway) -> None:
    gateway.service.held = threading.Event()
    gateway.service.hold_after = 2
    with (
        gateway.client as client,
        client.stream("POST", CHAT, json=HELLO | {"stream": True}) as got,
    ):
        next(got.iter_lines())
    assert gateway.service.hung_up.wait(30)
    wait_until(lambda: gateway.calls()[0].status != "open")
    (call,) = gateway.calls()
    assert (call.status, call.is_estimated, call.asked_tokens > 0) == ("given_up", True, True)
    assert len(gateway.events()) == 1


@pytest.mark.parametrize(
    ("prepared", "status", "code"),
    [
        ({"error": (400, {"error": {"message": f"Bad {VENDOR_KEY}"}})}, 400, "upstream_rejected"),
        ({"error": (500, b"Traceback")}, 502, "upstream_failed"),
        ({"error": (429, {})}, 429, "upstream_rate_limited"),
        ({"keys": {"another"}}, 502, "upstream_refused_key"),
        ({"raw": b"nonsense", "content_type": "application/json"}, 502, "upstream_malformed"),
        ({"error": (307, {})}, 502, "upstream_failed"),
    ],
)
@pytest.mark.parametrize("streams", [True, False])
def test_faults_of_the_service_are_told_without_the_key(
    gateway: Gateway, prepared: dict[str, Any], status: int, code: str, streams: bool
) -> None:
    for name, value in prepared.items():
        setattr(gateway.service, name, value)
    answer = gateway.chat(stream=streams)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert VENDOR_KEY not in answer.text
    (call,) = gateway.calls()
    assert (call.status, call.code) == ("failed", code)
    assert VENDOR_KEY not in text_of_all(gateway)


def test_a_stream_that_is_cut_ends_with_an_error_and_is_booked(gateway: Gateway) -> None:
    gateway.service.cut_after = 2
    answer = gateway.chat(stream=True)
    text, pieces = text_in(answer.text)
    assert pieces[-1]["error"]["code"] == "upstream_malformed"
    assert "Hello there.".startswith(text)
    (call,) = gateway.calls()
    assert (call.status, call.is_estimated, call.answered_tokens > 0) == ("failed", True, True)


def test_while_a_key_is_replaced_the_former_one_still_works(gateway: Gateway) -> None:
    company = gateway.world.company
    gateway.service.keys = {VENDOR_KEY}
    with tenant_transaction(company.id):
        rotate_secret(
            actor=company.olivia, integration=Integration.objects.get(),
            secret="another-vendor-key-12345", overlap=timedelta(hours=1),
        )  # fmt: skip
    assert gateway.chat().status_code == 200
    assert len(gateway.service.asked) == 2


def test_a_service_that_nobody_runs_is_told_and_costs_nothing(gateway: Gateway) -> None:
    with tenant_transaction(gateway.world.company.id):
        Integration.objects.update(address="http://127.0.0.1:9/v1")
    answer = gateway.chat()
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_unreachable")
    (call,) = gateway.calls()
    assert (call.status, str(call.cost), call.asked_tokens) == ("failed", "0.000000", 0)
    with tenant_transaction(gateway.world.company.id):
        assert [each.state for each in Reservation.objects.all()] == ["released"]


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


def text_of_all(gateway: Gateway) -> str:
    """Everything that the record and the tables of calls hold, as a text."""
    with tenant_transaction(gateway.world.company.id):
        events = [text_of(row) for row in LedgerEvent.objects.all()]
        rows = [str(each) for each in ModelCall.objects.values()]
    return " ".join([*events, *rows])


@pytest.mark.parametrize("streams", [False, True])
def test_what_could_not_be_booked_is_not_answered_and_booked_when_found(
    gateway: Gateway, services: Services, streams: bool
) -> None:
    gateway.service.held = threading.Event()
    gateway.service.hold_after = 1
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(gateway.chat, stream=streams)
        wait_until(lambda: bool(gateway.service.asked))
        with database_away(services):
            gateway.service.held.set()
            answer = asking.result(120)
    if streams and answer.status_code == 200:
        error = text_in(answer.text)[1][-1]["error"]
    else:
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
        error = answer.json()["error"]
    assert error["code"] == "unavailable"
    (call,) = gateway.calls()
    assert call.status == "open"
    with tenant_transaction(gateway.world.company.id):
        (held,) = Reservation.objects.all()
    assert held.state == "open"
