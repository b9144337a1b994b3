"""Trust goes down by itself, and up only by a person."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction

from govapp.common.errors import Conflict, Forbidden, Invalid
from govapp.common.tenancy import bind_tenant
from tenants.enums import TrustTier
from tenants.models import Agent, TrustAssessment
from tenants.selectors.trust import proposed_raises, standards_of_tenant, trust_of
from tenants.services.agents import register_agent, retire_agent
from tenants.services.loosenings import confirm_loosening
from tenants.services.trust import (
    assess_conduct,
    hold_agent,
    lower_trust,
    raise_trust,
    set_standards,
)
from tenants.trust import DEFAULT_STANDARDS, Conduct
from tests.people import Company, make_company
from tests.tenants.ledger import events, summaries

pytestmark = pytest.mark.django_db

SOLID = Conduct(age_days=120, approved=150, allowed=100)
POOR = replace(SOLID, failed=20)  # 7.4 %
HIGH = DEFAULT_STANDARDS.high


@pytest.fixture
def acme() -> Iterator[Company]:
    company = make_company()
    with bind_tenant(company.id):
        yield company


def make(acme: Company, tier: str = "new") -> Agent:
    return register_agent(
        actor=acme.olivia, name="payer", description="", owner=acme.alice, trust_tier=tier
    )


def look(agent: Agent, conduct: Conduct) -> Agent:
    """Look at the agent's conduct, and return it as it is then."""
    with transaction.atomic():
        assess_conduct(agent=hold_agent(agent.pk), conduct=conduct)
    agent.refresh_from_db()
    return agent


@pytest.mark.parametrize(
    ("tier", "conduct", "after"),
    [
        ("high", SOLID, "high"),
        ("high", Conduct(), "high"),  # nothing on record is no fault
        ("high", POOR, "medium"),
        ("medium", POOR, "medium"),
        ("high", replace(SOLID, denied=120), "new"),
        ("new", SOLID, "new"),  # never up by itself
        ("low", replace(SOLID, denied=60), "low"),
    ],
)
def test_conduct_lowers_at_once_and_raises_nobody(
    acme: Company, tier: str, conduct: Conduct, after: str
) -> None:
    assert look(make(acme, tier), conduct).trust_tier == after


def test_that_it_was_lowered_is_recorded_with_why(acme: Company) -> None:
    agent = look(make(acme, "high"), POOR)
    (event,) = events("agent.trust_lowered")
    assert event["summary"] == (
        "Trust in the agent payer was lowered from high to medium by what it did."
    )
    assert event["actor"]["kind"] == "system"
    assert event["subject"]["id"] == agent.public_id
    data = event["data"]
    assert (data["from"], data["to"], data["conduct"]) == ("high", "medium", POOR.to_dict())
    assert data["because"] == [
        "In the last 90 days 250 actions went well: people approved 150, and rules allowed 100.",
        "20 failed or were rolled back, 7.5 % of what was permitted.",
        "High takes at most 5 % failed, and it has 7.5 %.",
    ]


def test_more_trust_is_proposed_once(acme: Company) -> None:
    agent = make(acme)
    for _ in range(2):
        look(agent, SOLID)
    assert summaries("agent.trust_proposed") == [
        "What the agent payer did has earned it the tier high; it has new until a person raises it."
    ]
    assert [row.agent for row in proposed_raises()] == [agent]
    shown = trust_of(agent)
    assert (shown.proposed, shown.lower) == (TrustTier.HIGH, [])


@pytest.mark.parametrize("to", ["low", "medium", "high"])
def test_a_person_raises_it_as_far_as_was_earned(acme: Company, to: str) -> None:
    agent = look(make(acme), SOLID)
    raised = raise_trust(actor=acme.carl, agent=agent, to=to, reason="A good quarter")
    assert raised.trust_tier == to
    (event,) = events("agent.trust_raised")
    assert event["summary"] == f"Carl raised trust in the agent payer from new to {to}."
    assert (event["data"]["reason"], event["data"]["conduct"]) == (
        "A good quarter",
        SOLID.to_dict(),
    )


@pytest.mark.parametrize(
    ("tier", "conduct", "to", "words"),
    [
        ("new", None, "low", "has not earned it the tier low"),
        ("new", replace(SOLID, denied=60), "medium", "has not earned it the tier medium"),
        ("medium", SOLID, "medium", "has the tier medium already"),
        ("medium", SOLID, "low", "has the tier medium already"),
    ],
)
def test_nobody_raises_it_further(
    acme: Company, tier: str, conduct: Conduct | None, to: str, words: str
) -> None:
    agent = make(acme, tier)
    if conduct:
        look(agent, conduct)
    with pytest.raises(Conflict, match=words):
        raise_trust(actor=acme.olivia, agent=agent, to=to, reason="Please")
    agent.refresh_from_db()
    assert agent.trust_tier == tier


def test_who_raises_and_who_lowers(acme: Company) -> None:
    agent = look(make(acme), SOLID)
    for who in (acme.alice, acme.bob, acme.audrey):  # Alice owns the agent
        with pytest.raises(Forbidden):
            raise_trust(actor=who, agent=agent, to="low", reason="Please")
    raise_trust(actor=acme.carl, agent=agent, to="high", reason="A good quarter")
    with pytest.raises(Forbidden):
        lower_trust(actor=acme.bob, agent=agent, to="new", reason="Odd")
    lower_trust(actor=acme.alice, agent=agent, to="low", reason="Odd")
    agent.refresh_from_db()
    assert agent.trust_tier == "low"
    assert summaries("agent.trust_lowered") == [
        "Alice lowered trust in the agent payer from high to low."
    ]
    with pytest.raises(Conflict, match="tier low already"):
        lower_trust(actor=acme.alice, agent=agent, to="low", reason="Odd")


def test_a_reason_and_a_tier_are_needed(acme: Company) -> None:
    agent = look(make(acme), SOLID)
    for act in (raise_trust, lower_trust):
        with pytest.raises(Invalid, match="Fill this in"):
            act(actor=acme.olivia, agent=agent, to="low", reason="")
        with pytest.raises(Invalid, match="no trust tier blind"):
            act(actor=acme.olivia, agent=agent, to="blind", reason="Why not")


def test_a_retired_agent_is_left_as_it_is(acme: Company) -> None:
    agent = look(make(acme, "medium"), SOLID)
    retire_agent(actor=acme.olivia, agent=agent, reason="Replaced")
    assert look(agent, replace(SOLID, denied=120)).trust_tier == "medium"
    with pytest.raises(Conflict, match="retired"):
        raise_trust(actor=acme.olivia, agent=agent, to="high", reason="Why not")


def test_standards_that_ask_for_more_hold_at_once_and_for_what_is_known(acme: Company) -> None:
    agent = look(make(acme, "high"), replace(SOLID, failed=10))  # 3.9 %
    stricter = replace(DEFAULT_STANDARDS, high=replace(HIGH, failed=3))
    assert set_standards(actor=acme.carl, standards=stricter, reason="Too many") is None
    agent.refresh_from_db()
    assert (agent.trust_tier, standards_of_tenant()) == ("medium", stricter)
    (event,) = events("trust.standards_set")
    assert event["data"]["before"] == DEFAULT_STANDARDS.to_dict()
    assert event["data"]["after"] == stricter.to_dict()


def test_standards_that_ask_for_less_wait_for_a_second_person(acme: Company) -> None:
    agent = look(make(acme), replace(SOLID, failed=20))
    looser = replace(DEFAULT_STANDARDS, high=replace(HIGH, failed=8))
    waits = set_standards(actor=acme.carl, standards=looser, reason="Nobody passes")
    assert waits is not None
    assert waits.sentence == "Tiers of trust ask for less: high failed from 5 to 8."
    assert (standards_of_tenant(), TrustAssessment.objects.get().tier) == (
        DEFAULT_STANDARDS,
        "medium",
    )
    confirm_loosening(actor=acme.olivia, loosening_id=waits.pk)
    agent.refresh_from_db()
    assert (standards_of_tenant(), TrustAssessment.objects.get().tier) == (looser, "high")
    assert agent.trust_tier == "new"


def test_standards_that_were_overtaken_are_not_confirmed(acme: Company) -> None:
    looser = replace(DEFAULT_STANDARDS, high=replace(HIGH, failed=8))
    waits = set_standards(actor=acme.carl, standards=looser, reason="Nobody passes")
    assert waits is not None
    stricter = replace(DEFAULT_STANDARDS, grace=0)
    set_standards(actor=acme.olivia, standards=stricter, reason="Stricter")
    with pytest.raises(Conflict, match="changed in the meantime"):
        confirm_loosening(actor=acme.olivia, loosening_id=waits.pk)


def test_standards_that_cannot_be_used_are_refused_with_their_places(acme: Company) -> None:
    wrong: Any = replace(DEFAULT_STANDARDS, high=replace(HIGH, failed=101), grace=99)
    with pytest.raises(Invalid) as refusal:
        set_standards(actor=acme.carl, standards=wrong, reason="Odd")
    assert [each.pointer for each in refusal.value.errors] == ["/grace", "/high_failed"]
