"""A policy: the normalised document, its digest, and everything made from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from approvals.policies.flows import Flow
from approvals.policies.plan import Plan
from approvals.policies.rules import Rule


@dataclass(frozen=True)
class Policy:
    """One immutable state of a tenant's rules. Make it with `load_policy` or `parse_policy`.

    Two policies are equal when their digests are. `document` is the normalised plain dict:
    lists where one name stood, defaults filled in, durations in their short form; parsing it
    again gives the same policy. Do not change it in place.
    """

    digest: str
    document: dict[str, object] = field(compare=False, repr=False)
    rules: tuple[Rule, ...] = field(compare=False, repr=False)
    flows: Mapping[str, Flow] = field(compare=False, repr=False)
    default: Literal["deny", "require_approval"] = field(compare=False)
    default_flow: str | None = field(compare=False)
    plan: Plan = field(compare=False, repr=False)


def canonical_json(document: Mapping[str, object]) -> bytes:
    """The document in the form of RFC 8785.

    The parser leaves only integers below 2**53, floats without an exponent or trailing zero, and
    ASCII keys, for which the standard library already writes what the RFC asks for.
    """
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8")


def digest_of(document: Mapping[str, object]) -> str:
    """ "sha256:" and the hexadecimal SHA-256 of the canonical JSON."""
    return f"sha256:{hashlib.sha256(canonical_json(document)).hexdigest()}"
