"""What the fields of an integration may hold, and how a change of them is said."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from django.utils.timezone import localtime

from govapp.common import clock
from govapp.common.errors import Invalid
from govapp.common.receivers import require_usable_url
from tenants.audit_events.words import name_of
from tenants.enums import IntegrationKind, TokenAuth
from tenants.models import Integration, Membership
from tenants.services.checks import clean_text, fault

MOST_SCOPES: Final = 50
MOST_LABELS: Final = 20
SHORTEST_TOKEN: Final = 60  # seconds
LONGEST_TOKEN: Final = 3_600
USUAL_TOKEN: Final = 900
_WORD: Final = re.compile(r"[!-~]+")
# Where and how a short-lived token is had, with what stands there for none.
TOKEN_FIELDS: Final[Mapping[str, Any]] = {
    "token_url": "",
    "token_auth": TokenAuth.BASIC.value,
    "token_with_scopes": False,
    "token_audience": "",
    "token_resource": "",
    "token_seconds": USUAL_TOKEN,
}
NAMES: Final = {
    "name": "name",
    "address": "address",
    "scopes": "scopes",
    "labels_cleared": "labels cleared",
    "owner": "owner",
    "expires_at": "expiry",
    "token_url": "token endpoint",
    "token_auth": "how the client says who it is",
    "token_with_scopes": "whether scopes are asked for",
    "token_audience": "audience",
    "token_resource": "resource",
    "token_seconds": "longest life of a token in seconds",
}
# What a check was about: after a change of it the check has to be passed again.
CHECKED: Final = frozenset({"address", "scopes", *TOKEN_FIELDS})


def clean(field: str, value: Any) -> Any:
    """Return what is kept of a value of this field. Raises `Invalid`."""
    return _CHECKS[field](value)


def require_kind_mints(kind: str, token_url: str) -> None:
    """Raise `Invalid` for a token endpoint of what nothing is given out of."""
    if token_url and kind != IntegrationKind.INJECTED:
        raise fault("token_url", "Only a system whose secret is given out has a token endpoint.")


def servers_of(integration: Integration) -> tuple[Any, ...]:
    """Return who is trusted with the secret: what is behind the address and the token endpoint.

    The whole of the latter: its path often names the realm that the client is of.
    """
    return _server(integration.address), integration.token_url


def words_of(value: Any) -> str:
    """Return a value as an event of a change says it."""
    if isinstance(value, Membership):
        return name_of(value)
    if isinstance(value, datetime):
        return f"{localtime(value):%d %B %Y %H:%M %Z}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value or "")


def _server(address: str) -> tuple[str, str | None, int | None]:
    """Return who answers at an address: what is behind it, and how it is spoken to."""
    parts = urlsplit(address)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _clean_words(field: str, values: Iterable[str], *, most: int, longest: int) -> list[str]:
    found = sorted({str(value).strip() for value in values if str(value).strip()})
    if len(found) > most:
        raise fault(field, f"Name at most {most}.")
    if any(len(each) > longest or not _WORD.fullmatch(each) for each in found):
        raise fault(field, f"Use visible ASCII characters without blanks, at most {longest}.")
    return found


def _clean_url(field: str, value: str) -> str:
    try:
        require_usable_url(value.strip())
    except Invalid as invalid:
        # The same words, at the field as it is called here.
        raise fault(field, invalid.errors[0].detail) from None
    return value.strip()


def _clean_token_url(value: str) -> str:
    value = value.strip()
    if value and "#" in value:  # RFC 6749, section 3.2
        raise fault("token_url", "A token endpoint has no fragment.")
    return _clean_url("token_url", value) if value else ""


def _clean_auth(value: str) -> str:
    if value not in TokenAuth.values:
        raise fault("token_auth", "Choose how the client says who it is.")
    return str(value)


def _clean_parameter(field: str, value: str) -> str:
    value = value.strip()
    if value and not (len(value) <= 300 and _WORD.fullmatch(value)):
        raise fault(field, "Use visible ASCII characters without blanks, at most 300.")
    return value


def _clean_resource(value: str) -> str:
    value = _clean_parameter("token_resource", value)
    if value and (not urlsplit(value).scheme or "#" in value):  # RFC 8707, section 2
        raise fault("token_resource", "Write an absolute URI without a fragment.")
    return value


def _clean_seconds(value: int) -> int:
    if type(value) is not int or not SHORTEST_TOKEN <= value <= LONGEST_TOKEN:
        raise fault(
            "token_seconds", f"Write a number of seconds from {SHORTEST_TOKEN} to {LONGEST_TOKEN}."
        )
    return value


def _clean_owner(value: Membership) -> Membership:
    if not value.is_active:
        raise fault("owner", "Choose somebody who is active.")
    return value


def _clean_expiry(value: datetime | None) -> datetime | None:
    if value is not None and value <= clock.now():
        raise fault("expires_at", "Choose a time that is still to come.")
    return value


_CHECKS: Final[dict[str, Callable[[Any], Any]]] = {
    "name": lambda value: clean_text(value, field="name", at_most=100),
    "address": lambda value: _clean_url("address", value),
    "owner": _clean_owner,
    "scopes": lambda value: _clean_words("scopes", value, most=MOST_SCOPES, longest=100),
    "labels_cleared": lambda value: _clean_words(
        "labels_cleared", value, most=MOST_LABELS, longest=50
    ),
    "expires_at": _clean_expiry,
    "token_url": _clean_token_url,
    "token_auth": _clean_auth,
    "token_with_scopes": bool,
    "token_audience": lambda value: _clean_parameter("token_audience", value),
    "token_resource": _clean_resource,
    "token_seconds": _clean_seconds,
}
