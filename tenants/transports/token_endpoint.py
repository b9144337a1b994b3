"""Asking a token endpoint for a short-lived access token (RFC 6749, section 4.4).

The client says who it is in the header (section 2.3.1) or in the body. Resources and audiences as
RFC 8707 and common practice have them. Nothing that the endpoint says beside its codes is passed
on: it may repeat what it was sent.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import quote_plus, urlencode

import msgspec
from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from govapp.common import outgoing
from govapp.common.outgoing import Answer, CallFailed
from govapp.common.receivers import may_go_to
from tenants.enums import TokenAuth

SECONDS: Final = 5.0  # for everything together; who uses a permission waits for it
_AT_MOST: Final = 64 * 1024  # octets
_MOST_CHARACTERS: Final = 16_000  # of a token
# RFC 6749, section 5.2, and RFC 8707, section 2.
_CODES: Final = frozenset(
    {
        "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client",
        "unsupported_grant_type", "invalid_scope", "invalid_target",
    }
)  # fmt: skip


class MintFailed(Exception):
    """There is no token; the sentence is safe to store and to show."""

    def __init__(self, sentence: str, *, is_client_refused: bool = False) -> None:
        super().__init__(sentence)
        self.sentence, self.is_client_refused = sentence, is_client_refused


@dataclass(frozen=True)
class Endpoint:
    """Where a token is asked for, and for what; none of it is secret."""

    url: str
    auth: str  # one of `TokenAuth`
    scopes: tuple[str, ...] = ()
    audience: str = ""
    resource: str = ""
    longest: int = 900  # seconds that a token may live


@dataclass(frozen=True, repr=False)
class Client:
    """Who asks: its id and its secret. `repr` shows neither."""

    ident: str
    secret: str


@dataclass(frozen=True, repr=False)
class Minted:
    """A token, for how many seconds from when it was asked for, and what it is for."""

    value: str
    seconds: int
    scopes: tuple[str, ...]


class _Token(msgspec.Struct):
    """Section 5.1."""

    access_token: str
    token_type: str
    expires_in: int | None = None
    scope: str | None = None


class _Refusal(msgspec.Struct):
    """Section 5.2."""

    error: str


@sensitive_variables("client", "body", "headers", "answer")
def mint(endpoint: Endpoint, client: Client, *, seconds: float = SECONDS) -> Minted:
    """Ask for a token as this client. Call it outside of any transaction. Raises `MintFailed`.

    `seconds` bounds everything together.

    A token that lives for longer, or opens more, than was asked for is not taken, nor one of
    which that is not known.
    """
    if settings.CALLBACKS_NEED_HTTPS and not endpoint.url.startswith("https://"):
        raise MintFailed("The token endpoint does not begin with https://.")
    headers, body = _question(endpoint, client)
    try:
        answer = outgoing.post(
            endpoint.url,
            urlencode(body).encode(),
            headers,
            may_go_to=may_go_to,
            seconds=seconds,
            at_most=_AT_MOST,
        )
    except CallFailed as failure:
        raise MintFailed(f"The token endpoint cannot be asked. {failure}") from None
    if answer.status != HTTPStatus.OK:
        raise _refused(answer)
    return _checked(_read(answer), endpoint)


@sensitive_variables("client", "body", "pair")
def _question(endpoint: Endpoint, client: Client) -> tuple[Mapping[str, str], Mapping[str, str]]:
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "accept": "application/json",
        "user-agent": "Govapp",
    }
    body = {
        "grant_type": "client_credentials",
        "scope": " ".join(endpoint.scopes),
        "audience": endpoint.audience,
        "resource": endpoint.resource,
    }
    if endpoint.auth == TokenAuth.POST:
        body |= {"client_id": client.ident, "client_secret": client.secret}
    else:
        pair = f"{quote_plus(client.ident)}:{quote_plus(client.secret)}"
        headers["authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    return headers, {name: value for name, value in body.items() if value}


def _refused(answer: Answer) -> MintFailed:
    try:
        code = msgspec.json.decode(answer.body, type=_Refusal).error
    except (msgspec.MsgspecError, RecursionError):
        code = ""
    said = f": {code}" if code in _CODES else ""
    is_client_refused = code == "invalid_client" or answer.status == HTTPStatus.UNAUTHORIZED
    return MintFailed(
        f"The token endpoint refused with status {answer.status}{said}.",
        is_client_refused=is_client_refused,
    )


def _read(answer: Answer) -> _Token:
    try:
        return msgspec.json.decode(answer.body, type=_Token)
    except (msgspec.MsgspecError, RecursionError):
        raise MintFailed("What the token endpoint answered is no token.") from None


@sensitive_variables("token", "value")
def _checked(token: _Token, endpoint: Endpoint) -> Minted:
    value, seconds = token.access_token, token.expires_in
    if not 1 <= len(value) <= _MOST_CHARACTERS or not all("!" <= each <= "~" for each in value):
        raise MintFailed("What the token endpoint answered is no token.")
    if token.token_type.lower() != "bearer":
        raise MintFailed("The token endpoint gave a token that is no bearer token.")
    if seconds is None or seconds < 1:
        raise MintFailed("The token endpoint did not say for how long its token lives.")
    if seconds > endpoint.longest:
        raise MintFailed(
            f"The tokens of the token endpoint live for {seconds} seconds, and here at most"
            f" {endpoint.longest} are wanted: have them live shorter, or allow longer."
        )
    scopes = endpoint.scopes if token.scope is None else tuple(sorted(set(token.scope.split())))
    if endpoint.scopes and not set(scopes) <= set(endpoint.scopes):
        raise MintFailed("The token endpoint gave a token for more than was asked for.")
    return Minted(value, seconds, scopes)
