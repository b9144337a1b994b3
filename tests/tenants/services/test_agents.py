"""Agents are registered, changed, paused and resumed."""

from datetime import timedelta
from typing import Any

import pytest

from govapp.common.errors import Conflict, Forbidden, Invalid, Malformed
from govapp.common.tenancy import bind_tenant
from tenants.models import Agent, Credential
from tenants.selectors import active_agent, agents
from tenants.services.access import Shown, authenticate_key
from tenants.services.agents import (
    change_agent,
    pause_agent,
    register_agent,
    resume_agent,
    retire_agent,
)
from tenants.services.credentials import issue_credential
from tenants.services.people import suspend_member
from tests.people import Company, make_agent, make_company
from tests.tenants.ledger import events, summaries

pytestmark = pytest.mark.django_db


def register(acme: Company, **fields: Any) -> Agent:
    values: dict[str, Any] = {"name": "payer", "description": "", "owner": acme.alice} | fields
    return register_agent(actor=acme.olivia, **values)


def test_an_agent_is_registered_with_its_owner(acme: Company) -> None:
    agent = register(acme, name=" Payer ", labels=["Money", "eu", "money"])
    assert (agent.name, agent.owner, agent.labels) == ("Payer", acme.alice, ["eu", "money"])
    assert (agent.trust_tier, agent.status) == ("new", "active")
    assert summaries("agent.registered") == ["Olivia registered the agent Payer, owned by Alice."]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": "a" * 101}, "/name"),
        ({"description": "a" * 501}, "/description"),
        ({"trust_tier": "boundless"}, "/trust_tier"),
        ({"labels": ["a" * 51]}, "/labels"),
        ({"labels": [""]}, "/labels"),
        ({"labels": [str(n) for n in range(21)]}, "/labels"),
    ],
)
def test_a_bad_field_is_refused(acme: Company, fields: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Invalid) as refusal:
        register(acme, **fields)
    assert [e.pointer for e in refusal.value.errors] == [pointer]


def test_a_name_is_taken_once_in_a_tenant(acme: Company) -> None:
    register(acme)
    with pytest.raises(Conflict, match="payer already"):
        register(acme)
    other = register(acme, name="buyer")
    with pytest.raises(Conflict, match="payer already"):
        change_agent(actor=acme.olivia, agent=other, name="payer")


def test_a_suspended_member_owns_no_new_agent(acme: Company) -> None:
    suspended = suspend_member(actor=acme.olivia, member=acme.alice)
    with pytest.raises(Invalid, match="not active"):
        register(acme, owner=suspended)


def test_a_change_is_told_field_by_field(acme: Company) -> None:
    agent = register(acme, labels=["eu"])
    changed = change_agent(
        actor=acme.olivia, agent=agent, owner=acme.bob, description="Pays", labels=[], name="payer"
    )
    assert (changed.owner, changed.description, changed.labels) == (acme.bob, "Pays", [])
    (event,) = events("agent.changed")
    assert event["summary"] == (
        "Olivia changed the agent payer: owner from Alice to Bob, description from nothing to"
        " Pays and labels from eu to nothing."
    )
    assert sorted(event["data"]["changes"]) == ["description", "labels", "owner"]


def test_a_tier_of_trust_is_no_field_that_is_changed(acme: Company) -> None:
    agent = register(acme)
    with pytest.raises(Malformed, match="no field trust_tier"):
        change_agent(actor=acme.olivia, agent=agent, trust_tier="high")


def test_no_change_is_no_event(acme: Company) -> None:
    agent = register(acme)
    change_agent(actor=acme.olivia, agent=agent, name="payer", owner=acme.alice)
    assert summaries("agent.changed") == []


def test_an_unknown_field_is_malformed(acme: Company) -> None:
    with pytest.raises(Malformed, match="status"):
        change_agent(actor=acme.olivia, agent=register(acme), status="retired")


def test_a_paused_agent_comes_back(acme: Company) -> None:
    agent = register(acme)
    with pytest.raises(Conflict, match="not paused"):
        resume_agent(actor=acme.olivia, agent=agent)
    pause_agent(actor=acme.olivia, agent=agent, reason="Odd payments.")
    assert active_agent(agent.pk) is None
    with pytest.raises(Conflict, match="not active"):
        pause_agent(actor=acme.olivia, agent=agent, reason="Again.")
    resume_agent(actor=acme.olivia, agent=agent)
    assert active_agent(agent.pk) == agent
    assert summaries("agent.paused", "agent.resumed") == [
        "Olivia paused the agent payer: Odd payments.",
        "Olivia let the agent payer act again.",
    ]


def test_pausing_needs_a_reason(acme: Company) -> None:
    with pytest.raises(Invalid) as refusal:
        pause_agent(actor=acme.olivia, agent=register(acme), reason=" ")
    assert [e.pointer for e in refusal.value.errors] == ["/reason"]


@pytest.mark.parametrize(
    ("name", "may"),
    [("olivia", True), ("carl", True), ("alice", True), ("bob", False), ("audrey", False)],
)
def test_who_may_stop_an_agent_of_alice(acme: Company, name: str, may: bool) -> None:
    agent = register(acme)
    if may:
        pause_agent(actor=getattr(acme, name), agent=agent, reason="Stop.")
    else:
        with pytest.raises(Forbidden):
            pause_agent(actor=getattr(acme, name), agent=agent, reason="Stop.")
    assert (active_agent(agent.pk) is None) is may


@pytest.mark.parametrize("name", ["carl", "alice", "audrey"])
def test_only_owners_manage_agents(acme: Company, name: str) -> None:
    actor, agent = getattr(acme, name), register(acme)
    with pytest.raises(Forbidden):
        register_agent(actor=actor, name="x", description="", owner=actor)
    with pytest.raises(Forbidden):
        change_agent(actor=actor, agent=agent, name="x")
    with pytest.raises(Forbidden):
        resume_agent(actor=actor, agent=agent)


def test_the_list_counts_live_keys(acme: Company) -> None:
    make_agent(acme, "buyer")
    register(acme)
    counted = [(agent.name, vars(agent)["live_keys"]) for agent in agents()]
    assert counted == [("buyer", 1), ("payer", 0)]


def test_a_retired_agent_is_final_and_its_keys_are_revoked() -> None:
    company = make_company()
    agent, key = make_agent(company)
    with bind_tenant(company.id):
        pause_agent(actor=company.carl, agent=agent, reason="Odd.")
        retired = retire_agent(actor=company.olivia, agent=agent, reason="Replaced.")
        assert retired.status == "retired"
        assert not Credential.objects.filter(revoked_at=None).exists()
        assert summaries("agent.retired") == ["Olivia retired the agent payer for good: Replaced."]
        assert len(events("credential.revoked")) == 1
        refused: list[Any] = [
            lambda: resume_agent(actor=company.olivia, agent=agent),
            lambda: pause_agent(actor=company.olivia, agent=agent, reason="Odd."),
            lambda: change_agent(actor=company.olivia, agent=agent, name="other"),
            lambda: retire_agent(actor=company.olivia, agent=agent, reason="Again."),
            lambda: issue_credential(
                actor=company.olivia, agent=agent, label="new", lifetime=timedelta(days=1)
            ),
        ]
        for call in refused:
            with pytest.raises(Conflict):
                call()
    assert authenticate_key(Shown(key)) is None


@pytest.mark.parametrize("name", ["carl", "alice", "audrey"])
def test_only_owners_retire(acme: Company, name: str) -> None:
    agent = register(acme)
    with pytest.raises(Forbidden):
        retire_agent(actor=getattr(acme, name), agent=agent, reason="Mine.")
