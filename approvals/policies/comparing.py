"""What new rules do beside old ones: tighten, weaken, both, or nobody can tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from approvals.policies.policy import Policy

Direction = Literal["tightens", "weakens", "both", "same", "unknown"]


@dataclass(frozen=True)
class EffectReason:
    """One difference in words. `rule_id` is "default" for what no rule names."""

    rule_id: str
    direction: Direction
    sentence: str

    def to_dict(self) -> dict[str, str]:
        """As it is kept with the version."""
        return {"rule_id": self.rule_id, "direction": self.direction, "sentence": self.sentence}


@dataclass(frozen=True)
class Effect:
    """The direction of a change, and why."""

    direction: Direction
    reasons: tuple[EffectReason, ...] = ()

    @classmethod
    def unreadable(cls, number: int) -> Effect:
        """When the old rules can no longer be read."""
        sentence = f"Version {number} can no longer be read, so nobody can compare with it."
        return cls("unknown", (EffectReason("", "unknown", sentence),))


def compare_policies(old: Policy | None, new: Policy) -> Effect:
    """Say what `new` does to outcomes beside `old`; None when nothing was in force."""
    return Effect("unknown")
