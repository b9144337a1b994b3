"""The installation's key is replaced: every tenant's data key is sealed anew, one after another."""

from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from audit.actors import Actor
from govapp.common.errors import Unavailable
from govapp.common.sealing import is_sealed_newest
from govapp.common.tenancy import bind_tenant
from tenants.models import Integration, TenantKey
from tenants.services import vault
from tenants.services.integration_secrets import set_secret
from tenants.services.vault_rewrapping import rewrap_keys, rewrap_tenant
from tests.people import Company, make_company
from tests.tenants.ledger import events
from tests.tenants.systems import active_system

pytestmark = pytest.mark.django_db

SECRET = "sk-first-7f3a9c1e5b"
OPERATOR = Actor("system", "operator", "Ruth")


@pytest.fixture
def companies() -> list[Company]:
    made = [make_company(), make_company(slug="globex")]
    for company in made:
        with bind_tenant(company.id):
            system = active_system(company, "signer", kind="injected")
            set_secret(actor=company.olivia, integration=system, secret=SECRET)
    return made


def opened(company: Company) -> str:
    with bind_tenant(company.id):
        secret = vault.find_secret(Integration.objects.get().public_id)
        assert secret is not None
        return vault.open_for(secret=secret, purpose="redemption")


def is_new(company: Company) -> bool:
    with bind_tenant(company.id):
        return is_sealed_newest(bytes(TenantKey.objects.get().key_sealed or b""))


def put_in_front(settings: Settings) -> list[str]:
    """Configure a new key in front of the others; return it alone."""
    new = Fernet.generate_key().decode()
    settings.SEALING_KEYS = [new, *settings.SEALING_KEYS]
    return [new]


def test_afterwards_the_former_key_of_the_installation_is_not_needed(
    companies: list[Company], settings: Settings
) -> None:
    alone = put_in_front(settings)
    assert [is_new(each) for each in companies] == [False, False]
    done = rewrap_keys(operator="Ruth")
    assert (done.changed, done.unchanged, done.failed) == (2, 0, [])
    settings.SEALING_KEYS = alone
    assert [opened(each) for each in companies] == [SECRET, SECRET]
    with bind_tenant(companies[0].id):
        (event,) = events("vault.key_rewrapped")
    assert (event["actor"]["name"], event["data"]) == ("Ruth", {"key_version": 1})


def test_before_it_the_new_key_alone_opens_nothing(
    companies: list[Company], settings: Settings
) -> None:
    settings.SEALING_KEYS = put_in_front(settings)
    with pytest.raises(Unavailable, match="another key"):
        opened(companies[0])


def test_after_a_crash_it_goes_on_where_it_was(
    companies: list[Company], settings: Settings
) -> None:
    put_in_front(settings)
    # It ended after the first tenant.
    assert rewrap_tenant(tenant_id=companies[0].id, actor=OPERATOR) == (1, 0)
    assert [is_new(each) for each in companies] == [True, False]
    assert [opened(each) for each in companies] == [SECRET, SECRET]
    again = rewrap_keys(operator="Ruth")
    assert (again.changed, again.unchanged) == (1, 1)
    once_more = rewrap_keys(operator="Ruth")
    assert (once_more.changed, once_more.unchanged) == (0, 2)
    for company in companies:
        with bind_tenant(company.id):
            assert len(events("vault.key_rewrapped")) == 1


KEEP = (
    "Keep the former key all the same: signing keys, sealed texts and secrets of callbacks may be"
    " under it still."
)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("rewrap_tenant_keys", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_says_what_it_did_and_what_is_left(
    companies: list[Company], settings: Settings
) -> None:
    assert run("--check") == f"0 to be sealed anew, 2 as they are to be.\n{KEEP}\n"
    put_in_front(settings)
    with pytest.raises(CommandError, match="The key before is still needed"):
        run("--check")
    assert [is_new(each) for each in companies] == [False, False]
    with pytest.raises(CommandError):
        run("--operator", " ")
    assert run("--operator", "Ruth") == "2 sealed anew, 0 as they are to be.\n"
    assert run("--check") == f"0 to be sealed anew, 2 as they are to be.\n{KEEP}\n"


def test_one_that_no_key_opens_is_named_and_keeps_nobody_waiting(
    companies: list[Company], settings: Settings
) -> None:
    with bind_tenant(companies[0].id):
        TenantKey.objects.update(key_sealed=Fernet(Fernet.generate_key()).encrypt(b"x" * 32))
    put_in_front(settings)
    for arguments in (("--check",), ("--operator", "Ruth")):
        with pytest.raises(CommandError, match="No configured key opens those of acme: add"):
            run(*arguments)
    assert [is_new(each) for each in companies] == [False, True]
