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


class KillScope(models.TextChoices):
    """What a kill switch stops."""

    TENANT = "tenant", "Everything"
    AGENT = "agent", "One agent"
    INTEGRATION = "integration", "One integration"
    CATEGORY = "category", "A category, or all below one"
    DELEGATION = "delegation", "A delegation, and everything under it"


class KillPending(models.TextChoices):
    """What becomes of the requests that wait for people when a switch is thrown."""

    HOLD = "hold", "Held: nobody can decide them until it is resumed"
    CANCEL = "cancel", "Cancelled, for good"


class IntegrationKind(models.TextChoices):
    """What an integration is. Only the last two have a secret in the vault."""

    HTTP = "http", "Another system"
    BANK = "bank", "Bank"
    CRM = "crm", "Customer register"
    MODEL = "model", "Model provider, with a key of our own"
    INJECTED = "injected", "Secret given out with a permission"

    @property
    def has_secret(self) -> bool:
        return self in (IntegrationKind.MODEL, IntegrationKind.INJECTED)


class IntegrationStatus(models.TextChoices):
    """How an integration stands; that it has expired follows from its date."""

    DRAFT = "draft", "Draft"
    ACTIVE = "active", "Active"
    SUSPENDED = "suspended", "Suspended"
    REVOKED = "revoked", "Revoked"  # for good


class TokenAuth(models.TextChoices):
    """How a client says to a token endpoint who it is (RFC 6749, section 2.3.1)."""

    BASIC = "basic", "In the header (HTTP Basic)"
    POST = "post", "In the body"


class UnusualUse(models.TextChoices):
    """In which way the use of an integration is unlike what it was before."""

    VOLUME = "volume", "Much more than usual"
    HOUR = "hour", "At an unusual hour"
    TARGET = "target", "Targets never seen before"
    FAILURE = "failure", "Many failures"


class BudgetScope(models.TextChoices):
    """Whom a budget is about."""

    TENANT = "tenant", "everything here"
    AGENT = "agent", "an agent"
    INTEGRATION = "integration", "an integration"
    CATEGORY = "category", "categories"
    RUN = "run", "a run"


class CostClass(models.TextChoices):
    """What an action of a kind may cost. The tenant says so of a category, not the agent."""

    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"


class Period(models.TextChoices):
    """For how long a limit holds before it begins anew, where the tenant is."""

    RUN = "run", "a run"
    HOUR = "hour", "an hour"
    DAY = "day", "a day"
    WEEK = "week", "a week"
    MONTH = "month", "a month"


class OnExceed(models.TextChoices):
    """What follows when a limit would be passed, the strictest last."""

    WARN = "warn", "say so, and go on"
    ASK = "ask", "ask a person"
    THROTTLE = "throttle", "refuse it until the next period"
    HALT = "halt", "refuse it, and stop everything once it is used up"


class ReservationState(models.TextChoices):
    OPEN = "open", "Held"
    SETTLED = "settled", "Settled"
    RELEASED = "released", "Given back"
    REAPED = "reaped", "Given back, as nothing was heard"


class SpendSource(models.TextChoices):
    """Who said that it was spent."""

    EXECUTION = "execution", "Report of an action"
    API = "api", "Booked by the agent"
    GATEWAY = "gateway", "Model gateway"


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
