"""Who answered a drill or a canary, and how fast."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Final
from uuid import UUID

from approvals.enums import Purpose, RequestStatus, Verdict
from approvals.models import CanaryPlan, Exercise, Vote
from govapp.common.errors import NotFound
from govapp.common.formats import span_two
from govapp.common.ids import InvalidId, parse_public_id

MOST_SHOWN: Final = 100
_STATUSES: Final = {
    Verdict.APPROVE.value: "approved",
    Verdict.DENY.value: "denied",
    Verdict.RETURN.value: "returned",
}


@dataclass(frozen=True)
class Answer:
    """What one person did. `verdict` is empty for whoever did not answer (yet)."""

    name: str
    verdict: str
    after: timedelta | None
    seconds_viewed: int | None
    was_asked: bool

    @property
    def took(self) -> str:
        """How long after it was sent, in words."""
        return span_two(self.after) if self.after is not None else ""

    @property
    def status(self) -> str:
        """The verdict as pages show statuses."""
        return _STATUSES.get(self.verdict, "")


@dataclass(frozen=True)
class Report:
    """One exercise with everybody's answers, the quickest first, then who did not answer."""

    exercise: Exercise
    answers: tuple[Answer, ...]

    @property
    def answered(self) -> list[Answer]:
        return [each for each in self.answers if each.verdict]

    @property
    def silent(self) -> list[Answer]:
        return [each for each in self.answers if not each.verdict]

    @property
    def median(self) -> timedelta | None:
        """How long people took, the middle one."""
        took = [each.after.total_seconds() for each in self.answered if each.after is not None]
        return timedelta(seconds=median(took)) if took else None

    @property
    def median_words(self) -> str:
        """The same in words."""
        return span_two(self.median) if self.median is not None else "nobody"

    @property
    def approved_by(self) -> list[str]:
        """Who approved: of a canary, whoever did not look."""
        return [each.name for each in self.answered if each.verdict == Verdict.APPROVE]

    @property
    def is_over(self) -> bool:
        return RequestStatus(self.exercise.request.status).is_final


def list_exercises(kind: Purpose) -> list[Report]:
    """Return the exercises of a kind, newest first. Two statements."""
    rows = list(
        Exercise.objects.filter(kind=kind)
        .select_related("request__category", "plan", "started_by__user")
        .order_by("-started_at", "-pk")[:MOST_SHOWN]
    )
    return _reports(rows)


def find_exercise(public_id: str, *, with_canaries: bool) -> Report:
    """Return one exercise. Raises `NotFound`, also for a canary to whoever may not know of it."""
    try:
        ident = parse_public_id("exr", public_id)
    except InvalidId as error:
        raise NotFound(str(error)) from None
    found = (
        Exercise.objects.filter(pk=ident)
        .select_related("request__category", "plan", "started_by__user")
        .first()
    )
    if found is None or (found.kind == Purpose.CANARY and not with_canaries):
        raise NotFound("There is no such exercise here.")
    return _reports([found])[0]


def list_canary_plans() -> list[CanaryPlan]:
    """Return the planned canaries by name. One statement."""
    return list(CanaryPlan.objects.select_related("category", "agent").order_by("name"))


def _reports(rows: Sequence[Exercise]) -> list[Report]:
    votes: dict[UUID, list[Vote]] = {row.request_id: [] for row in rows}
    found = Vote.objects.filter(request__in=list(votes), voided_at=None).select_related(
        "member__user"
    )
    for vote in found.order_by("cast_at"):
        votes[vote.request_id].append(vote)
    return [_report(row, votes[row.request_id]) for row in rows]


def _report(exercise: Exercise, votes: Sequence[Vote]) -> Report:
    asked = {str(each["member"]): str(each["name"]) for each in exercise.asked}
    answers = [
        Answer(
            vote.member.user.name,
            vote.verdict,
            vote.cast_at - exercise.started_at,
            vote.seconds_viewed,
            vote.member.public_id in asked,
        )
        for vote in votes
    ]
    answered = {vote.member.public_id for vote in votes}
    silent = [
        Answer(name, "", None, None, was_asked=True)
        for ident, name in sorted(asked.items(), key=lambda each: each[1])
        if ident not in answered
    ]
    return Report(exercise, (*answers, *silent))
