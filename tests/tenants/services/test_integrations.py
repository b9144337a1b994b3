"""Integrations are registered, checked, activated, suspended, revoked; grants and their ends."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from govapp.common import clock
from govapp.common.errors import Conflict, Forbidden, Invalid, Malformed
from govapp.common.tenancy import bind_tenant
from tenants.models import Agent, Integration, IntegrationGrant
from tenants.selectors.integrations import get_integration, integrations
from tenants.selectors.reach import unreachable
from tenants.services.agents import retire_agent
from tenants.services.integration_checks import ask_check
from tenants.services.integrations import (
    activate_integration,
    change_integration,
    register_integration,
    resume_integration,
    revoke_integration,
    suspend_integration,
)
from tenants.services.reach_grants import grant_integration, withdraw_grant
from tests.people import Company, make_agent, make_company
from tests.tenants.ledger import events, summaries
from tests.tenants.systems import active_system, give, pass_check, register_system

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Iterator[Company]:
    company = make_company()
    with bind_tenant(company.id):
        yield company


@pytest.fixture
def payer(acme: Company) -> Agent:
    agent, _ = make_agent(acme)
    return agent


def test_a_system_is_registered_as_a_draft(acme: Company) -> None:
    made = register_system(acme, labels_cleared=["customer-pii"])
    assert (made.status, made.check_passed, made.scopes) == (
        "draft", False, ["payments:read", "payments:write"],
    )  # fmt: skip
    assert summaries("integration.registered") == [
        "Olivia registered the integration Acme bank (acme-bank): payments:read and payments:write."
    ]
    (event,) = events("integration.registered")
    assert (event["data"]["kind"], event["data"]["address"]) == (
        "bank", "https://acme-bank.example/api",
    )  # fmt: skip
    assert event["data"]["labels_cleared"] == made.labels_cleared == ["customer-pii"]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"slug": "Acme"}, "/slug"),
        ({"slug": "-acme"}, "/slug"),
        ({"slug": "a" * 61}, "/slug"),
        ({"name": ""}, "/name"),
        ({"kind": "boundless"}, "/kind"),
        ({"address": "ftp://acme.example"}, "/address"),
        ({"address": "https://user:pass@acme.example"}, "/address"),
        ({"address": "http://10.0.0.1/"}, "/address"),
        ({"address": "http://169.254.169.254/latest"}, "/address"),
        ({"scopes": ["a b"]}, "/scopes"),
        ({"scopes": ["a" * 101]}, "/scopes"),
        ({"scopes": [str(n) for n in range(51)]}, "/scopes"),
        ({"labels_cleared": ["\u200b"]}, "/labels_cleared"),
        ({"expires_at": "past"}, "/expires_at"),
    ],
)
def test_a_bad_field_is_refused(acme: Company, fields: dict[str, Any], pointer: str) -> None:
    if "expires_at" in fields:
        fields = {"expires_at": clock.now()}
    with pytest.raises(Invalid) as refused:
        register_system(acme, **fields)
    assert [error.pointer for error in refused.value.errors] == [pointer]
    assert not Integration.objects.exists()


def test_a_name_is_taken_for_ever(acme: Company) -> None:
    made = register_system(acme)
    revoke_integration(actor=acme.olivia, integration=made, reason="Sold.")
    with pytest.raises(Conflict, match="There is an integration acme-bank already"):
        register_system(acme)


def test_without_its_check_nothing_is_used_and_nothing_granted(acme: Company, payer: Agent) -> None:
    made = register_system(acme)
    with pytest.raises(Conflict) as refused:
        activate_integration(actor=acme.olivia, integration=made)
    assert refused.value.code == "not_checked"
    with pytest.raises(Conflict) as refused:
        give(acme, payer, made)
    assert refused.value.code == "not_checked"
    activate_integration(actor=acme.olivia, integration=pass_check(made))
    give(acme, payer, made)
    assert unreachable(payer.pk, "acme-bank", "payments.transfer") is None


@pytest.mark.parametrize("field", ["address", "scopes"])
def test_with_another_address_or_other_scopes_it_is_checked_again(
    acme: Company, payer: Agent, field: str
) -> None:
    made = active_system(acme)
    give(acme, payer, made)
    value: Any = ["other"] if field == "scopes" else "https://other.example/"
    change_integration(actor=acme.olivia, integration=made, **{field: value})
    why = unreachable(payer.pk, "acme-bank", "payments.transfer")
    assert why is not None
    assert why.code == "integration_unverified"
    change_integration(actor=acme.olivia, integration=pass_check(made), name="The bank")
    assert unreachable(payer.pk, "acme-bank", "payments.transfer") is None


def test_a_change_is_recorded_with_both_values_and_no_name_of_a_person(acme: Company) -> None:
    made = register_system(acme)
    change_integration(actor=acme.olivia, integration=made, name="The bank", owner=acme.alice)
    change_integration(actor=acme.olivia, integration=made, name="The bank")
    (event,) = events("integration.changed")
    assert event["data"]["changes"] == {
        "name": {"from": "Acme bank", "to": "The bank"},
        "owner": {"from": "Olivia", "to": "Alice"},
    }
    with pytest.raises(Malformed):
        change_integration(actor=acme.olivia, integration=made, status="active")


def test_it_is_suspended_resumed_and_revoked(acme: Company, payer: Agent) -> None:
    made = active_system(acme)
    give(acme, payer, made)
    suspend_integration(actor=acme.carl, integration=made, reason="Odd payments.")
    with pytest.raises(Conflict):
        suspend_integration(actor=acme.carl, integration=made, reason="Again.")
    with pytest.raises(Forbidden):
        resume_integration(actor=acme.carl, integration=made)
    resume_integration(actor=acme.olivia, integration=made)
    assert unreachable(payer.pk, "acme-bank", "payments.transfer") is None
    revoke_integration(actor=acme.olivia, integration=made, reason="Sold.")
    for again in (
        lambda: resume_integration(actor=acme.olivia, integration=made),
        lambda: activate_integration(actor=acme.olivia, integration=made),
        lambda: change_integration(actor=acme.olivia, integration=made, name="Another"),
        lambda: ask_check(actor=acme.olivia, integration=made),
        lambda: give(acme, payer, made),
        lambda: revoke_integration(actor=acme.olivia, integration=made, reason="Twice."),
    ):
        with pytest.raises(Conflict):
            again()
    assert summaries(
        "integration.activated", "integration.suspended", "integration.resumed",
        "integration.revoked",
    ) == [
        "Olivia activated the integration Acme bank.",
        "Carl suspended the integration Acme bank: Odd payments.",
        "Olivia let the integration Acme bank be used again.",
        "Olivia revoked the integration Acme bank for good: Sold.",
    ]  # fmt: skip


@pytest.mark.parametrize("who", ["carl", "alice", "audrey"])
def test_only_owners_manage_them(acme: Company, payer: Agent, who: str) -> None:
    actor, made = getattr(acme, who), active_system(acme)
    grant = give(acme, payer, made)
    for forbidden in (
        lambda: register_integration(
            actor=actor, slug="crm", name="CRM", kind="crm", address="https://crm.example",
            owner=acme.olivia,
        ),
        lambda: change_integration(actor=actor, integration=made, name="Mine"),
        lambda: ask_check(actor=actor, integration=made),
        lambda: revoke_integration(actor=actor, integration=made, reason="Mine."),
        lambda: grant_integration(
            actor=actor, integration=made, agent=payer, categories=["crm.*"]
        ),
        lambda: withdraw_grant(actor=actor, grant=grant),
    ):  # fmt: skip
        with pytest.raises(Forbidden):
            forbidden()
    if who != "carl":
        with pytest.raises(Forbidden):
            suspend_integration(actor=actor, integration=made, reason="Odd.")


# Grants


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"categories": []}, "/categories"),
        ({"categories": ["*"]}, "/categories"),
        ({"categories": ["Payments.*"]}, "/categories"),
        ({"categories": [f"a{n}" for n in range(21)]}, "/categories"),
        ({"scopes": ["admin"]}, "/scopes"),
    ],
)
def test_a_bad_grant_is_refused(
    acme: Company, payer: Agent, fields: dict[str, Any], pointer: str
) -> None:
    wanted = {"categories": ["payments.*"]} | fields
    with pytest.raises(Invalid) as refused:
        grant_integration(actor=acme.olivia, integration=active_system(acme), agent=payer, **wanted)
    assert [error.pointer for error in refused.value.errors] == [pointer]


def test_a_grant_names_its_scopes_and_is_in_the_record(acme: Company, payer: Agent) -> None:
    made = active_system(acme)
    assert give(acme, payer, made).scopes == ["payments:read", "payments:write"]
    few = give(acme, payer, made, "crm.tag", scopes=["payments:read"])
    assert few.scopes == ["payments:read"]
    assert summaries("integration.granted") == [
        "Olivia granted the integration Acme bank to the agent payer for payments.*.",
        "Olivia granted the integration Acme bank to the agent payer for crm.tag.",
    ]
    withdraw_grant(actor=acme.olivia, grant=few)
    with pytest.raises(Conflict):
        withdraw_grant(actor=acme.olivia, grant=few)
    assert unreachable(payer.pk, "acme-bank", "payments.refund") is None
    why = unreachable(payer.pk, "acme-bank", "crm.tag")
    assert why is not None
    assert why.code == "category_not_granted"
    assert str(why) == why.sentence


def test_one_grant_that_covers_it_is_enough_and_several_live_side_by_side(
    acme: Company, payer: Agent
) -> None:
    made = active_system(acme)
    for each in ("crm.*", "payments.transfer"):
        give(acme, payer, made, each)
    assert unreachable(payer.pk, "acme-bank", "payments.transfer") is None
    assert unreachable(payer.pk, "acme-bank", "crm.tag.more") is None
    assert unreachable(payer.pk, "", "payments.transfer") is None
    with pytest.raises(Invalid):
        give(acme, payer, made, "mail.*", expires_at=clock.now() - timedelta(seconds=1))


def test_a_retired_agent_is_granted_nothing(acme: Company, payer: Agent) -> None:
    made = active_system(acme)
    retire_agent(actor=acme.olivia, agent=payer, reason="Done.")
    with pytest.raises(Conflict):
        give(acme, payer, made)
    assert not IntegrationGrant.objects.exists()


def test_the_list_says_how_each_stands(acme: Company, payer: Agent) -> None:
    made = active_system(acme, expires_at=clock.now() + timedelta(hours=1))
    give(acme, payer, made)
    give(acme, payer, made, "crm.*")
    register_system(acme, "crm")
    rows = integrations().values_list("slug", "state", "live_grants")  # type: ignore[misc]
    assert list(rows) == [("acme-bank", "active", 1), ("crm", "draft", 0)]
    Integration.objects.update(expires_at=clock.now())
    assert get_integration(made.public_id).state == "expired"  # type: ignore[attr-defined]
