"""Autonomy, environments and tiers in sentences: for pages, refusals and the record."""

from tenants.enums import AutonomyLevel
from tenants.levels import EVERYTHING


def where(pattern: str) -> str:
    """Return where a rule holds: "in payments.transfer", "below payments", "everywhere"."""
    if pattern == EVERYTHING:
        return "everywhere"
    return f"below {pattern[:-2]}" if pattern.endswith(".*") else f"in {pattern}"


def autonomy_sentence(agent: str, pattern: str, level: str | None) -> str:
    """Return what a level lets an agent do; `agent` is "" for every agent, None: none is set."""
    who, place = agent or "Every agent", where(pattern)
    match level:
        case AutonomyLevel.RECOMMEND:
            return f"{who} only recommends {place}: nothing of it is done."
        case AutonomyLevel.ASK:
            return f"{who} always asks a person {place}."
        case AutonomyLevel.POLICY:
            return f"{who} does what the policy lets it do {place}."
        case AutonomyLevel.ACT:
            return f"{who} acts on its own {place}, where no rule of the policy says anything."
        case _:
            return f"Nothing is set for {agent or 'every agent'} {place} any more."


def environment_sentence(name: str, *, is_read_only: bool) -> str:
    """Return what may be done in an environment."""
    called = "Every environment that is not listed" if name == EVERYTHING else name
    if is_read_only:
        return f"{called} is read-only: what is not reading is refused."
    return f"{called} may be changed."
