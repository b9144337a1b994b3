"""A key got into other hands: it stops, and what was done since is counted and listed."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from approvals.facts import Submission
from approvals.models import ActionRequest
from approvals.services.submission import submit_action
from govapp.common import clock
from govapp.common.errors import Forbidden, Invalid
from govapp.common.tenancy import tenant_transaction
from tenants.models import AccessToken, Agent, Credential
from tenants.selectors.leaks import deeds_since
from tenants.services.access import Shown
from tenants.services.access_tokens import issue_access_token
from tenants.services.credentials import issue_credential
from tenants.services.leaks import report_leak
from tests.approvals.api.agents import URL, Caller, make_caller
from tests.approvals.world import World
from tests.conftest import MoveClock
from tests.tenants.ledger import events

pytestmark = pytest.mark.django_db


@pytest.fixture
def used() -> tuple[World, Caller, Credential]:
    """A key that was used for one request, its permission and the use of that."""
    world, caller = make_caller()
    made = caller.submit().json()["id"]
    with tenant_transaction(world.company.id):
        request = ActionRequest.objects.get()
        key = Credential.objects.select_related("agent__owner").get(agent__name="caller")
    for member in (world.company.alice, world.company.bob):
        world.vote(member, request)
    token = caller.post(f"{URL}/{made}/grant").json()["token"]
    body = {"token": token, "redeemed_by": "acme-bank"}
    used = Client().post("/api/v1/grants/redeem", body, content_type="application/json")
    assert used.status_code == 200
    return world, caller, key


def report(world: World, key: Credential, who: str = "olivia", **fields: Any) -> Credential:
    with tenant_transaction(world.company.id):
        since = fields.pop("since", key.created_at)
        actor = getattr(world.company, who)
        return report_leak(actor=actor, credential=key, since=since, **fields)


def test_the_key_and_its_tokens_stop_and_its_deeds_are_recorded(
    used: tuple[World, Caller, Credential],
) -> None:
    world, caller, key = used
    granted = issue_access_token(shown=Shown(caller.key), client_id=key.agent.public_id, scope=None)
    token = Caller(granted.text)
    assert [caller.get(URL).status_code, token.get(URL).status_code] == [200, 200]
    report(world, key)
    assert [caller.get(URL).status_code, token.get(URL).status_code] == [401, 401]
    with tenant_transaction(world.company.id):
        assert AccessToken.objects.count() == 0
        assert len(events("credential.revoked")) == 1
        (event,) = events("credential.leak_reported")
        assert Agent.objects.get(name="caller").status == "active"
    assert event["data"]["counts"] == {"requests": 1, "grants": 1, "redemptions": 1}
    assert (event["data"]["tokens_ended"], event["data"]["agent_paused"]) == (1, False)
    words = "1 requests were made with it, 1 permissions fetched, and 1 used."
    assert event["summary"].endswith(words)
    assert caller.key.rpartition("_")[2] not in str(event)


def test_the_agent_is_paused_when_that_is_wanted(
    used: tuple[World, Caller, Credential],
) -> None:
    world, _, key = used
    report(world, key, pause=True)
    with tenant_transaction(world.company.id):
        assert Agent.objects.get(name="caller").status == "paused"
        assert len(events("agent.paused")) == 1
    # What stopped before can be reported as well; nothing is stopped twice.
    report(world, key, who="carl", pause=True)
    with tenant_transaction(world.company.id):
        assert len(events("credential.revoked")) == 1
        paused = [event["data"]["agent_paused"] for event in events("credential.leak_reported")]
    assert paused == [True, False]


def test_deeds_are_those_since_the_moment_and_of_this_agent(
    used: tuple[World, Caller, Credential], move_clock: MoveClock
) -> None:
    world, caller, key = used
    world.submit()  # another agent's
    move_clock(timedelta(hours=3))
    with tenant_transaction(world.company.id):
        later = clock.now()
    caller.submit()
    with tenant_transaction(world.company.id):
        every, recent = deeds_since(key, key.created_at), deeds_since(key, later)
    assert every.counts == {"requests": 2, "grants": 1, "redemptions": 1}
    assert recent.counts == {"requests": 1, "grants": 0, "redemptions": 0}
    assert [row.body["type"] for row in every.rows] == [
        "action_request.submitted", "grant.redeemed", "grant.issued", "action_request.submitted",
    ]  # fmt: skip
    assert (every.is_cut, every.unnamed) == (False, False)


def test_what_another_key_did_is_its_own(used: tuple[World, Caller, Credential]) -> None:
    world, _, key = used
    with tenant_transaction(world.company.id):
        other, text = issue_credential(
            actor=world.company.olivia, agent=key.agent, label="second",
            lifetime=timedelta(days=1),
        )  # fmt: skip
    Caller(text).submit()
    with tenant_transaction(world.company.id):
        found = [deeds_since(each, key.created_at).counts for each in (key, other)]
        named = {event.get("key") for event in events("action_request.submitted")}
    assert found == [
        {"requests": 1, "grants": 1, "redemptions": 1},
        {"requests": 1, "grants": 0, "redemptions": 0},
    ]
    assert named == {key.public_id, other.public_id}


def test_what_is_older_than_the_names_of_keys_is_listed_and_marked(
    used: tuple[World, Caller, Credential],
) -> None:
    world, _, key = used
    with tenant_transaction(world.company.id):
        agent = Agent.objects.select_related("owner").get(pk=key.agent_id)
        submission = Submission("payments.transfer", "Pay Acme Ltd", {"amount": "900.00"})
        submit_action(agent=agent, submission=submission)
        found = deeds_since(key, key.created_at)
    assert (found.counts["requests"], found.unnamed) == (2, True)


@pytest.mark.parametrize(
    ("who", "may"),
    [("olivia", True), ("carl", True), ("alice", False), ("audrey", False)],
)
def test_who_may_report(used: tuple[World, Caller, Credential], who: str, may: bool) -> None:
    world, _, key = used
    if may:
        assert report(world, key, who).revoked_at is not None
        return
    with pytest.raises(Forbidden):
        report(world, key, who)


def test_the_agents_owner_may_report(used: tuple[World, Caller, Credential]) -> None:
    world, _, key = used
    with tenant_transaction(world.company.id):
        Agent.objects.filter(pk=key.agent_id).update(owner=world.company.alice)
        key = Credential.objects.select_related("agent__owner").get(pk=key.pk)
    assert report(world, key, "alice").revoked_at is not None


def test_a_moment_to_come_is_none(used: tuple[World, Caller, Credential]) -> None:
    world, _, key = used
    with pytest.raises(Invalid) as refusal:
        report(world, key, since=key.created_at + timedelta(days=1))
    assert [each.pointer for each in refusal.value.errors] == ["/since"]


# The page


def page(world: World, who: str) -> Client:
    client = Client()
    client.force_login(getattr(world.company, who).user)
    return client


def test_one_press_stops_the_key_and_shows_what_was_done(
    used: tuple[World, Caller, Credential],
) -> None:
    world, caller, key = used
    client = page(world, "carl")
    path = f"/t/acme/agents/{key.agent.public_id}/keys/{key.public_id}/"
    assert "It got into other hands" in client.get(path).content.decode()
    answer = client.post(f"{path}leak", {"since": "2020-01-01T00:00", "pause": "on"}, follow=True)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "The key tests is refused from now on." in text
    assert "What was done with it" in text
    assert text.count("/audit/events/ev_") == 3
    assert caller.get(URL).status_code == 401


def test_the_page_takes_a_moment_and_nothing_else(
    used: tuple[World, Caller, Credential],
) -> None:
    world, _, key = used
    client = page(world, "olivia")
    path = f"/t/acme/agents/{key.agent.public_id}/keys/{key.public_id}/leak"
    assert client.get(path, {"since": "2026-11-21T10:00:00+00:00"}).status_code == 200
    assert client.get(path, {"since": "0001-01-01T00:00:00+00:00"}).status_code == 200
    for text in ("soon", "2026-11-21T10:00:00", "2026-13-01T00:00:00+00:00"):
        assert client.get(path, {"since": text}).status_code == 404
    assert client.post(path, {"since": "soon"}).status_code == 422
    assert client.post(path, {"since": "2999-01-01T00:00"}).status_code == 422
