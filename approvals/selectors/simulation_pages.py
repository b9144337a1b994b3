"""What the pages of a replay show: charts, loads with names, and the box on other pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from approvals.enums import SimulationStatus
from approvals.models import PolicyDraft, PolicySimulation, PolicyVersion
from approvals.selectors.replaying import PERIOD_WORDS
from approvals.selectors.simulation_words import Said, cautions, headline, sentences
from approvals.selectors.simulations import percent_done, period_words, simulations_of
from govapp.common.charts import number
from tenants.enums import Role
from tenants.models import ApproverGroup, Membership
from tenants.rules import may_edit_policy

_MOST_DAYS: Final = 92
_OUTCOMES: Final = (
    ("allow", "Allowed", "ok"),
    ("require_approval", "Needs approval", "1"),
    ("deny", "Blocked", "bad"),
)


@dataclass(frozen=True)
class LoadRow:
    """What is asked of a group, role or person, before and after."""

    name: str
    kind: str
    requests_before: int
    requests_after: int
    votes_before: str
    votes_after: str


@dataclass(frozen=True)
class Chart:
    """Approvals by day, or by week when there are many days."""

    over: str
    labels: list[str]
    series: list[tuple[str, list[int], str]]


@dataclass(frozen=True)
class SimulationLine:
    """A replay in a list."""

    simulation: PolicySimulation
    title: str
    words: str
    percent: int
    is_under_way: bool


@dataclass(frozen=True)
class SimulationBox:
    """The box "What would it have done?" on the page of a draft or a version.

    Include `approvals/policy/parts/simulation_box.html` with this as `box`.
    """

    lines: list[SimulationLine]
    may_start: bool
    kind: str  # "draft" or "version": the name of the hidden field
    ident: str
    periods: list[tuple[str, str]]


def simulation_box(
    member: Membership, *, draft: PolicyDraft | None = None, version: PolicyVersion | None = None
) -> SimulationBox:
    """Return the box for a draft or a version. One statement."""
    subject = draft or version
    if subject is None:
        raise ValueError("A box is for a draft or a version.")
    return SimulationBox(
        [line_of(each) for each in simulations_of(draft=draft, version=version)],
        may_edit_policy(member),
        "draft" if draft else "version",
        subject.public_id,
        [(name, f"{words[:1].upper()}{words[1:]}") for name, words in PERIOD_WORDS.items()],
    )


def line_of(simulation: PolicySimulation) -> SimulationLine:
    """Return a replay as one line of a list. No statement."""
    is_done = simulation.status == SimulationStatus.DONE
    return SimulationLine(
        simulation,
        f"{period_words(simulation)[:1].upper()}{period_words(simulation)[1:]}",
        headline(simulation.summary) if is_done else progress_words(simulation),
        percent_done(simulation),
        is_under_way(simulation),
    )


def is_under_way(simulation: PolicySimulation) -> bool:
    """Whether it waits or runs."""
    return simulation.status in (SimulationStatus.QUEUED, SimulationStatus.RUNNING)


def progress_words(simulation: PolicySimulation) -> str:
    """Return how far it is, or how it ended, in words."""
    if simulation.status == SimulationStatus.FAILED:
        return simulation.error
    if simulation.status == SimulationStatus.QUEUED:
        return "Waiting for its turn"
    of = f" of {number(simulation.total)}" if simulation.total is not None else ""
    said = f"{number(simulation.replayed)}{of} requests"
    return f"Stopped after {said}" if simulation.status == SimulationStatus.CANCELLED else said


def result_context(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `parts/simulation_result.html` shows of figures. Two statements."""
    names = _names(summary)
    return {
        "said": sentences(summary) or [Said(headline(summary))],
        "cautions": cautions(summary),
        "outcomes_before": _shares(summary["before"]),
        "outcomes_after": _shares(summary["after"]),
        "chart": approvals_chart(summary["days"]),
        "seats": [_load(each, each["seat"], names) for each in summary["seats"]],
        "people": [_load(each, f"person:{each['person']}", names) for each in summary["people"]],
        "categories": [
            each
            for each in summary["categories"]
            if each["looser"] or each["stricter"] or each["other"]
        ][:20],
    }


def approvals_chart(days: Sequence[Mapping[str, Any]]) -> Chart | None:
    """Return approvals by day with the days without any, by week beyond three months.

    A single day is no line: None.
    """
    if len(days) < 2:
        return None
    counts = {date.fromisoformat(each["day"]): (each["before"], each["after"]) for each in days}
    first, last = min(counts), max(counts)
    is_weekly = (last - first).days >= _MOST_DAYS
    found: dict[date, list[int]] = {}
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        key = day - timedelta(days=day.weekday()) if is_weekly else day
        before, after = counts.get(day, (0, 0))
        row = found.setdefault(key, [0, 0])
        row[0] += before
        row[1] += after
    return Chart(
        "Week of" if is_weekly else "Day",
        [f"{day.day} {day:%b}" for day in found],
        [
            ("As it was", [row[0] for row in found.values()], "neutral"),
            ("Under these rules", [row[1] for row in found.values()], "1"),
        ],
    )


def _shares(outcomes: Mapping[str, int]) -> list[tuple[str, int, str]]:
    return [(word, outcomes[key], tone) for key, word, tone in _OUTCOMES]


def _names(summary: Mapping[str, Any]) -> dict[str, str]:
    names = {f"role:{role.value}": role.label for role in Role}
    for slug, name in ApproverGroup.objects.values_list("slug", "name"):
        names[f"group:{slug}"] = name
    emails = [each["person"] for each in summary["people"]]
    members = Membership.objects.filter(user__email__in=emails).select_related("user")
    for member in members:
        names[f"person:{member.user.email.lower()}"] = member.user.name or member.user.email
    return names


def _load(row: Mapping[str, Any], key: str, names: Mapping[str, str]) -> LoadRow:
    kind, _, ref = key.partition(":")
    requests, votes = row["requests"], row["votes"]
    return LoadRow(
        names.get(key, ref),
        kind,
        requests["before"],
        requests["after"],
        str(votes["before"]),
        str(votes["after"]),
    )
