"""Tokens that are bound to a delegation (RFC 8693). What that is, the floor above says.

It registers itself here: this floor knows a delegation by its id only.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True)
class Bound:
    """The delegation that a token is for. It ends no later than that."""

    ident: UUID
    public_id: str
    expires_at: datetime


@dataclass(frozen=True)
class NotBound:
    """Why there is none, or none any more: a code, and a sentence for who asked."""

    code: str
    sentence: str


class Delegations(Protocol):
    """What is asked of delegations. The tenant is bound."""

    def exchange(self, *, agent_id: UUID, token: str) -> Bound | NotBound:
        """Return what this token was given to this agent for."""

    def why_cut(self, ident: UUID) -> NotBound | None:
        """Return why nothing is done under it any more; None when it holds."""


_REGISTERED: list[Delegations] = []


def register_delegations(which: Delegations) -> None:
    """Say who answers for delegations; once, at the start."""
    _REGISTERED[:] = [which]


def delegations() -> Delegations:
    """Return who answers for delegations."""
    return _REGISTERED[0]
