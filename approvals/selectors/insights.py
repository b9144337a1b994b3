"""How decisions are made here: how long they take, who carries them, and who only nods.

Five statements whatever the tenant holds, each over one period. Drills and canaries are no
actions and are left out, except where it says canaries. Medians and percentiles are PostgreSQL's
`percentile_cont`. Source: ux design page, 11.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import connection

from approvals.enums import RequestStatus
from govapp.common.tenancy import require_tenant_id

PERIODS: Final = {"7": 7, "30": 30, "90": 90}
FAST_SECONDS: Final = 3
# From how many votes on a habit is said to be one.
LEAST_FAST, LEAST_SAME = 10, 20
FAST_SHARE: Final = 0.2
MOST_ROWS: Final = 100

_DAYS: Final = """
SELECT (submitted_at AT TIME ZONE %(zone)s)::date, status, count(*)
FROM approvals_actionrequest
WHERE tenant_id = %(tenant)s AND submitted_at >= %(since)s AND submitted_at < %(until)s
  AND purpose = 'action'
GROUP BY 1, 2"""
_WHOLE: Final = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM decided_at - submitted_at)),
  percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM decided_at - submitted_at)),
  count(*),
  count(*) FILTER (WHERE EXISTS (SELECT FROM approvals_timer t
    WHERE t.tenant_id = r.tenant_id AND t.request_id = r.id
      AND t.kind = 'escalate' AND t.status = 'fired'))
FROM approvals_actionrequest r
WHERE r.tenant_id = %(tenant)s AND submitted_at >= %(since)s AND submitted_at < %(until)s
  AND purpose = 'action' AND status IN ('approved', 'denied', 'returned', 'expired')"""
_STAGES: Final = """
SELECT q.rule_id, s.name, count(*), count(s.satisfied_at),
  percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM s.satisfied_at - s.opened_at)),
  percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM s.satisfied_at - s.opened_at)),
  count(*) FILTER (WHERE EXISTS (SELECT FROM approvals_timer t
    WHERE t.tenant_id = s.tenant_id AND t.request_id = s.request_id AND t.stage_id = s.id
      AND t.kind = 'escalate' AND t.status = 'fired')),
  count(*) FILTER (WHERE r.status = 'expired' AND s.satisfied_at IS NULL
    AND q.replaced_at IS NULL)
FROM approvals_requirementstage s
JOIN approvals_requirement q ON q.tenant_id = s.tenant_id AND q.id = s.requirement_id
JOIN approvals_actionrequest r ON r.tenant_id = s.tenant_id AND r.id = s.request_id
WHERE s.tenant_id = %(tenant)s AND r.submitted_at >= %(since)s AND r.submitted_at < %(until)s
  AND r.purpose = 'action' AND s.opened_at IS NOT NULL
GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT %(most)s"""
_PEOPLE: Final = """
WITH asked AS (
  SELECT n.member_id, n.request_id, min(n.created_at) AS at
  FROM approvals_notification n
  JOIN approvals_actionrequest r ON r.tenant_id = n.tenant_id AND r.id = n.request_id
  WHERE n.tenant_id = %(tenant)s AND r.submitted_at >= %(since)s AND r.submitted_at < %(until)s
    AND n.kind IN ('requested', 'escalated') AND r.purpose = 'action'
  GROUP BY 1, 2),
voted AS (
  SELECT v.member_id, v.request_id, v.verdict, v.cast_at, v.seconds_viewed
  FROM approvals_vote v
  JOIN approvals_actionrequest r ON r.tenant_id = v.tenant_id AND r.id = v.request_id
  WHERE v.tenant_id = %(tenant)s AND r.submitted_at >= %(since)s AND r.submitted_at < %(until)s
    AND v.voided_at IS NULL AND r.purpose = 'action'),
people AS (SELECT member_id FROM asked UNION SELECT member_id FROM voted)
SELECT u.name, m.id, count(a.request_id), count(v.request_id),
  count(*) FILTER (WHERE v.verdict = 'approve'), count(*) FILTER (WHERE v.verdict = 'deny'),
  count(*) FILTER (WHERE v.verdict = 'return'),
  count(*) FILTER (WHERE v.seconds_viewed < %(fast)s),
  percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM v.cast_at - a.at))
FROM people p
JOIN tenants_membership m ON m.tenant_id = %(tenant)s AND m.id = p.member_id
JOIN tenants_user u ON u.id = m.user_id
LEFT JOIN asked a ON a.member_id = p.member_id
LEFT JOIN voted v ON v.member_id = p.member_id
  AND (a.request_id IS NULL OR v.request_id = a.request_id)
GROUP BY 1, 2 ORDER BY 4 DESC, 3 DESC, 1 LIMIT %(most)s"""
_AGENTS: Final = """
SELECT g.name, g.id, count(*), count(*) FILTER (WHERE r.status = 'denied'),
  count(*) FILTER (WHERE r.status = 'blocked'), count(*) FILTER (WHERE r.status = 'expired'),
  count(*) FILTER (WHERE r.status = 'allowed')
FROM approvals_actionrequest r
JOIN tenants_agent g ON g.tenant_id = r.tenant_id AND g.id = r.agent_id
WHERE r.tenant_id = %(tenant)s AND r.submitted_at >= %(since)s AND r.submitted_at < %(until)s
  AND r.purpose = 'action'
GROUP BY 1, 2
ORDER BY (count(*) FILTER (WHERE r.status IN ('denied', 'blocked')))::float / count(*) DESC, 1
LIMIT %(most)s"""
_CANARIES: Final = """
SELECT v.member_id, count(*), count(*) FILTER (WHERE v.verdict = 'approve')
FROM approvals_vote v
JOIN approvals_actionrequest r ON r.tenant_id = v.tenant_id AND r.id = v.request_id
WHERE v.tenant_id = %(tenant)s AND r.submitted_at >= %(since)s AND r.submitted_at < %(until)s
  AND r.purpose = 'canary' AND v.voided_at IS NULL
GROUP BY 1"""


@dataclass(frozen=True)
class Period:
    """From when to when, and in whose days it is counted."""

    since: datetime
    until: datetime
    zone: str


@dataclass(frozen=True)
class StageRow:
    """How one stage of one rule went. Times in seconds; None when none was satisfied."""

    rule: str
    name: str
    opened: int
    satisfied: int
    median: float | None
    slow: float | None  # the 95th percentile
    escalated: int
    expired: int


@dataclass(frozen=True)
class PersonRow:
    """What one person carried. `canaries` are (answered, approved), for compliance only."""

    name: str
    member_id: Any
    asked: int
    votes: int
    approved: int
    denied: int
    returned: int
    fast: int
    median: float | None
    canaries: tuple[int, int] = (0, 0)

    @property
    def signals(self) -> list[str]:
        """Why this looks like nodding through, in words; nothing when it does not."""
        found = []
        if self.votes >= LEAST_FAST and self.fast >= FAST_SHARE * self.votes:
            found.append(f"{self.fast} of {self.votes} decided within {FAST_SECONDS} seconds")
        for count, word in ((self.approved, "approved"), (self.denied, "denied")):
            if self.votes >= LEAST_SAME and count == self.votes:
                found.append(f"all {count} {word}")
        if self.canaries[1]:
            noun = "canary" if self.canaries[1] == 1 else "canaries"
            found.append(f"{self.canaries[1]} {noun} approved")
        return found


@dataclass(frozen=True)
class AgentRow:
    """What became of one agent's requests."""

    name: str
    agent_id: Any
    requests: int
    denied: int
    blocked: int
    expired: int
    allowed: int

    @property
    def refused(self) -> int:
        return self.denied + self.blocked


@dataclass(frozen=True)
class Insights:
    """Everything that the page shows of a period."""

    period: Period
    days: tuple[date, ...]
    by_day: dict[str, tuple[int, ...]]  # status → requests of each day
    median: float | None
    slow: float | None
    asked: int  # requests that people were asked about and that have ended
    escalated: int
    stages: tuple[StageRow, ...]
    people: tuple[PersonRow, ...]
    agents: tuple[AgentRow, ...]

    def count(self, *statuses: str) -> int:
        """Return how many requests of the period stand so now; all of them without a name."""
        named = statuses or tuple(self.by_day)
        return sum(sum(self.by_day.get(status, ())) for status in named)

    @property
    def suspicious(self) -> list[PersonRow]:
        return [person for person in self.people if person.signals]


def read_insights(period: Period, *, with_canaries: bool) -> Insights:
    """Return the insights of a period of the bound tenant. Five statements, six with canaries."""
    counted = _rows(_DAYS, period)
    days = _days_of(period)
    by_day = {
        status: tuple(
            next((n for day, kind, n in counted if (day, kind) == (each, status)), 0)
            for each in days
        )
        for status in RequestStatus.values
        if any(kind == status for _, kind, _ in counted)
    }
    ((median, slow, asked, escalated),) = _rows(_WHOLE, period)
    canaries = (
        {row[0]: (row[1], row[2]) for row in _rows(_CANARIES, period)} if with_canaries else {}
    )
    return Insights(
        period=period,
        days=days,
        by_day=by_day,
        median=median,
        slow=slow,
        asked=asked,
        escalated=escalated,
        stages=tuple(StageRow(*row) for row in _rows(_STAGES, period)),
        people=tuple(
            replace(PersonRow(*row), canaries=canaries.get(row[1], (0, 0)))
            for row in _rows(_PEOPLE, period)
        ),
        agents=tuple(AgentRow(*row) for row in _rows(_AGENTS, period)),
    )


def _days_of(period: Period) -> tuple[date, ...]:
    zone = ZoneInfo(period.zone)
    first, last = period.since.astimezone(zone).date(), period.until.astimezone(zone).date()
    return tuple(first + timedelta(days=n) for n in range((last - first).days + 1))


def _rows(query: str, period: Period) -> Sequence[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            query,
            {
                "tenant": require_tenant_id(),
                "since": period.since,
                "until": period.until,
                "zone": period.zone,
                "fast": FAST_SECONDS,
                "most": MOST_ROWS,
            },
        )
        return list(cursor.fetchall())
