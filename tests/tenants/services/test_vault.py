"""Secrets are sealed under the tenant's own key, replaced with an overlap, never shown again."""

import hashlib
import hmac
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from django.conf import settings

from govapp.common import clock
from govapp.common.errors import Conflict, Forbidden, Invalid, Unavailable
from govapp.common.sealing import new_data_key, seal_under, unseal, unseal_under
from govapp.common.tenancy import bind_tenant
from tenants.models import Agent, Integration, IntegrationUse, TenantKey, VaultSecret
from tenants.services import vault
from tenants.services.integration_secrets import revoke_secret, rotate_secret, set_secret
from tenants.services.integrations import (
    change_integration,
    revoke_integration,
    suspend_integration,
)
from tenants.services.reach_grants import withdraw_grant
from tests.conftest import MoveClock
from tests.people import Company, make_agent, make_company
from tests.tenants.ledger import events, summaries
from tests.tenants.systems import active_system, give, pass_check, register_system

pytestmark = pytest.mark.django_db

FIRST, SECOND = "sk-first-7f3a9c1e5b", "sk-second-2d8e4f6a0c"


@pytest.fixture
def acme() -> Iterator[Company]:
    company = make_company()
    with bind_tenant(company.id):
        yield company


@pytest.fixture
def payer(acme: Company) -> Agent:
    agent, _ = make_agent(acme)
    return agent


def model_system(acme: Company, slug: str = "our-model") -> Integration:
    return active_system(acme, slug, kind="model", scopes=["chat"])


def stored(acme: Company, secret: str = FIRST) -> tuple[Integration, VaultSecret]:
    made = model_system(acme)
    return made, set_secret(actor=acme.olivia, integration=made, secret=secret)


def opened(made: Integration) -> str:
    secret = vault.find_secret(made.public_id)
    assert secret is not None
    return vault.open_for(secret=secret, purpose="model")


def test_what_is_sealed_opens_for_the_same_thing_only() -> None:
    key = new_data_key()
    sealed = seal_under(key, b"secret", about="this/1")
    assert unseal_under(key, sealed, about="this/1") == b"secret"
    assert b"secret" not in sealed
    assert sealed != seal_under(key, b"secret", about="this/1")
    for other_key, about in ((new_data_key(), "this/1"), (key, "this/2")):
        with pytest.raises(InvalidTag):
            unseal_under(other_key, sealed, about=about)
    with pytest.raises(InvalidTag):
        unseal_under(key, sealed[:-1] + bytes([sealed[-1] ^ 1]), about="this/1")


def test_a_secret_is_sealed_under_a_key_of_the_tenant(acme: Company) -> None:
    made, secret = stored(acme)
    (key,) = TenantKey.objects.all()
    plain = unseal(bytes(key.key_sealed or b""))
    assert len(plain) == 32
    assert plain not in bytes(key.key_sealed or b"")
    assert secret.sealed is not None
    assert FIRST.encode() not in bytes(secret.sealed)
    mark = hmac.new(plain, FIRST.encode(), hashlib.sha256).hexdigest()[:4]
    assert (secret.version, secret.fingerprint) == (1, mark)
    assert opened(made) == FIRST
    (event,) = events("integration.secret_set")
    assert (event["data"]["secret_version"], event["data"]["mark"]) == (1, mark)


def test_two_tenants_have_two_keys(acme: Company) -> None:
    _, secret = stored(acme)
    (ours,) = TenantKey.objects.all()
    mine = unseal(bytes(ours.key_sealed or b""))
    assert secret.sealed is not None
    sealed, about = bytes(secret.sealed), f"{secret.tenant_id}/{secret.pk}/1"
    assert unseal_under(mine, sealed, about=about) == FIRST.encode()
    # Another tenant's key opens nothing of ours.
    with pytest.raises(InvalidTag):
        unseal_under(new_data_key(), sealed, about=about)


@pytest.mark.parametrize("secret", ["", " ", "a" * 4001, "a\0b", "a\u200bb"])
def test_what_is_no_secret_is_refused_without_repeating_it(acme: Company, secret: str) -> None:
    made = model_system(acme)
    with pytest.raises(Invalid) as refused:
        set_secret(actor=acme.olivia, integration=made, secret=secret)
    (error,) = refused.value.errors
    assert (error.pointer, error.detail) == (
        "/secret", "Enter 1 to 4000 visible characters.",
    )  # fmt: skip
    assert not VaultSecret.objects.exists()


def test_there_is_no_secret_before_the_check_is_passed_nor_where_nobody_could_use_it(
    acme: Company,
) -> None:
    draft = register_system(acme, kind="model")
    with pytest.raises(Conflict) as refused:
        set_secret(actor=acme.olivia, integration=draft, secret=FIRST)
    assert refused.value.code == "not_checked"
    bank = active_system(acme, "other-bank")
    with pytest.raises(Conflict, match="Nothing of this kind has a secret"):
        set_secret(actor=acme.olivia, integration=bank, secret=FIRST)
    for who in (acme.carl, acme.alice, acme.audrey):
        with pytest.raises(Forbidden):
            set_secret(actor=who, integration=model_system(acme, f"m-{who.user.name.lower()}"),
                       secret=FIRST)  # fmt: skip


def test_both_work_until_the_overlap_ends(
    acme: Company, payer: Agent, move_clock: MoveClock
) -> None:
    made, first = stored(acme)
    give(acme, payer, made, "model.*")
    with pytest.raises(Conflict):
        set_secret(actor=acme.olivia, integration=made, secret=SECOND)
    second = rotate_secret(
        actor=acme.olivia, integration=made, secret=SECOND, overlap=timedelta(hours=1)
    )
    assert (second.version, second.previous_fingerprint) == (2, first.fingerprint)
    access = vault.model_key_for(
        agent_id=payer.pk, integration_slug="our-model", category="model.chat"
    )
    assert (access.key, access.previous_key) == (SECOND, FIRST)
    move_clock(timedelta(minutes=61))
    access = vault.model_key_for(
        agent_id=payer.pk, integration_slug="our-model", category="model.chat"
    )
    assert (access.key, access.previous_key) == (SECOND, None)
    assert vault.drop_ended(clock.now()) == 1
    assert vault.drop_ended(clock.now()) == 0
    row = VaultSecret.objects.get()
    assert (row.previous_sealed, row.previous_until, row.previous_fingerprint) == (None, None, "")
    assert opened(made) == SECOND
    (event,) = events("integration.secret_rotated")
    assert event["data"]["former_mark"] == first.fingerprint


def test_without_an_overlap_the_old_one_is_gone_at_once(acme: Company, payer: Agent) -> None:
    made, _ = stored(acme)
    give(acme, payer, made, "model.*")
    row = rotate_secret(actor=acme.olivia, integration=made, secret=SECOND, overlap=timedelta(0))
    assert (row.previous_sealed, vault.previous_of(row, clock.now())) == (None, None)
    for overlap in (timedelta(seconds=-1), timedelta(days=7, seconds=1)):
        with pytest.raises(Invalid):
            rotate_secret(actor=acme.olivia, integration=made, secret=FIRST, overlap=overlap)
    with pytest.raises(Invalid, match="This is the secret that there is"):
        rotate_secret(actor=acme.olivia, integration=made, secret=SECOND, overlap=timedelta(0))


def test_a_revoked_secret_is_emptied_and_another_can_be_set(acme: Company, payer: Agent) -> None:
    made, _ = stored(acme)
    give(acme, payer, made, "model.*")
    revoke_secret(actor=acme.olivia, integration=made)
    row = VaultSecret.objects.get()
    assert (row.sealed, row.previous_sealed, row.revoked_at is None) == (None, None, False)
    with pytest.raises(Conflict) as refused:
        vault.model_key_for(agent_id=payer.pk, integration_slug="our-model", category="model.chat")
    assert refused.value.code == "secret_missing"
    with pytest.raises(Conflict):
        revoke_secret(actor=acme.olivia, integration=made)
    with pytest.raises(Conflict):
        rotate_secret(actor=acme.olivia, integration=made, secret=SECOND, overlap=timedelta(0))
    again = set_secret(actor=acme.olivia, integration=made, secret=SECOND)
    assert (again.pk, again.version, again.revoked_at) == (row.pk, 2, None)
    assert opened(made) == SECOND


def test_a_revoked_integration_keeps_no_secret(acme: Company) -> None:
    made, _ = stored(acme)
    revoke_integration(actor=acme.olivia, integration=made, reason="Sold.")
    assert VaultSecret.objects.get().sealed is None
    assert len(summaries("integration.secret_revoked")) == 1


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/api",
        "https://our-model.example:8443/api",
        "https://our-model.example.evil.example/api",
    ],
)
def test_with_another_server_the_secret_is_emptied_and_set_again(
    acme: Company, payer: Agent, address: str
) -> None:
    made, _ = stored(acme)
    give(acme, payer, made)
    rotate_secret(actor=acme.olivia, integration=made, secret=SECOND, overlap=timedelta(days=7))
    made = change_integration(actor=acme.olivia, integration=made, address=address)
    row = VaultSecret.objects.get()
    assert (row.sealed, row.previous_sealed) == (None, None)
    (event,) = events("integration.changed")
    assert event["data"]["changes"] == {
        "address": {"from": "https://our-model.example/api", "to": address},
        "secret": {"from": "version 2", "to": ""},
    }
    assert event["summary"].endswith(" and secret from version 2 to nothing.")
    assert len(summaries("integration.secret_revoked")) == 1
    pass_check(made)
    with pytest.raises(Conflict) as refused:
        vault.model_key_for(
            agent_id=payer.pk, integration_slug="our-model", category="payments.transfer"
        )
    assert refused.value.code == "secret_missing"
    set_secret(actor=acme.olivia, integration=made, secret=FIRST)
    assert opened(made) == FIRST


def test_on_the_same_server_the_secret_stays(acme: Company) -> None:
    made, _ = stored(acme)
    for address in ("https://OUR-MODEL.example:443/v2", "https://our-model.example/v3"):
        made = change_integration(actor=acme.olivia, integration=made, address=address)
    change_integration(actor=acme.olivia, integration=made, name="The model")
    assert opened(made) == FIRST
    assert summaries("integration.secret_revoked") == []


def test_another_server_is_fine_where_there_is_no_secret(acme: Company) -> None:
    made = model_system(acme)
    change_integration(actor=acme.olivia, integration=made, address="https://other.example/")
    (event,) = events("integration.changed")
    assert list(event["data"]["changes"]) == ["address"]


def test_a_row_that_was_changed_does_not_open(acme: Company) -> None:
    made, _ = stored(acme)
    rotate_secret(actor=acme.olivia, integration=made, secret=SECOND, overlap=timedelta(hours=1))
    row = VaultSecret.objects.get()
    # Somebody puts the former one back as if it were the present one.
    VaultSecret.objects.update(sealed=row.previous_sealed)
    with pytest.raises(Unavailable) as refused:
        opened(made)
    assert refused.value.detail == "The secret cannot be opened: set it again."
    assert refused.value.__cause__ is None


CUT: dict[str, tuple[Any, str]] = {
    "suspended": (
        lambda acme, made, grant: suspend_integration(
            actor=acme.carl, integration=made, reason="Odd."
        ),
        "integration_suspended",
    ),
    "withdrawn": (
        lambda acme, made, grant: withdraw_grant(actor=acme.olivia, grant=grant),
        "integration_not_granted",
    ),
    "unchecked": (
        lambda acme, made, grant: change_integration(
            actor=acme.olivia, integration=made, scopes=["x"]
        ),
        "integration_unverified",
    ),
}


@pytest.mark.parametrize("how", CUT)
def test_the_models_key_is_for_whoever_is_granted_it(acme: Company, payer: Agent, how: str) -> None:
    made, _ = stored(acme)
    with pytest.raises(Forbidden) as refused:
        vault.model_key_for(agent_id=payer.pk, integration_slug="our-model", category="model.chat")
    assert refused.value.code == "integration_not_granted"
    with pytest.raises(Forbidden) as refused:
        vault.model_key_for(agent_id=payer.pk, integration_slug="nowhere", category="model.chat")
    assert refused.value.code == "integration_unknown"
    grant = give(acme, payer, made, "model.chat")
    access = vault.model_key_for(
        agent_id=payer.pk, integration_slug="our-model", category="model.chat"
    )
    assert (access.base_url, access.key) == ("https://our-model.example/api", FIRST)
    assert FIRST not in repr(access)
    cut, code = CUT[how]
    cut(acme, made, grant)
    with pytest.raises(Forbidden) as refused:
        vault.model_key_for(agent_id=payer.pk, integration_slug="our-model", category="model.chat")
    assert refused.value.code == code


def test_only_a_model_integration_yields_a_models_key(acme: Company, payer: Agent) -> None:
    made = active_system(acme, "signer", kind="injected")
    set_secret(actor=acme.olivia, integration=made, secret=FIRST)
    give(acme, payer, made, "model.*")
    with pytest.raises(Conflict):
        vault.model_key_for(agent_id=payer.pk, integration_slug="signer", category="model.chat")


def test_opening_is_counted_each_time_and_recorded_once_an_hour(
    acme: Company, payer: Agent, move_clock: MoveClock
) -> None:
    made, _ = stored(acme)
    give(acme, payer, made, "model.*")
    for _ in range(3):
        vault.model_key_for(agent_id=payer.pk, integration_slug="our-model", category="model.chat")
    move_clock(timedelta(hours=1))
    vault.model_key_for(agent_id=payer.pk, integration_slug="our-model", category="model.chat")
    rows = IntegrationUse.objects.order_by("hour")
    assert [(row.calls, row.requests) for row in rows] == [(3, 0), (1, 0)]
    assert len(summaries("integration.key_opened")) == 2


def test_the_installation_s_key_is_needed_for_every_tenant_s(acme: Company) -> None:
    stored(acme)
    (key,) = TenantKey.objects.all()
    assert settings.SEALING_KEYS[0].encode() not in bytes(key.key_sealed or b"")
