"""What an approval is bound to: one digest over everything that must not change afterwards.

Design: security page, "Decisions": what is approved is what executes.
"""

import hashlib
from collections.abc import Mapping
from typing import Final

import rfc8785

from govapp.common.errors import FieldError, Invalid

VERSION: Final = 1
_TOO_DEEP: Final = "The payload is nested too deeply."


def payload_digest(
    *,
    category: str,
    payload: Mapping[str, object],
    agent: str,
    tenant: str,
    environment: str,
    policy_version: int | None,
    integration: str = "",
) -> str:
    """Return "sha256:" and the hexadecimal SHA-256 of the canonical JSON (RFC 8785).

    `agent` and `tenant` are public ids, `policy_version` is the number of the version that was
    live. `integration` is a member only when one was named: without it the digest is what it was
    before there were integrations. Raises `Invalid` for a payload that has no canonical form.
    """
    bound: dict[str, object] = {
        "v": VERSION,
        "agent": agent,
        "category": category,
        "environment": environment,
        "payload": payload,
        "policy_version": policy_version,
        "tenant": tenant,
    }
    if integration:
        bound["integration"] = integration
    return f"sha256:{hashlib.sha256(canonical_json(bound)).hexdigest()}"


def canonical_json(value: object) -> bytes:
    """Return the RFC 8785 bytes of a payload, or raise `Invalid` with the reason."""
    try:
        canonical = rfc8785.dumps(value)  # type: ignore[arg-type]
    except RecursionError:
        raise _invalid(_TOO_DEEP) from None
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise _invalid(_reason(error)) from None
    if b"\\u0000" in canonical:
        # Conservative: it also refuses the six written characters, which nobody needs.
        raise _invalid("Remove the null character from the payload.")
    return bytes(canonical)


def _reason(error: Exception) -> str:
    if isinstance(error, rfc8785.IntegerDomainError):
        return "Write integers beyond 2^53 as strings; JSON readers do not agree about them."
    if isinstance(error, rfc8785.FloatDomainError):
        return "NaN and infinity are not JSON."
    return "The payload is not JSON that can be written canonically (RFC 8785)."


def _invalid(detail: str) -> Invalid:
    return Invalid(detail, code="payload_invalid", errors=[FieldError("/payload", detail)])
