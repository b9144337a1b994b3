"""Who did it and to what, as the ledger keeps it: a snapshot, so that it stays true."""

from dataclasses import dataclass
from typing import Literal

ActorKind = Literal["person", "agent", "system"]


@dataclass(frozen=True)
class Actor:
    """Whoever causes an event: kind, public id and name at that time."""

    kind: ActorKind
    id: str
    name: str


@dataclass(frozen=True)
class Subject:
    """What an event is about: its type (`action_request`), public id and a label for people."""

    type: str
    id: str
    label: str


SYSTEM = Actor(kind="system", id="govapp", name="Govapp")
