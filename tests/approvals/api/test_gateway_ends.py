"""How a call through the gateway ends: stopped, left, cut off, refused by the service; booked."""

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from approvals.api.gateway import TICKET
from approvals.api.gateway_calls import serve_call
from approvals.api.gateway_watch import Watch
from govapp.common.asgi.bridge import Bridge
from govapp.common.tenancy import tenant_transaction
from tenants.models import Credential, Integration, Reservation
from tenants.services.agents import pause_agent
from tenants.services.credentials import revoke_credential
from tenants.services.integration_secrets import rotate_secret
from tenants.services.kill import throw
from tests.approvals.api.gateways import CHAT, Gateway, text_in, text_of_all, wait_until
from tests.approvals.models_at import HELLO, VENDOR_KEY
from tests.conftest import DATABASE
from tests.support.services import Services


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
