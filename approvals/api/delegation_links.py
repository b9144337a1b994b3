"""A chain of delegations as answers show it."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec


class DelegationParty(msgspec.Struct):
    """An agent of a chain."""

    id: str
    name: str


class DelegationLink(msgspec.Struct):
    """One link: who handed something to whom."""

    id: str
    giver: DelegationParty = msgspec.field(name="from")
    taker: DelegationParty = msgspec.field(name="to")


def links_answer(chain: Sequence[Mapping[str, Any]]) -> list[DelegationLink]:
    """Return a chain as a request keeps it."""
    return [msgspec.convert(each, DelegationLink) for each in chain]
