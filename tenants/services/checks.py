"""What every service here asks of its input, in one voice."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from govapp.common.errors import FieldError, Invalid
from tenants.enums import Role

_SLUG: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def fault(field: str, detail: str) -> Invalid:
    """Return the refusal of one field."""
    return Invalid(detail, errors=[FieldError(pointer=f"/{field}", detail=detail)])


def clean_text(value: str, *, field: str, at_most: int, required: bool = True) -> str:
    """Return one line of text, trimmed and in NFC. Raises `Invalid`."""
    text = unicodedata.normalize("NFC", value).strip()
    if required and not text:
        raise fault(field, "Fill this in.")
    if len(text) > at_most:
        raise fault(field, f"Use at most {at_most} characters.")
    # Names are compared by people: nothing invisible, no line breaks (Unicode categories C, Z).
    if any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in text):
        raise fault(field, "Use visible characters on one line.")
    return text


def clean_slug(value: str, *, field: str = "slug") -> str:
    """Return a short name for addresses and policies. Raises `Invalid`."""
    if not _SLUG.fullmatch(value) or len(value) > 60:
        raise fault(field, "Use lower-case letters, digits and single hyphens, at most 60.")
    return value


def clean_email(value: str) -> str:
    """Return the address in lower case. Raises `Invalid`."""
    email = value.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise fault("email", "This is not an e-mail address.") from None
    return email


def clean_roles(roles: Iterable[str]) -> list[str]:
    """Return the roles once each, in the order of the enum; at least one. Raises `Invalid`."""
    wanted = {str(role) for role in roles}
    if unknown := wanted - set(Role.values):
        raise fault("roles", f"There is no role {sorted(unknown)[0]}.")
    if not wanted:
        raise fault("roles", "Give at least one role.")
    return [role.value for role in Role if role.value in wanted]
