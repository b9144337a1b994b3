"""The oversight report: what was asked, who decided, and what was out of the ordinary.

Gathered in one pass over the ledger's events of the period, and from nothing else. Only events
that stand in the tree up to the named size count, so the same size gives the same report.
Source: design page audit.md, "Report"; EU AI Act Art. 14 and 26.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from audit.models import LedgerEvent
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
from audit.selectors.disclosures import in_batches
from audit.selectors.events import EventRow, as_row, as_rows
from govapp.common.zones import time_zones

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
    "agent.", "category.", "credential.", "group.", "member.", "policy.", "tenant.",
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
    ("glass", "Break-glass", "approvals past the ordinary rules", "type begins break_glass."),
)  # fmt: skip


def select_period(start: datetime, end: datetime, size: int) -> Any:
    """Return the events of a period that stand in the tree of `size` leaves, oldest first."""
    rows = LedgerEvent.objects.filter(
        occurred_at__gte=start, occurred_at__lt=end, leaf_rows__index__lt=size
    )
    return rows.order_by("occurred_at", "id")


def gather(report: Oversight) -> Iterator[bytes]:
    """Fill the report; yield each event's line on the way, for the attachment."""
    for key, title, meaning, query in _EXCEPTIONS:
        report.exceptions[key] = Exceptional(title, meaning, query)
    rows = select_period(report.start, report.end, report.size)
    found = rows.values_list("request_id", "id", "occurred_at", "body").iterator(chunk_size=1000)
    for batch in in_batches(found):
        events = as_rows(columns for _, *columns in batch)
        for (request_id, *_), event in zip(batch, events, strict=True):
            _count(report, event, request_id)
            yield event.canonical + b"\n"


def _count(report: Oversight, event: EventRow, request_id: Any) -> None:
    kind = str(event.body.get("type", ""))
    report.events += 1
    report.types[kind] += 1
    data = event.body.get("data")
    data = data if isinstance(data, Mapping) else {}
    line = Line(event.occurred_at, event.summary, event.public_id)
    if request_id is not None:
        case = report.cases.get(request_id)
        if case is None:
            case = report.cases[request_id] = Case(request=str(event.body.get("request", "")))
        _follow(report, case, event, kind, data)
    if kind == "vote.cast":
        _vote(report, event, data, line)
    _except(report, kind, data, line)
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
        case.agent = _name(event, "actor")
        case.category = _text(data.get("category"))
        case.risk = _text(data.get("risk"))
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
        day = event.occurred_at.astimezone(ZoneInfo(report.zone)).date()
        report.days.setdefault(day, Counter())[outcome] += 1
        if case.agent:
            report.agents[case.agent].outcomes[outcome] += 1
            report.categories[case.category or "not named"][outcome] += 1


def _recall(report: Oversight, case: Case, data: Mapping[str, Any]) -> None:
    """Take what the deciding event repeats of a submission from before the period."""
    if case.submitted_at is not None:
        return
    told = _text(data.get("submitted_at"))
    case.submitted_at = datetime.fromisoformat(told) if told else None
    case.agent, case.category = _text(data.get("agent")), _text(data.get("category"))
    if case.agent:
        report.agents.setdefault(case.agent, AgentRow(case.agent))
    report.categories.setdefault(case.category or "not named", Counter())


def _vote(report: Oversight, event: EventRow, data: Mapping[str, Any], line: Line) -> None:
    key = str((event.body.get("actor") or {}).get("id", ""))
    person = report.people.setdefault(key, PersonRow(_name(event, "actor")))
    verdict = _text(data.get("verdict"))
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


def _except(report: Oversight, kind: str, data: Mapping[str, Any], line: Line) -> None:
    key = _BY_TYPE.get(kind)
    if kind == "execution.reported" and _text(data.get("outcome")) != "succeeded":
        key = "failed"
    if kind.startswith("break_glass."):
        key = "glass"
    if key is not None:
        report.exceptions[key].add(line)


def published_rules(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the sentences of a published policy; none when the event had no room for them."""
    sentences = data.get("sentences")
    return tuple(map(str, sentences)) if isinstance(sentences, list) else ()


def policy_live_before(start: datetime, size: int) -> EventRow | None:
    """Return the last publication before the period, if there was one."""
    return _last("policy.published", start, size)


def retention_at(end: datetime, size: int) -> str:
    """Return the sentence that last said, before the period's end, how long records are kept."""
    last = _last("tenant.retention_set", end, size)
    return last.summary if last else ""


def _last(kind: str, before: datetime, size: int) -> EventRow | None:
    row = (
        LedgerEvent.objects.filter(type=kind, occurred_at__lt=before, leaf_rows__index__lt=size)
        .order_by("-occurred_at", "-id")
        .values_list("id", "occurred_at", "body")
        .first()
    )
    return as_row(*row) if row else None


def tenant_facts(size: int) -> tuple[str, str]:
    """Return the tenant's name and time zone as the record knows them ("" and UTC otherwise)."""
    rows = (
        LedgerEvent.objects.filter(subject_type="tenant", leaf_rows__index__lt=size)
        .order_by("-occurred_at", "-id")
        .values_list("id", "occurred_at", "body")[:20]
    )
    events = [row.body for row in as_rows(rows)]
    names = [_text((event.get("subject") or {}).get("label")) for event in events]
    zones = [_text((event.get("data") or {}).get("time_zone")) for event in events]
    zone = next((zone for zone in zones if zone in time_zones()), "UTC")
    return next((name for name in names if name), ""), zone


def _name(event: EventRow, party: str) -> str:
    return str((event.body.get(party) or {}).get("name", "")) or "not named"


def _text(value: Any) -> str:
    """A name in an event: plain, or the name or key of an object."""
    if isinstance(value, Mapping):
        return str(value.get("name") or value.get("key") or value.get("id") or "")
    return "" if value is None else str(value)
