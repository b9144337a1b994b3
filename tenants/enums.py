"""Roles, statuses and tiers of people and agents."""

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


class BudgetScope(models.TextChoices):
    """Whom a budget is about."""

    TENANT = "tenant", "everything here"
    AGENT = "agent", "an agent"
    INTEGRATION = "integration", "an integration"
    CATEGORY = "category", "categories"
    RUN = "run", "a run"


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
