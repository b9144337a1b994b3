"""The key of the vault is replaced: everything is sealed anew, and the former key destroyed."""

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from audit.actors import Actor
from govapp.common import clock
from govapp.common.errors import Conflict, Forbidden, Invalid, Unavailable
from govapp.common.sealing import unseal, unseal_under
from govapp.common.tenancy import bind_tenant, tenant_transaction
from tenants.models import Integration, TenantKey, VaultSecret
from tenants.selectors.vault import vault_state
from tenants.services import vault, vault_rotation
from tenants.services.integration_secrets import revoke_secret, rotate_secret, set_secret
from tenants.services.vault_rotation import ask_lost_renewal, renew_vault, rotate_data_key
from tests.people import Company, make_company
from tests.tenants.ledger import events, summaries
from tests.tenants.systems import active_system

pytestmark = pytest.mark.django_db

FIRST, SECOND = "sk-first-7f3a9c1e5b", "sk-second-2d8e4f6a0c"
WHY = "Once a year."


@pytest.fixture
def acme() -> Iterator[Company]:
    company = make_company()
    with bind_tenant(company.id):
        yield company


def stored(acme: Company, *secrets: str) -> list[Integration]:
    made = []
    for number, secret in enumerate(secrets):
        system = active_system(acme, f"signer-{number}", kind="injected")
        set_secret(actor=acme.olivia, integration=system, secret=secret)
        made.append(system)
    return made


def opened(made: Integration) -> str:
    secret = vault.find_secret(made.public_id)
    assert secret is not None
    return vault.open_for(secret=secret, purpose="redemption")


def stands() -> list[tuple[int, str, int]]:
    return [(each.version, each.state, each.secrets) for each in vault_state().versions]


def test_the_new_key_seals_at_once_and_the_former_one_opens_what_is_left(acme: Company) -> None:
    one, two = stored(acme, FIRST, SECOND)
    made = rotate_data_key(actor=acme.olivia, reason=WHY)
    assert (made.version, stands()) == (2, [(2, "active", 0), (1, "replacing", 2)])
    assert [opened(each) for each in (one, two)] == [FIRST, SECOND]
    rotate_secret(actor=acme.olivia, integration=one, secret="sk-third", overlap=timedelta(hours=1))
    assert stands() == [(2, "active", 1), (1, "replacing", 1)]
    row = vault.find_secret(one.public_id)
    assert row is not None
    assert (opened(one), vault.previous_of(row, clock.now())) == ("sk-third", FIRST)


def test_everything_is_sealed_anew_and_the_former_key_is_gone(acme: Company) -> None:
    one, two = stored(acme, FIRST, "sk-former")
    rotate_secret(actor=acme.olivia, integration=two, secret=SECOND, overlap=timedelta(hours=1))
    before = {row.pk: row for row in VaultSecret.objects.all()}
    former = unseal(bytes(TenantKey.objects.get().key_sealed or b""))
    rotate_data_key(actor=acme.olivia, reason=WHY)
    assert renew_vault(tenant_id=acme.id)
    assert stands() == [(2, "active", 2), (1, "destroyed", 0)]
    old, new = TenantKey.objects.order_by("version")
    assert (old.key_sealed, old.destroyed_at is None) == (None, False)
    assert unseal(bytes(new.key_sealed or b"")) != former
    for row in VaultSecret.objects.all():
        assert (row.sealed == before[row.pk].sealed, row.fingerprint) == (
            False, before[row.pk].fingerprint,
        )  # fmt: skip
        with pytest.raises(InvalidTag):
            unseal_under(
                former, bytes(row.sealed or b""), about=f"{acme.id}/{row.pk}/{row.version}"
            )
    kept = vault.find_secret(two.public_id)
    assert kept is not None
    assert (opened(one), opened(two), vault.previous_of(kept, clock.now())) == (
        FIRST, SECOND, "sk-former",
    )  # fmt: skip


def test_it_is_in_the_record_in_words_and_without_a_key(acme: Company) -> None:
    stored(acme, FIRST)
    rotate_data_key(actor=acme.olivia, reason=WHY)
    renew_vault(tenant_id=acme.id)
    rotated, destroyed = events("vault.key_rotated", "vault.key_destroyed")
    assert rotated["summary"] == (
        "Olivia replaced the key of the vault (version 1) by version 2, under which 1 secret is to"
        f" be sealed anew: {WHY}"
    )
    assert rotated["data"] == {"key_version": 2, "former": 1, "secrets": 1, "reason": WHY}
    assert destroyed["summary"] == (
        "Version 1 of the key of the vault was destroyed: everything is sealed anew."
    )
    assert (destroyed["actor"]["kind"], destroyed["data"]) == ("system", {"key_version": 1})


def test_only_an_owner_replaces_it_with_a_reason(acme: Company) -> None:
    stored(acme, FIRST)
    for who in (acme.carl, acme.alice, acme.audrey):
        with pytest.raises(Forbidden):
            rotate_data_key(actor=who, reason=WHY)
    with pytest.raises(Invalid):
        rotate_data_key(actor=acme.olivia, reason=" ")
    assert stands() == [(1, "active", 1)]
    operator = Actor("system", "operator", "Ruth")
    assert rotate_data_key(actor=operator, reason="A laptop was lost.").version == 2
    (event,) = events("vault.key_rotated")
    assert (event["actor"]["name"], event["summary"][:17]) == ("Ruth", "Ruth replaced the")


def test_an_empty_vault_has_no_key_and_two_rotations_wait_for_each_other(acme: Company) -> None:
    with pytest.raises(Conflict) as refused:
        rotate_data_key(actor=acme.olivia, reason=WHY)
    assert (refused.value.code, stands()) == ("no_key", [])
    stored(acme, FIRST)
    rotate_data_key(actor=acme.olivia, reason=WHY)
    with pytest.raises(Conflict) as refused:
        rotate_data_key(actor=acme.olivia, reason=WHY)
    assert refused.value.code == "rotation_under_way"
    renew_vault(tenant_id=acme.id)
    assert rotate_data_key(actor=acme.olivia, reason=WHY).version == 3


def test_what_ended_in_the_middle_goes_on_from_there(
    acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault_rotation, "BATCH", 2)
    systems = stored(acme, *(f"sk-{number}" for number in range(5)))
    rotate_data_key(actor=acme.olivia, reason=WHY)
    with tenant_transaction(acme.id):
        vault_rotation._renew_batch(None)  # the process ended after it
    assert stands() == [(2, "active", 2), (1, "replacing", 3)]
    assert [opened(each) for each in systems] == [f"sk-{number}" for number in range(5)]
    assert renew_vault(tenant_id=acme.id)
    assert stands() == [(2, "active", 5), (1, "destroyed", 0)]
    assert [opened(each) for each in systems] == [f"sk-{number}" for number in range(5)]
    assert renew_vault(tenant_id=acme.id)  # nothing is left to do
    assert len(summaries("vault.key_destroyed")) == 1


def test_a_lost_hint_is_given_again_until_all_is_done(
    acme: Company, django_capture_on_commit_callbacks: Any
) -> None:
    def hints() -> int:
        with django_capture_on_commit_callbacks() as hinted:
            ask_lost_renewal()
        return len(hinted)

    stored(acme, FIRST)
    found = [hints()]
    rotate_data_key(actor=acme.olivia, reason=WHY)
    found.append(hints())
    renew_vault(tenant_id=acme.id)
    assert [*found, hints()] == [0, 1, 0]


def test_the_former_key_stays_for_what_cannot_be_opened(acme: Company) -> None:
    one, two = stored(acme, FIRST, SECOND)
    VaultSecret.objects.filter(holder=two.public_id).update(sealed=b"x" * 40)
    rotate_data_key(actor=acme.olivia, reason=WHY)
    assert not renew_vault(tenant_id=acme.id)
    assert stands() == [(2, "active", 1), (1, "replacing", 1)]
    assert opened(one) == FIRST
    with pytest.raises(Unavailable):
        opened(two)
    revoke_secret(actor=acme.olivia, integration=two)
    assert renew_vault(tenant_id=acme.id)
    set_secret(actor=acme.olivia, integration=two, secret=SECOND)
    assert (opened(two), stands()) == (SECOND, [(2, "active", 2), (1, "destroyed", 0)])


def test_the_database_lets_no_second_key_seal_and_none_be_half_destroyed(acme: Company) -> None:
    stored(acme, FIRST)
    for made in (
        TenantKey(version=2, key_sealed=b"x"),
        TenantKey(version=1, key_sealed=b"x", replaced_at=clock.now()),
        TenantKey(version=2, key_sealed=None, replaced_at=clock.now()),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            made.save(force_insert=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        TenantKey.objects.update(key_sealed=None)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_the_operator_replaces_it_by_a_command() -> None:
    acme = make_company()
    with bind_tenant(acme.id):
        (one,) = stored(acme, FIRST)
    wanted = ("rotate_tenant_key", "acme", "--operator", "Ruth", "--reason", WHY)
    assert run(*wanted) == (
        "Version 2 of the key seals from now on.\n"
        "Everything is sealed anew, and the former key is destroyed.\n"
    )
    assert run(*wanted, "--resume") == (
        "Everything is sealed anew, and the former key is destroyed.\n"
    )
    with bind_tenant(acme.id):
        assert (opened(one), stands()) == (FIRST, [(2, "active", 1), (1, "destroyed", 0)])
        VaultSecret.objects.update(sealed=b"x" * 40)
    with pytest.raises(CommandError, match="Not everything is sealed anew"):
        run(*wanted)
    with pytest.raises(CommandError, match="not everything is sealed anew yet"):
        run(*wanted)
    with pytest.raises(CommandError, match="There is no account globex"):
        run("rotate_tenant_key", "globex", "--operator", "Ruth", "--reason", WHY)
