"""Asking a token endpoint: what it is sent, and which answers are a token (RFC 6749)."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from tenants.transports.token_endpoint import Client, Endpoint, Minted, MintFailed, mint
from tests.support.token_endpoint import TokenEndpoint, running_token_endpoint

CLIENT = Client("gov app", "s3cret:/+%-7f19c2")


@pytest.fixture
def server() -> Iterator[TokenEndpoint]:
    with running_token_endpoint(clients={CLIENT.ident: CLIENT.secret}) as running:
        yield running


def endpoint_of(server: TokenEndpoint, **more: Any) -> Endpoint:
    return replace(Endpoint(server.url, "basic"), **more)


def refused(endpoint: Endpoint, client: Client = CLIENT) -> MintFailed:
    with pytest.raises(MintFailed) as failed:
        mint(endpoint, client)
    assert client.secret not in failed.value.sentence
    return failed.value


@pytest.mark.parametrize("auth", ["basic", "post"])
def test_a_client_is_given_a_token(server: TokenEndpoint, auth: str) -> None:
    minted = mint(endpoint_of(server, auth=auth), CLIENT)
    assert (minted.value, minted.seconds, minted.scopes) == ("minted-token-1", 300, ())
    (asked,) = server.asked
    assert (asked.auth, asked.client) == (auth, (CLIENT.ident, CLIENT.secret))
    assert asked.form == {"grant_type": "client_credentials"}
    assert ("minted" in repr(minted), CLIENT.secret in repr(CLIENT)) == (False, False)


def test_scopes_audience_and_resource_are_asked_for(server: TokenEndpoint) -> None:
    endpoint = endpoint_of(
        server, scopes=("pay", "read"), audience="bank", resource="https://bank.example/api"
    )
    assert mint(endpoint, CLIENT).scopes == ("pay", "read")
    assert server.asked[0].form == {
        "grant_type": "client_credentials", "scope": "pay read", "audience": "bank",
        "resource": "https://bank.example/api",
    }  # fmt: skip
    server.answer = {"scope": "read"}  # less than was asked for is fine, and said
    assert mint(endpoint, CLIENT).scopes == ("read",)


ANSWERS: dict[str, tuple[dict[str, Any], str]] = {
    "more than was asked for": (
        {"scope": "pay admin"}, "The token endpoint gave a token for more than was asked for.",
    ),
    "for too long": (
        {"expires_in": 901},
        ("The tokens of the token endpoint live for 901 seconds, and here at most 900 are"
        " wanted: have them live shorter, or allow longer."),
    ),
    "nobody knows how long": (
        {"expires_in": None}, "The token endpoint did not say for how long its token lives.",
    ),
    "over already": (
        {"expires_in": 0}, "The token endpoint did not say for how long its token lives.",
    ),
    "of another type": (
        {"token_type": "DPoP"}, "The token endpoint gave a token that is no bearer token.",
    ),
    "none": ({"access_token": None}, "What the token endpoint answered is no token."),
    "empty": ({"access_token": ""}, "What the token endpoint answered is no token."),
    "with a line break": (
        {"access_token": "a\nb"}, "What the token endpoint answered is no token.",
    ),
    "of the wrong kind": (
        {"access_token": ["a"]}, "What the token endpoint answered is no token.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_what_is_no_token_as_it_was_asked_for_is_not_taken(
    server: TokenEndpoint, name: str
) -> None:
    server.answer, said = ANSWERS[name]
    failure = refused(endpoint_of(server, scopes=("pay", "read")))
    assert (failure.sentence, failure.is_client_refused) == (said, False)


REFUSALS: dict[str, tuple[tuple[int, bytes], str, bool]] = {
    "by its code": (
        (400, b'{"error": "invalid_scope", "error_description": "s3cret"}'),
        "The token endpoint refused with status 400: invalid_scope.", False,
    ),
    "another client": (
        (400, b'{"error": "invalid_client"}'),
        "The token endpoint refused with status 400: invalid_client.", True,
    ),
    "in words of its own": (
        (403, b'{"error": "s3cret:/+%-7f19c2"}'),
        "The token endpoint refused with status 403.", False,
    ),
    "without a word": ((500, b"Traceback"), "The token endpoint refused with status 500.", False),
    "elsewhere": ((307, b""), "The token endpoint refused with status 307.", False),
    "a page": ((200, b"<html>"), "What the token endpoint answered is no token.", False),
    "too deep": ((200, b"[" * 60_000), "What the token endpoint answered is no token.", False),
    "too much": (
        (200, b" " * 70_000),
        "The token endpoint cannot be asked. The answer is longer than 65536 bytes.", False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_is_told_by_its_code_alone(server: TokenEndpoint, name: str) -> None:
    server.instead, said, is_client_refused = REFUSALS[name]
    failure = refused(endpoint_of(server))
    assert (failure.sentence, failure.is_client_refused) == (said, is_client_refused)
    assert len(server.asked) == 1


def test_nobody_there_a_private_place_and_no_tls(server: TokenEndpoint, settings: Settings) -> None:
    nowhere = refused(Endpoint("http://127.0.0.1:1/token", "basic"))
    assert nowhere.sentence == (
        "The token endpoint cannot be asked. The connection failed: ConnectError."
    )
    settings.CALLBACKS_MAY_GO_TO_LOOPBACK = False
    private = refused(endpoint_of(server))
    assert private.sentence == (
        "The token endpoint cannot be asked. The receiver is not on the public Internet."
    )
    settings.CALLBACKS_NEED_HTTPS = True
    assert refused(endpoint_of(server)).sentence == (
        "The token endpoint does not begin with https://."
    )
    assert server.asked == []


def test_an_answer_may_say_more_than_is_needed(server: TokenEndpoint) -> None:
    server.answer = {"refresh_token": "never-kept", "extra": {"a": [1]}, "token_type": "bearer"}
    minted = mint(endpoint_of(server), CLIENT)
    assert isinstance(minted, Minted)
    assert json.dumps([minted.value, minted.seconds]) == '["minted-token-1", 300]'
