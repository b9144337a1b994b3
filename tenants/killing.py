"""What a thrown kill switch stops, and in which words it says so. Pure; no input or output."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tenants.enums import KillScope

CODE = "killed"


@dataclass(frozen=True)
class Act:
    """What an agent does, as far as a switch looks at it.

    `path` is where its delegation stands, every link of the chain: "/dg_a/dg_b/".
    """

    agent_id: UUID
    category: str = ""
    integration: str = ""
    path: str = ""


@dataclass(frozen=True)
class Thrown:
    """One switch that is thrown, or was and is resumed."""

    scope: str
    ref: str
    name: str
    agent_id: UUID | None
    thrown_at: datetime
    resumed_at: datetime | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Thrown":
        """Return what the database's function says of a switch (`govapp_thrown`)."""
        resumed, agent = row["resumed_at"], row["agent_id"]
        return cls(
            scope=row["scope"],
            ref=row["ref"],
            name=row["name"],
            agent_id=UUID(agent) if agent else None,
            thrown_at=datetime.fromisoformat(row["thrown_at"]),
            resumed_at=datetime.fromisoformat(resumed) if resumed else None,
        )

    @property
    def what(self) -> str:
        """Return what it stops, as in "the agent payer"."""
        match self.scope:
            case KillScope.TENANT:
                return "everything in this account"
            case KillScope.AGENT:
                return f"the agent {self.name}"
            case KillScope.INTEGRATION:
                return f"the integration {self.ref}"
            case KillScope.CATEGORY:
                if self.ref.endswith(".*"):
                    return f"every category under {self.ref[:-2]}"
                return f"the category {self.ref}"
            case _:
                return f"the delegation {self.name or self.ref} and everything under it"

    @property
    def sentence(self) -> str:
        """Say that it is thrown, and what has to happen. Without the reason: agents read it."""
        return (
            f"The kill switch for {self.what} was thrown on {_time(self.thrown_at)}: nothing of it"
            " is accepted until a second person resumes it."
        )

    @property
    def dead_sentence(self) -> str:
        """Say to whoever has a permission from before that it stays dead."""
        return (
            f"The kill switch for {self.what} was thrown on {_time(self.thrown_at)}, after this"
            " permission was issued. It stays dead; ask for a new one."
        )

    def covers(self, act: Act) -> bool:
        """Whether an act is within what it stops, whether it is thrown now or not."""
        match self.scope:
            case KillScope.TENANT:
                return True
            case KillScope.AGENT:
                return act.agent_id == self.agent_id
            case KillScope.INTEGRATION:
                return bool(act.integration) and act.integration == self.ref
            case KillScope.CATEGORY:
                if self.ref.endswith(".*"):
                    return act.category.startswith(self.ref[:-1])
                return act.category == self.ref
            case KillScope.DELEGATION:
                return f"/{self.ref}/" in act.path
        return True  # what nobody knows stops everything


def read_thrown(rows: Iterable[Mapping[str, Any]] | None) -> tuple[Thrown, ...]:
    """Return the switches of the database's answer, the widest first."""
    order = list(KillScope.values)
    found = [Thrown.of(row) for row in rows or ()]
    return tuple(sorted(found, key=lambda each: (order.index(each.scope), each.thrown_at)))


def stopping(switches: Iterable[Thrown], act: Act) -> Thrown | None:
    """Return the widest switch that stops this act now, if one does."""
    return next((each for each in switches if each.resumed_at is None and each.covers(act)), None)


def killing(switches: Iterable[Thrown], act: Act, issued_at: datetime) -> Thrown | None:
    """Return the switch that a permission died with: thrown now, or resumed since it was issued.

    None is issued while a switch is thrown, so one that is older than the resuming is older than
    the throwing, too.
    """
    return next(
        (
            each
            for each in switches
            if each.covers(act) and (each.resumed_at is None or issued_at < each.resumed_at)
        ),
        None,
    )


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%d %B %Y %H:%M UTC").lstrip("0")
