"""What each agent asked for, was permitted and did."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.utils.safestring import mark_safe

from audit.reports.figures import Exceptional
from audit.reports.interventions import INTERVENTIONS, NAMED, QUERY
from audit.reports.kind import Keep, Kind, Needs, Source
from audit.reports.matching import Counting, Tally, Where, of
from audit.reports.oversight import OUTCOMES
from audit.reports.reading import Read, name_of, read_period, text_of
from audit.reports.tables import Column, Table, listing_of
from govapp.common.charts import Series, bar_svg

_NUMBERS: Final = (
    "Requests", "Approved", "Allowed", "Denied", "Blocked", "Expired", "Permissions", "Used",
    "Done", "Failed",
)  # fmt: skip
_COUNTED: Final = {
    "grant.issued": "Permissions",
    "grant.redeemed": "Used",
    "action_request.submitted": "Requests",
}
_MOST_IN_CHART: Final = 12
_ACTING: Final = ("action_request.", "grant.", "execution.")
_HELD: Final = "an agent was stopped, held back, or let go on, or a drill tried whether it would be"


@dataclass(slots=True)
class _Agent:
    name: str
    counts: Counter[str] = field(default_factory=Counter)
    categories: Counter[str] = field(default_factory=Counter)


def _agent_of(read: Read, asked: dict[Any, str]) -> str:
    """Return whose event it is: of the agent that asked, by the name that it had then."""
    if read.request_id in asked:
        return asked[read.request_id]
    told = read.data.get("agent")
    actor = read.row.body.get("actor") or {}
    # Submitted before the period: the event names the agent, or has only its id.
    by_actor = name_of(read.row, "actor") if actor.get("kind") == "agent" else ""
    name = text_of(told) if isinstance(told, Mapping) else by_actor or text_of(told)
    if name and read.request_id:
        asked[read.request_id] = name
    return name


def gather(source: Source, keep: Keep) -> Mapping[str, Any]:
    """Read the period once; an event counts for the agent that asked."""
    agents: dict[str, _Agent] = {}
    asked: dict[Any, str] = {}
    failed = Where("outcome", "!=", "succeeded")
    done = Where("outcome", "=", "succeeded")
    counting = Counting(
        [
            Tally("Requests submitted", of("action_request.submitted")),
            Tally("Approved by people", of("action_request.approved")),
            Tally("Allowed by rule", of("action_request.allowed")),
            Tally("Denied by people", of("action_request.denied")),
            Tally("Permissions issued", of("grant.issued")),
            Tally("Permissions used", of("grant.redeemed")),
            Tally("Executions that succeeded", of("execution.reported", where=(done,))),
            Tally("Executions that failed", of("execution.reported", where=(failed,)),
                  "what was permitted did not end well"),
            Tally("Outcomes not reported in time", of("execution.overdue"),
                  "a permission was used and nobody said what came of it"),
            Tally("Blocked by rule", of("action_request.blocked"), "refused without a person"),
            Tally("Permissions refused or forged", of("grant.redeem_refused", "grant.forged"),
                  "presented twice, late, changed, or never issued"),
            Tally("Permissions revoked", of("grant.revoked"), "taken back before they were used"),
            Tally("Changes to agents", of("agent."),
                  "registered, changed, paused, resumed or retired", most=60),
            *(Tally(name, match, _HELD, most=60) for name, match in NAMED),
        ]
    )  # fmt: skip
    held = 0
    for read in read_period(
        source, keep, heads=(*_ACTING, "agent.", "kill_switch.", "delegation.", "budget.", "model.")
    ):
        counting.take(read)
        held += any(match.holds(read) for match in INTERVENTIONS)
        # Of the other types some name an agent by its id alone, which is no name to count under.
        if read.type.startswith(_ACTING) and (name := _agent_of(read, asked)):
            _count(agents.setdefault(name, _Agent(name)), read)
    rows = sorted(agents.values(), key=lambda row: (-row.counts["Requests"], row.name))
    by_name = {tally.name: tally for tally in counting.tallies}
    return {
        "headline": [
            {"label": "Agents that acted", "value": f"{len(rows):,}"},
            *(
                {"label": words, "value": f"{by_name[name].count:,}"}
                for words, name in (
                    ("Requests", "Requests submitted"), ("Permissions used", "Permissions used"),
                    ("Failed executions", "Executions that failed"),
                )
            ),
        ],
        "figures": [tally.figure for tally in counting.tallies],
        "charts": [_chart(rows)] if rows else [],
        "tables": _tables(rows, by_name["Requests submitted"].count),
        "listings": [
            *(
                listing_of(by_name[name].exceptional)
                for name in (
                    "Executions that failed", "Outcomes not reported in time", "Blocked by rule",
                    "Permissions refused or forged", "Permissions revoked", "Changes to agents",
                )
            ),
            listing_of(_held(held, (by_name[name] for name, _ in NAMED))),
        ],
    }  # fmt: skip


def _held(count: int, tallies: Iterable[Tally]) -> Exceptional:
    """Return the first of each figure as one list, oldest first; one event may be in several."""
    found = {line.event: line for tally in tallies for line in tally.lines or ()}
    lines = sorted(found.values(), key=lambda line: (line.at, line.event))
    return Exceptional("Stopped, held back, let go on", _HELD, QUERY, count, lines)


def _count(agent: _Agent, read: Read) -> None:
    if read.type in _COUNTED:
        agent.counts[_COUNTED[read.type]] += 1
    if read.type == "action_request.submitted":
        agent.categories[text_of(read.data.get("category")) or "not named"] += 1
    if outcome := OUTCOMES.get(read.type):
        agent.counts[outcome.capitalize()] += 1
    if read.type == "execution.reported":
        agent.counts["Done" if read.data.get("outcome") == "succeeded" else "Failed"] += 1


def _tables(rows: list[_Agent], submitted: int) -> list[Table]:
    return [
        Table(
            "Agents", "type begins action_request., grant. or execution., by agent",
            sum(sum(row.counts.values()) for row in rows),
            [Column("Agent"), *(Column(name, "num") for name in _NUMBERS)],
            [(row.name, *(row.counts[name] for name in _NUMBERS)) for row in rows],
            "No agent acted in the period.",
        ),
        Table(
            "What each asked for", "type = action_request.submitted, by agent and data.category",
            submitted,
            [Column("Agent"), Column("Category"), Column("Requests", "num")],
            [
                (row.name, category, count)
                for row in rows
                for category, count in sorted(
                    row.categories.items(), key=lambda item: (-item[1], item[0])
                )
            ],
            "No agent asked for anything in the period.",
        ),
    ]  # fmt: skip


def _chart(rows: list[_Agent]) -> dict[str, object]:
    shown = rows[:_MOST_IN_CHART]
    svg = bar_svg(
        title="Requests by agent",
        labels=[row.name[:14] for row in shown],
        series=[Series("requests", tuple(row.counts["Requests"] for row in shown), "1")],
        unit="requests",
        width=660,
    )
    return {"title": "Requests by agent", "svg": mark_safe(svg)}  # noqa: S308 - charts.py escapes


KIND: Final = Kind(
    slug="agent-activity",
    title="Agent activity",
    purpose="What each agent asked for, was permitted and did, and what went wrong.",
    needs=Needs.PERIOD,
    gather=gather,
    template="audit/reports/tables.html",
)
