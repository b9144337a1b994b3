"""An integration that declares a token endpoint: what may be said, and how its client is tried."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from govapp.common import clock
from govapp.common.errors import Conflict, Invalid, Malformed
from govapp.common.tenancy import bind_tenant
from tenants.models import Integration, VaultSecret
from tenants.services import integration_checks
from tenants.services.integration_checks import (
    ask_check,
    ask_checks_without_former,
    check_integration,
)
from tenants.services.integration_secrets import revoke_secret, rotate_secret, set_secret
from tenants.services.integrations import change_integration
from tenants.services.minting import Filled, Order, fill
from tests.conftest import MoveClock
from tests.people import Company, make_company
from tests.support.receiver import Receiver, running_receiver
from tests.support.token_endpoint import TokenEndpoint, running_token_endpoint
from tests.tenants.ledger import events
from tests.tenants.systems import active_system, pass_check, register_system

pytestmark = pytest.mark.django_db

CLIENT, SECRET = "govapp", "client-secret-8c1f5e2a7d"
TOKENS = "https://login.bank.example/token"


@pytest.fixture
def acme() -> Iterator[Company]:
    company = make_company()
    with bind_tenant(company.id):
        yield company


@pytest.fixture
def server() -> Iterator[TokenEndpoint]:
    with running_token_endpoint(clients={CLIENT: SECRET}) as running:
        yield running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as running:
        yield running


def minting(acme: Company, **fields: Any) -> Integration:
    return active_system(acme, "signer", kind="injected", **({"token_url": TOKENS} | fields))


def put(acme: Company, made: Integration, secret: str = SECRET) -> VaultSecret:
    return set_secret(actor=acme.olivia, integration=made, secret=secret, client_id=CLIENT)


def check(acme: Company, made: Integration) -> tuple[bool | None, str]:
    passed = check_integration(tenant_id=acme.id, integration_id=made.pk)
    made.refresh_from_db()
    return passed, made.check_result


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("token_url", "ftp://bank.example"), ("token_url", "https://bank.example/#a"),
        ("token_auth", "none"), ("token_audience", "two words"), ("token_audience", "a" * 301),
        ("token_resource", "bank"), ("token_resource", "https://bank.example/#a"),
        ("token_seconds", 59), ("token_seconds", 3601), ("token_seconds", True),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_at_its_field(
    acme: Company, field: str, value: Any
) -> None:
    with pytest.raises(Invalid) as refused:
        register_system(acme, kind="injected", **({"token_url": TOKENS} | {field: value}))
    assert [each.pointer for each in refused.value.errors] == [f"/{field}"]


def test_only_what_a_secret_is_given_out_of_has_a_token_endpoint(acme: Company) -> None:
    with pytest.raises(Invalid) as refused:
        register_system(acme, kind="bank", token_url=TOKENS)
    assert [each.pointer for each in refused.value.errors] == ["/token_url"]
    model = active_system(acme, "our-model", kind="model")
    with pytest.raises(Invalid):
        change_integration(actor=acme.olivia, integration=model, token_url=TOKENS)
    with pytest.raises(Malformed):
        register_system(acme, kind="injected", token_urls=TOKENS)


def test_what_concerns_tokens_is_checked_again_and_in_the_record(acme: Company) -> None:
    made = minting(acme)
    (registered,) = events("integration.registered")
    assert registered["data"]["token_url"] == TOKENS
    changes = {
        "token_auth": "post", "token_with_scopes": True, "token_audience": "bank",
        "token_resource": "urn:bank", "token_seconds": 60,
    }  # fmt: skip
    for field, value in changes.items():
        pass_check(made)
        made = change_integration(actor=acme.olivia, integration=made, **{field: value})
        assert (field, made.check_passed) == (field, False)
    said = [each["data"]["changes"] for each in events("integration.changed")]
    assert said[1] == {"whether scopes are asked for": {"from": "no", "to": "yes"}} or said[1] == {
        "token_with_scopes": {"from": "no", "to": "yes"}
    }


def test_a_client_has_an_id_and_a_secret_and_nothing_else_has_an_id(acme: Company) -> None:
    made = minting(acme)
    for ident, secret in (("", SECRET), (CLIENT, "ä"), ("a" * 1001, SECRET)):
        with pytest.raises(Invalid) as refused:
            set_secret(actor=acme.olivia, integration=made, secret=secret, client_id=ident)
        assert SECRET not in str(refused.value.errors)
    static = active_system(acme, "static", kind="injected")
    with pytest.raises(Invalid):
        set_secret(actor=acme.olivia, integration=static, secret="sk-1", client_id=CLIENT)
    row = put(acme, made)
    assert (row.version, SECRET.encode() in bytes(row.sealed or b"")) == (1, False)


@pytest.mark.parametrize(
    "change",
    [
        {"token_url": "https://evil.example/token"}, {"token_url": ""},
        {"token_url": "https://login.bank.example/another-realm/token"},
    ],
)  # fmt: skip
def test_the_client_is_for_one_server_and_no_static_secret(
    acme: Company, change: dict[str, str]
) -> None:
    made = minting(acme)
    put(acme, made)
    change_integration(actor=acme.olivia, integration=made, **change)
    assert VaultSecret.objects.get().sealed is None
    assert len(events("integration.secret_revoked")) == 1


def test_the_client_stays_with_its_endpoint(acme: Company) -> None:
    made = minting(acme)
    put(acme, made)
    change_integration(
        actor=acme.olivia, integration=made, token_auth="post", token_audience="bank",
        address=f"{made.address}/v2",
    )  # fmt: skip
    row = VaultSecret.objects.get()
    assert (row.sealed is None, events("integration.secret_revoked")) == (False, [])


def test_a_static_secret_is_no_client(acme: Company) -> None:
    made = active_system(acme, "signer", kind="injected")
    set_secret(actor=acme.olivia, integration=made, secret="sk-1")
    change_integration(actor=acme.olivia, integration=made, token_url=TOKENS)
    assert VaultSecret.objects.get().sealed is None


def test_a_check_tries_the_client_before_anything_is_used(
    acme: Company, server: TokenEndpoint, receiver: Receiver
) -> None:
    made = register_system(
        acme, "signer", kind="injected", address=receiver.url, token_url=server.url,
        token_with_scopes=True,
    )  # fmt: skip
    ask_check(actor=acme.olivia, integration=made)
    assert check(acme, made) == (
        True,
        (
            "It answered 204, and its scopes are declared. Its token endpoint answers; with"
            " its client a token is tried."
        ),
    )
    assert server.asked == []
    put(acme, made, "another-secret")
    made.refresh_from_db()
    assert (made.check_passed, made.check_asked_at is None) == (False, False)
    assert check(acme, made) == (
        False, "The token endpoint refused with status 401: invalid_client.",
    )  # fmt: skip
    # It may be replaced though the check was not passed: that is why it is.
    rotate_secret(
        actor=acme.olivia, integration=made, secret=SECRET, client_id=CLIENT,
        overlap=timedelta(0),
    )  # fmt: skip
    assert check(acme, made) == (
        True,
        (
            "It answered 204, and its scopes are declared. Its token endpoint gave a token for 300"
            " seconds."
        ),
    )
    assert server.asked[-1].form["scope"] == "payments:read payments:write"
    recorded = str(events("integration.checked"))
    assert (SECRET in recorded, server.token in recorded) == (False, False)


def replaced(acme: Company, made: Integration, secret: str) -> None:
    rotate_secret(
        actor=acme.olivia, integration=made, secret=secret, client_id=CLIENT,
        overlap=timedelta(hours=24),
    )  # fmt: skip


def test_a_check_says_that_only_the_former_client_works_and_fails_when_it_ends(
    acme: Company, server: TokenEndpoint, receiver: Receiver, move_clock: MoveClock
) -> None:
    made = minting(acme, address=receiver.url, token_url=server.url)
    put(acme, made)
    assert check(acme, made)[0] is True
    replaced(acme, made, "mistyped")
    until = VaultSecret.objects.get().previous_until
    said = (
        f"The new client is refused; the former one works until {until:%Y-%m-%d %H:%M} UTC. Replace"
        " the client before that. The token endpoint refused with status 401: invalid_client."
    )
    assert check(acme, made) == (True, said)
    is_warned = made.is_by_former_client
    assert is_warned
    ask_checks_without_former(clock.now())
    made.refresh_from_db()
    assert made.check_asked_at is None  # it still works
    move_clock(timedelta(hours=25))
    for _ in range(2):
        ask_checks_without_former(clock.now())
    again = events("integration.check_asked")[-1]
    assert (len(events("integration.check_asked")), again["actor"]["kind"]) == (3, "system")
    assert check(acme, made) == (
        False, "The token endpoint refused with status 401: invalid_client.",
    )  # fmt: skip
    assert not made.is_by_former_client
    ask_checks_without_former(clock.now())
    made.refresh_from_db()
    assert made.check_asked_at is None


def test_a_check_with_a_client_that_ends_meanwhile_says_nothing(
    acme: Company,
    server: TokenEndpoint,
    receiver: Receiver,
    move_clock: MoveClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = minting(acme, address=receiver.url, token_url=server.url)
    put(acme, made)
    check(acme, made)
    replaced(acme, made, "mistyped")

    def fill_late(order: Order) -> Filled:
        filled = fill(order)
        move_clock(timedelta(hours=25))
        return filled

    monkeypatch.setattr(integration_checks, "fill", fill_late)
    assert check(acme, made)[0] is None
    assert made.check_asked_at is not None  # the watch asks for it again


def test_a_new_client_that_works_is_not_warned_of(
    acme: Company, server: TokenEndpoint, receiver: Receiver
) -> None:
    made = minting(acme, address=receiver.url, token_url=server.url)
    put(acme, made, "former")
    replaced(acme, made, SECRET)
    passed, said = check(acme, made)
    assert (passed, said.endswith("gave a token for 300 seconds.")) == (True, True)
    assert not made.is_by_former_client


def test_a_client_that_is_tried_while_it_is_replaced_says_nothing(
    acme: Company, server: TokenEndpoint, receiver: Receiver
) -> None:
    made = minting(acme, address=receiver.url, token_url=server.url)
    put(acme, made)

    def replace() -> None:
        VaultSecret.objects.update(version=7)

    ask_check(actor=acme.olivia, integration=made)
    made.refresh_from_db()
    replace()
    assert check(acme, made)[0] is False  # what is there cannot be opened
    revoke_secret(actor=acme.olivia, integration=made)
    with pytest.raises(Conflict):
        put(acme, made)


def test_a_token_endpoint_that_does_not_answer_fails_the_check(
    acme: Company, receiver: Receiver
) -> None:
    made = register_system(
        acme, "signer", kind="injected", address=receiver.url, token_url="http://127.0.0.1:1/token"
    )
    ask_check(actor=acme.olivia, integration=made)
    assert check(acme, made) == (False, "Its token endpoint does not answer.")
