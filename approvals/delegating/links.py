"""A chain of delegations as it stands now: who handed what to whom, and where it is cut. Pure.

The chain comes as JSON from one statement (`approvals.selectors.delegations.DELEGATION_SQL`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from approvals.delegating.narrowing import EXPIRED, Problem, Rights, Wanted, allows
from govapp.common.ids import public_id

REVOKED: Final = "delegation_revoked"
NAMES_A_LINK: Final = "The delegation dg_"  # how every sentence about one begins
_ACTIVE: Final = "active"


@dataclass(frozen=True)
class Party:
    """An agent of a chain: public id, name, status and owner as they are now."""

    id: str
    name: str
    status: str
    owner: UUID


@dataclass(frozen=True)
class Link:
    """One delegation. `rights.budget` is what was given, `left` what is left of it."""

    id: str
    giver: Party
    taker: Party
    rights: Rights
    left: Mapping[str, Decimal] | None
    revoked_at: datetime | None
    is_key_revoked: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the link as requests and events keep it: who handed it to whom."""
        return {
            "id": self.id,
            "from": {"id": self.giver.id, "name": self.giver.name},
            "to": {"id": self.taker.id, "name": self.taker.name},
        }

    @property
    def called(self) -> str:
        return f"The delegation {self.id} from {self.giver.name} to {self.taker.name}"


def links_of(known: Mapping[str, Any] | None) -> tuple[Link, ...]:
    """Return the chain, the first link first; empty when there is none."""
    return tuple(_link(each) for each in (known or {}).get("links") or ())


def why_cut(links: Sequence[Link], now: datetime) -> Problem | None:
    """Return why nothing is done under this chain any more; None when it is whole.

    Any link that was revoked or is over, and any agent of it that may not act.
    """
    for link in links:
        if link.revoked_at is not None:
            at = f"{link.revoked_at:%Y-%m-%d %H:%M UTC}"
            said = f"{link.called} was revoked on {at}. {_another(link)}"
            return Problem(REVOKED, "expires_at", said)
        if link.is_key_revoked:
            said = (
                f"{link.called} ended with the key that it was made with, which was revoked."
                f" {_another(link)}"
            )
            return Problem(REVOKED, "expires_at", said)
        for party in (link.giver, link.taker):
            if party.status != _ACTIVE:
                said = (
                    f"{link.called} rests, because {party.name} is {party.status}: an owner says"
                    " whether it goes on."
                )
                return Problem(REVOKED, "expires_at", said)
        if now >= link.rights.expires_at:
            at = f"{link.rights.expires_at:%Y-%m-%d %H:%M UTC}"
            said = f"{link.called} ended on {at}. {_another(link)}"
            return Problem(EXPIRED, "expires_at", said)
    return None


def _another(link: Link) -> str:
    return f"Ask {link.giver.name} for another one."


def chain_allows(links: Sequence[Link], wanted: Wanted) -> tuple[Problem, ...]:
    """Return why a link does not cover an action, the first link that does not; else nothing.

    Every link is looked at, though each is part of the one before it: nothing rests on the last.
    """
    for link in links:
        left = Rights(
            link.rights.categories,
            link.rights.integrations,
            link.left,
            link.rights.expires_at,
            link.rights.depth_left,
        )
        if problems := allows(left, wanted):
            return tuple(
                Problem(each.code, each.part, f"{link.called} does not cover this. {each.sentence}")
                for each in problems
            )
    return ()


def chain_of(links: Sequence[Link]) -> list[dict[str, Any]]:
    """Return the chain as requests and events keep it."""
    return [link.to_dict() for link in links]


def path_of(ids: Iterable[str]) -> str:
    """Return the path that public ids of links, the first first, are written as; "" for none."""
    joined = "/".join(ids)
    return f"/{joined}/" if joined else ""


def owners_of(links: Sequence[Link]) -> list[UUID]:
    """Return who owns the agents that handed it on: they are on the side of the last one."""
    return list(dict.fromkeys(link.giver.owner for link in links))


def _link(row: Mapping[str, Any]) -> Link:
    budget = row["budget"]
    return Link(
        id=public_id("dg", UUID(row["id"])),
        giver=_party(row["from"]),
        taker=_party(row["to"]),
        rights=Rights(
            categories=_names(row["categories"]),
            integrations=_names(row["integrations"]),
            budget=budget and {each: Decimal(of["amount"]) for each, of in budget.items()},
            expires_at=datetime.fromisoformat(row["expires_at"]),
            depth_left=row["depth_left"],
        ),
        left=budget and {each: Decimal(of["left"]) for each, of in budget.items()},
        revoked_at=datetime.fromisoformat(row["revoked_at"]) if row["revoked_at"] else None,
        is_key_revoked=row["key_revoked"],
    )


def _party(row: Mapping[str, Any]) -> Party:
    agent = public_id("ag", UUID(row["id"]))
    return Party(agent, row["name"], row["status"], UUID(row["owner"]))


def _names(names: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(names)
