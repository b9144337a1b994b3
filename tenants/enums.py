"""Roles, statuses and tiers of people and agents."""

from typing import Final

from django.db import models


class Role(models.TextChoices):
    """What a member may do. A membership can hold several."""

    OWNER = "owner", "Owner"  # people, keys, settings
    COMPLIANCE = "compliance", "Compliance"  # policies, audit, reports
    APPROVER = "approver", "Approver"  # may be given decisions
    AUDITOR = "auditor", "Auditor"  # reads everything, changes nothing


class MemberStatus(models.TextChoices):
    ACTIVE = "active", "Active"
    SUSPENDED = "suspended", "Suspended"
    LEFT = "left", "Left"


class AgentStatus(models.TextChoices):
    ACTIVE = "active", "Active"
    PAUSED = "paused", "Paused"
    RETIRED = "retired", "Retired"


class TrustTier(models.TextChoices):
    """How far an agent is trusted; usable in rules. Raised only by a person."""

    NEW = "new", "New"
    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"


class AbsenceSource(models.TextChoices):
    ENTERED = "entered", "Entered here"
    CALENDAR = "calendar", "From a calendar"


class AutonomyLevel(models.TextChoices):
    """How much of its own accord an agent may do, the least first."""

    RECOMMEND = "recommend", "Recommend only"
    ASK = "ask", "Ask always"
    POLICY = "policy", "By policy"
    ACT = "act", "Act"

    @property
    def meaning(self) -> str:
        """Return what the level does, for whoever chooses one."""
        return _MEANINGS[self]


_MEANINGS: Final = {
    AutonomyLevel.RECOMMEND: "nothing it asks for is done; it is kept for a person to see",
    AutonomyLevel.ASK: "a person approves every action, also where the rules would allow it",
    AutonomyLevel.POLICY: "the rules of the policy decide",
    AutonomyLevel.ACT: "it acts without asking where no rule of the policy says anything",
}


class LooseningStatus(models.TextChoices):
    """Where something stands that needs a second person."""

    ASKED = "asked", "Waits for a second person"
    CONFIRMED = "confirmed", "Confirmed"
    WITHDRAWN = "withdrawn", "Withdrawn"
