"""What an agent did in the time that is looked at, as counts of requests."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self


@dataclass(frozen=True)
class Conduct:
    """Each request counts once, under the worst that happened to it.

    What is pending, cancelled, sent back, or blocked for a reason that is not the agent's (there
    is no policy, the agent only recommends, somebody stopped it) counts nowhere.
    """

    age_days: int = 0
    approved: int = 0  # by people, and it did not go wrong
    allowed: int = 0  # by rules, and it did not go wrong
    denied: int = 0
    expired: int = 0
    failed: int = 0  # failed or rolled back, as reported
    blocked: int = 0  # denied by a rule, or refused for what was asked
    found: int = 0  # refused by the guardrails

    @property
    def well(self) -> int:
        """How many actions were permitted and did not go wrong."""
        return self.approved + self.allowed

    def bad(self, kind: str) -> int:
        """Return the count of one kind of `BAD`."""
        count: int = getattr(self, kind)
        return count

    def whole(self, kind: str) -> int:
        """Return what the share of a kind is taken of: itself, and what went well besides.

        Denials and expiries are shares of what people were asked. No bad kind is ever part of
        the whole of another one: more of one would make the other look better.
        """
        good = self.approved if kind in ("denied", "expired") else self.well
        return good + self.bad(kind)

    def to_dict(self) -> dict[str, int]:
        """Return it as JSON."""
        return asdict(self)

    @classmethod
    def of(cls, counts: Mapping[str, Any]) -> Self:
        """Return what `to_dict` made; what it does not name is 0."""
        return cls(**{name: int(counts.get(name, 0)) for name in cls.__dataclass_fields__})


BAD: Final = ("denied", "expired", "failed", "blocked", "found")
