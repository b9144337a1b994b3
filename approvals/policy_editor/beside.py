"""The right half: what the rules would have done lately, and what they leave open."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID

from approvals.models import ActionRequest
from approvals.policies import Policy
from approvals.policies.replay import Change
from approvals.policy_editor.faults import name_of
from approvals.policy_editor.pages import EditorPage
from approvals.policy_editor.state import key_of
from approvals.policy_editor.vocabulary import Vocabulary
from approvals.selectors.policy_lint import lint_policy
from approvals.selectors.simulation_words import Said, cautions, headline, sentences
from approvals.services.replay_quick import replay_quick
from govapp.common.errors import DomainError
from tenants.models import Membership

PERIODS: Final = (("30d", "30 days"), ("90d", "90 days"))
_LISTED: Final = 30
_SHOWN: Final = 5
_PEOPLE: Final = 8
_DAYS: Final = 45


@dataclass(frozen=True)
class ChangedRequest:
    """One request that would have been decided otherwise."""

    ident: str
    summary: str
    agent: str
    before: str
    after: str
    direction: str
    because: str
    is_impossible: bool


@dataclass(frozen=True)
class Burden:
    """What would be asked of one person, or of one seat, beside what was."""

    name: str
    before: int
    after: int
    most: int

    @property
    def difference(self) -> int:
        return self.after - self.before


@dataclass(frozen=True)
class DayChart:
    """Approvals asked for on each day: labels, and two series."""

    labels: tuple[str, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]

    @property
    def series(self) -> list[tuple[str, tuple[int, ...], str]]:
        return [("Was", self.before, "neutral"), ("Would be", self.after, "1")]


@dataclass(frozen=True)
class ReplayShown:
    """A quick replay in words and figures."""

    headline: str
    sentences: tuple[Said, ...]
    cautions: tuple[str, ...]
    changes: tuple[ChangedRequest, ...]
    more: int
    days: DayChart | None
    people: tuple[Burden, ...]
    impossible: int
    requests: int
    is_whole: bool
    effect: str

    @property
    def first(self) -> tuple[ChangedRequest, ...]:
        return self.changes[:_SHOWN]

    @property
    def rest(self) -> tuple[ChangedRequest, ...]:
        return self.changes[_SHOWN:]


@dataclass(frozen=True)
class LintShown:
    """One remark on the rules, and the part that it is about."""

    severity: str
    sentence: str
    key: str
    where: str


@dataclass(frozen=True)
class Beside:
    """Everything on the right."""

    period: str
    periods: tuple[tuple[str, str], ...] = PERIODS
    replay: ReplayShown | None = None
    refused: str = ""
    lints: tuple[LintShown, ...] = ()
    is_policy: bool = False


def period_named(text: str) -> str:
    """Return a period that is offered, 30 days for anything else."""
    return text if text in dict(PERIODS) else PERIODS[0][0]


def build_beside(
    page: EditorPage, period: str, vocabulary: Vocabulary, *, actor: Membership
) -> Beside:
    """Return the right half. Nothing when the document is not a policy yet."""
    if page.policy is None:
        return Beside(period)
    lints = tuple(_lints(page, page.policy))
    try:
        found = replay_quick(page.policy, period, actor=actor)
    except DomainError as error:
        return Beside(period, refused=error.detail, lints=lints, is_policy=True)
    replay = _shown(found.summary, found.changes, found.is_whole, vocabulary)
    return Beside(period, replay=replay, lints=lints, is_policy=True)


def _lints(page: EditorPage, policy: Policy) -> Iterator[LintShown]:
    for lint in lint_policy(policy):
        key = key_of(page.state, lint.pointer)
        sentence = f"{lint.sentence[:1].upper()}{lint.sentence[1:]}"
        yield LintShown(lint.severity, sentence, key, name_of(page.state, key))


def _shown(
    summary: Mapping[str, Any],
    changes: Sequence[Change],
    is_whole: bool,
    vocabulary: Vocabulary,
) -> ReplayShown:
    listed, said = _listed(changes[:_LISTED]), sentences(summary)
    return ReplayShown(
        headline=headline(summary),
        # without any change, the first sentence is the headline once more
        sentences=tuple(said)[0 if summary["changes"]["all"] else 1 :],
        cautions=tuple(cautions(summary)),
        changes=listed,
        more=summary["changes"]["all"] - len(listed),
        days=_days(summary["days"]),
        people=_people(summary["people"], dict(vocabulary.people)),
        impossible=summary["impossible"]["after"],
        requests=summary["requests"],
        is_whole=is_whole,
        effect=summary["effect"],
    )


def _listed(changes: Sequence[Change]) -> tuple[ChangedRequest, ...]:
    rows = ActionRequest.objects.filter(pk__in=[each.ident for each in changes])
    known = {each.pk: each for each in rows.select_related("agent").only("summary", "agent__name")}
    found = ((each, known.get(cast("UUID", each.ident))) for each in changes)
    return tuple(
        ChangedRequest(
            request.public_id,
            request.summary,
            request.agent.name,
            each.before,
            each.after,
            each.direction,
            each.because,
            each.is_impossible,
        )
        for each, request in found
        if request is not None
    )


def _days(days: Sequence[Mapping[str, Any]]) -> DayChart | None:
    last = days[-_DAYS:]
    if len(last) < 2:
        return None
    return DayChart(
        tuple(each["day"][5:] for each in last),
        tuple(each["before"] for each in last),
        tuple(each["after"] for each in last),
    )


def _people(found: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> tuple[Burden, ...]:
    rows = [
        (each["person"], each["requests"]["before"], each["requests"]["after"])
        for each in found[:_PEOPLE]
    ]
    most = max((max(before, after) for _, before, after in rows), default=0)
    return tuple(
        Burden(names.get(person, person), before, after, most) for person, before, after in rows
    )
