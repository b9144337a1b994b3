"""The oversight report: what was asked, who decided, and what was out of the ordinary.

Gathered in one pass over the ledger's events of the period, and from nothing else. Only events
that stand in the tree up to the named size count, so the same size gives the same report.
Source: design page audit.md, "Report"; EU AI Act Art. 14 and 26.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from audit.reports.figures import (
    RUBBER_STAMP_SECONDS,
    SAMPLES,
    AgentRow,
    Case,
    Exceptional,
    Line,
    Oversight,
    PersonRow,
)
from audit.reports.interventions import STOPS, STOPS_QUERY
from audit.reports.kind import Keep
from audit.reports.reading import Read, last_before, name_of, read_period, text_of
from audit.selectors.events import EventRow

OUTCOMES: Final = {
    "action_request.allowed": "allowed",
    "action_request.approved": "approved",
    "action_request.denied": "denied",
    "action_request.blocked": "blocked",
    "action_request.returned": "returned",
    "action_request.expired": "expired",
    "action_request.cancelled": "cancelled",
}
_CONFIGURATION: Final = (
    "agent.", "category.", "credential.", "group.", "guardrails.", "member.", "policy.", "tenant.",
)  # fmt: skip
_EXCEPTIONS: Final = (
    ("fast", "Decided in under 3 seconds", "votes cast before the page can have been read",
     "type = vote.cast and data.seconds_viewed < 3"),
    ("expired", "Expired", "nobody decided in time; these were never approved",
     "type = action_request.expired"),
    ("escalated", "Escalated", "more people were asked because those asked first did not answer",
     "type = timer.escalated"),
    ("denied", "Denied", "refused by a person", "type = action_request.denied"),
    ("blocked", "Blocked", "refused by rule", "type = action_request.blocked"),
    ("refused", "Votes refused", "somebody tried to vote without the right to",
     "type = vote.refused"),
    ("grants", "Permissions refused", "a permission was presented twice, late or for another use",
     "type = grant.redeem_refused"),
    ("failed", "Executions that failed or stayed silent", "what was approved did not end well",
     "type = execution.overdue, or execution.reported with data.outcome other than succeeded"),
    ("logins", "Failed sign-ins", "wrong password or code", "type = session.login_failed"),
    ("stopped", "Agents stopped or held back",
     "stopped, paused, trusted less, cut off, out of budget, or refused by a guardrail",
     STOPS_QUERY),
    ("glass", "Break-glass", "approvals past the ordinary rules", "type begins break_glass."),
)  # fmt: skip


def gather(report: Oversight, keep: Keep) -> None:
    """Fill the report in one pass over the period's events."""
    source = report.source
    for key, title, meaning, query in _EXCEPTIONS:
        report.exceptions[key] = Exceptional(title, meaning, query)
    before = last_before("policy.published", source)
    if before is not None:
        report.live_before = before.summary
        report.rules = published_rules(before.body.get("data") or {})
        report.rules_event = before.public_id
    kept = last_before("tenant.retention_set", source, end=True)
    report.kept = kept.summary if kept else ""
    for read in read_period(source, keep):
        _count(report, read)


def _count(report: Oversight, read: Read) -> None:
    event, kind, data, request_id = read
    report.types[kind] += 1
    line = Line(event.occurred_at, event.summary, event.public_id)
    if request_id is not None:
        case = report.cases.get(request_id)
        if case is None:
            case = report.cases[request_id] = Case(request=str(event.body.get("request", "")))
        _follow(report, case, event, kind, data)
    if kind == "vote.cast":
        _vote(report, event, data, line)
    _except(report, read, line)
    if kind == "policy.published":
        report.policies.append(line)
        report.rules, report.rules_event = published_rules(data), event.public_id
    if kind.startswith(_CONFIGURATION):
        report.changes_count += 1
        if len(report.changes) < SAMPLES:
            report.changes.append(line)


def _follow(
    report: Oversight, case: Case, event: EventRow, kind: str, data: Mapping[str, Any]
) -> None:
    """Follow one request from its submission to its end."""
    if kind == "action_request.submitted":
        case.submitted_at = event.occurred_at
        case.label = str((event.body.get("subject") or {}).get("label", ""))
        case.agent = name_of(event, "actor")
        case.category = text_of(data.get("category"))
        case.risk = text_of(data.get("risk"))
        report.agents.setdefault(case.agent, AgentRow(case.agent)).submitted += 1
        report.categories.setdefault(case.category or "not named", Counter())["submitted"] += 1
    elif kind == "timer.escalated":
        case.escalated = True
    elif kind == "vote.cast":
        case.votes += 1
    elif kind in OUTCOMES:
        outcome = OUTCOMES[kind]
        _recall(report, case, data)
        case.decided_at, case.outcome, case.event = event.occurred_at, outcome, event.public_id
        day = event.occurred_at.astimezone(ZoneInfo(report.source.zone)).date()
        report.days.setdefault(day, Counter())[outcome] += 1
        if case.agent:
            report.agents[case.agent].outcomes[outcome] += 1
            report.categories[case.category or "not named"][outcome] += 1


def _recall(report: Oversight, case: Case, data: Mapping[str, Any]) -> None:
    """Take what the deciding event repeats of a submission from before the period."""
    if case.submitted_at is not None:
        return
    told = text_of(data.get("submitted_at"))
    case.submitted_at = datetime.fromisoformat(told) if told else None
    case.agent, case.category = text_of(data.get("agent")), text_of(data.get("category"))
    if case.agent:
        report.agents.setdefault(case.agent, AgentRow(case.agent))
    report.categories.setdefault(case.category or "not named", Counter())


def _vote(report: Oversight, event: EventRow, data: Mapping[str, Any], line: Line) -> None:
    key = str((event.body.get("actor") or {}).get("id", ""))
    person = report.people.setdefault(key, PersonRow(name_of(event, "actor")))
    verdict = text_of(data.get("verdict"))
    if verdict in {"approve", "approved"}:
        person.approved += 1
    elif verdict in {"deny", "denied"}:
        person.denied += 1
    else:
        person.returned += 1
    viewed = data.get("seconds_viewed")
    if isinstance(viewed, int) and viewed < RUBBER_STAMP_SECONDS:
        person.fast += 1
        report.exceptions["fast"].add(line)


_BY_TYPE: Final = {
    "action_request.expired": "expired",
    "timer.escalated": "escalated",
    "action_request.denied": "denied",
    "action_request.blocked": "blocked",
    "vote.refused": "refused",
    "grant.redeem_refused": "grants",
    "execution.overdue": "failed",
    "session.login_failed": "logins",
}


def _except(report: Oversight, read: Read, line: Line) -> None:
    kind, data = read.type, read.data
    key = _BY_TYPE.get(kind)
    if kind == "execution.reported" and text_of(data.get("outcome")) != "succeeded":
        key = "failed"
    if kind.startswith("break_glass."):
        key = "glass"
    if key is not None:
        report.exceptions[key].add(line)
    if any(match.holds(read) for match in STOPS):
        report.exceptions["stopped"].add(line)


def published_rules(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the sentences of a published policy; none when the event had no room for them."""
    sentences = data.get("sentences")
    return tuple(map(str, sentences)) if isinstance(sentences, list) else ()
