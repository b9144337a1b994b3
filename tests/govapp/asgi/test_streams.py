"""The agent's stream and the live inbox: what each is told, and nobody else."""

import json

import httpx
import pytest

from approvals.enums import Verdict
from tests.approvals.api.agents import URL, Caller, make_caller, new_caller
from tests.govapp.asgi.calls import T, find, get, session, stream, submit, wait_until
from tests.support.web import Web


def test_the_stream_tells_of_ones_own_requests_and_of_no_others(web: Web) -> None:
    world, caller = make_caller()
    other, (_, stranger) = new_caller(world, "other"), make_caller(slug="globex")
    with stream(web, f"{URL}/events", caller.headers) as events:
        wait_until(lambda: web.waiters == 1 and web.idle)
        submit(web, other)
        submit(web, stranger)
        made = submit(web, caller)
        first = events.next()
        assert first["event"] == "action_request.submitted"
        assert json.loads(first["data"]) == {
            "id": made["id"],
            "type": "action_request.submitted",
            "at": made["submitted_at"],
            "status": "pending",
        }
        world.vote(world.company.alice, find(world, made["id"]), Verdict.DENY)
        second = events.next()
        assert (second["event"], json.loads(second["data"])["status"]) == (
            "action_request.denied",
            "denied",
        )


def test_the_stream_reads_on_where_it_was(web: Web) -> None:
    world, caller = make_caller()
    with stream(web, f"{URL}/events", caller.headers) as events:
        wait_until(lambda: web.waiters == 1 and web.idle)
        made = submit(web, caller)
        last = events.next()["id"]
    world.vote(world.company.alice, find(world, made["id"]), Verdict.DENY)
    with stream(web, f"{URL}/events", caller.headers | {"Last-Event-ID": last}) as events:
        seen = [events.next() for _ in range(2)]
    # The last one comes again: at least once, with the same id.
    assert [each["event"] for each in seen] == [
        "action_request.submitted",
        "action_request.denied",
    ]
    assert seen[0]["id"] == last


def test_a_stream_needs_a_key_and_an_id_of_an_event(web: Web) -> None:
    _, caller = make_caller()
    path = f"{URL}/events"
    assert get(web, Caller("wrong"), path).status_code == 401
    for wrong in ("x", "1.2", "99999999999999999999.1.x", "1.x.y"):
        response = get(web, caller, path, **{"Last-Event-ID": wrong})
        assert (response.status_code, response.json()["status"]) == (400, 400)


def test_the_live_inbox_tells_a_member_ids_and_nothing_else(web: Web) -> None:
    _, caller = make_caller()
    _, stranger = make_caller(slug="globex")
    with stream(web, "/t/acme/live/", session("alice@acme.example")) as events:
        assert events.next() == {"event": "resync", "data": "{}"}
        wait_until(lambda: web.waiters == 1 and web.idle)
        submit(web, stranger)
        made = submit(web, caller)
        event = events.next()
    assert event["event"] == "request"
    assert json.loads(event["data"]) == {"request": made["id"], "status": "pending"}


def test_the_live_inbox_is_closed_to_everybody_else(web: Web) -> None:
    make_caller()
    make_caller(slug="globex")
    url = f"{web.url}/t/acme/live/"
    assert httpx.get(url, timeout=T).status_code == 302
    alice = session("alice@acme.example")
    statuses = {
        "stranger": httpx.get(url, headers=session("alice@globex.example"), timeout=T).status_code,
        "origin": httpx.get(
            url, headers=alice | {"Origin": "https://evil.example"}, timeout=T
        ).status_code,
        "null": httpx.get(url, headers=alice | {"Origin": "null"}, timeout=T).status_code,
        "site": httpx.get(
            url, headers=alice | {"Sec-Fetch-Site": "cross-site"}, timeout=T
        ).status_code,
        "post": httpx.post(url, headers=alice, timeout=T).status_code,
    }
    assert statuses == {"stranger": 404, "origin": 403, "null": 403, "site": 403, "post": 403}


def test_who_logs_out_stops_hearing(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("govapp.common.asgi.streams.REREAD_SECONDS", 0.2)
    make_caller()
    headers = session("alice@acme.example")
    with stream(web, "/t/acme/live/", headers) as events:
        assert events.next()["event"] == "resync"
        from django.contrib.sessions.models import Session

        Session.objects.all().delete()
        assert events.next() == {"event": "the end"}
