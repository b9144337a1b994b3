"""What must hold of a request whatever was done, counted by brute force from the rows alone.

Nothing here uses what it checks: which votes count, who fills which seat and what may exist are
found anew.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from approvals.enums import ExecutionState, RequestStatus, StageStatus, TimerKind, TimerStatus
from approvals.enums import VoidedBecause as Voided
from approvals.models import (
    ActionRequest,
    BreakGlassReview,
    ExecutionGrant,
    RequirementStage,
    Timer,
    Vote,
)
from approvals.models.revision import RequestRevision
from audit.models import LedgerEvent

# What lives on after the decision: the review of an emergency, and asking how it went.
_AFTERWARDS = {TimerKind.REVIEW, TimerKind.RECONCILE}
_NO_END = {"action_request.submitted", "action_request.changed", "grant.redeemed"}
_UNDECIDED = {StageStatus.OPEN, StageStatus.WAITING}


@dataclass(frozen=True)
class Rows:
    """Everything about one request."""

    request: ActionRequest
    all_votes: list[Vote]
    all_stages: list[RequirementStage]
    timers: list[Timer]
    revisions: list[RequestRevision]
    reviews: list[BreakGlassReview]
    grants: list[ExecutionGrant]
    events: list[str]

    @property
    def votes(self) -> list[Vote]:
        """Those that count."""
        return [each for each in self.all_votes if each.voided_at is None]

    @property
    def stages(self) -> list[RequirementStage]:
        """Those of what is demanded now."""
        return [each for each in self.all_stages if each.requirement.replaced_at is None]


def check_all() -> None:
    """Check every request of the tenant that is bound. Eight statements."""
    votes = by_request(Vote.objects.select_related("member__user", "stands_for__user"))
    stages = by_request(RequirementStage.objects.select_related("requirement"))
    timers = by_request(Timer.objects.all())
    revisions = by_request(RequestRevision.objects.order_by("request_version"))
    reviews = by_request(BreakGlassReview.objects.all())
    grants = by_request(ExecutionGrant.objects.order_by("issued_at"))
    told = LedgerEvent.objects.filter(type__regex=r"^(action_request\.|grant\.redeemed$)")
    events = by_request(told.order_by("pk"))
    for request in ActionRequest.objects.all():
        here = request.pk
        check(
            Rows(
                request=request,
                all_votes=votes[here],
                all_stages=stages[here],
                timers=timers[here],
                revisions=revisions[here],
                reviews=reviews[here],
                grants=grants[here],
                events=[each.type for each in events[here]],
            )
        )


def by_request(rows: Iterable[Any]) -> defaultdict[Any, list[Any]]:
    found = defaultdict(list)
    for row in rows:
        found[row.request_id].append(row)
    return found


def check(rows: Rows) -> None:
    """Check one request."""
    check_versions(rows)
    check_words(rows.request, rows.votes)
    assert all(
        vote.cast_at < each.deadline_at for vote in rows.votes for each in opened(vote, rows.stages)
    )
    if rows.request.status == RequestStatus.PENDING:
        check_nothing_is_stuck(rows)
    else:
        check_end(rows)
    check_timers(rows)
    check_emergency(rows)
    check_permission(rows)


def check_versions(rows: Rows) -> None:
    """Votes are for what the action is now; those for what it was, and those taken back, fell."""
    request, revisions = rows.request, rows.revisions
    version = 1 + max(len(revisions) - 1, 0)
    assert len(revisions) != 1
    assert request.version == version + (request.status != RequestStatus.PENDING)
    if revisions:
        assert [each.request_version for each in revisions] == list(range(1, version + 1))
        latest = revisions[-1]
        assert (latest.payload, latest.payload_digest) == (request.payload, request.payload_digest)
    assert {(each.payload_digest, each.request_version) for each in rows.votes} <= {
        (request.payload_digest, version)
    }
    for vote in rows.all_votes:
        if vote.voided_at is not None:
            assert (vote.verdict, vote.is_break_glass) == ("approve", False)
            assert vote.voided_at >= vote.cast_at
            assert vote.request_version < version or vote.voided_because == Voided.WITHDRAWN
    replaced = {each.status for each in rows.all_stages if each not in rows.stages}
    assert not replaced & _UNDECIDED


def check_words(request: ActionRequest, votes: list[Vote]) -> None:
    """One person, one word; never the agent's side; a denial and a return end the request."""
    ordinary = [vote for vote in votes if not vote.is_break_glass]
    words = [vote.member_id for vote in ordinary]
    words += [vote.stands_for_id for vote in ordinary if vote.stands_for_id is not None]
    assert len(set(words)) == len(words)
    assert len({vote.member_id for vote in votes}) == len(votes)
    for vote in ordinary:
        mails = {vote.member.user.email}
        mails |= {vote.stands_for.user.email} if vote.stands_for else set()
        assert request.on_behalf_of not in mails
    verdicts = {vote.verdict for vote in votes}
    assert ("deny" in verdicts) == (request.status == RequestStatus.DENIED)
    assert ("return" in verdicts) == (request.status == RequestStatus.RETURNED)


def check_nothing_is_stuck(rows: Rows) -> None:
    """A requirement whose stages are filled this far has moved on."""
    for requirement in {each.requirement_id for each in rows.stages}:
        reached = [
            each
            for each in rows.stages
            if each.requirement_id == requirement and each.status != StageStatus.WAITING
        ]
        is_done = all(each.status == StageStatus.SATISFIED for each in reached)
        filled = is_filled(reached, rows.votes)
        # Adding people decides nothing: a vote cast before counts there with the next vote.
        assert filled == is_done or (filled and any(each.added for each in reached))


def check_end(rows: Rows) -> None:
    """It ended once; approved only by counted votes, and at the instant of one of them."""
    request = rows.request
    statuses = {each.status for each in rows.stages}
    assert not statuses & _UNDECIDED
    if request.status == RequestStatus.APPROVED:
        assert request.decided_at == max(vote.cast_at for vote in rows.votes)
        if not request.is_break_glass:
            assert statuses == {StageStatus.SATISFIED}
            assert is_filled(rows.stages, rows.votes)
    told = [each for each in rows.events if each not in _NO_END]
    assert told == [f"action_request.{request.status}"]


def check_timers(rows: Rows) -> None:
    """Each open stage has one expiry; what has ended has none; one expiry fires at most."""
    armed = [each for each in rows.timers if each.status == TimerStatus.ARMED]
    expected = {each.pk for each in rows.stages if each.status == StageStatus.OPEN}
    expiring = [each.stage_id for each in armed if each.kind == TimerKind.EXPIRE]
    assert (set(expiring), len(expiring)) == (expected, len(expected))
    about_stages = [each for each in armed if each.kind not in _AFTERWARDS]
    assert {each.stage_id for each in about_stages} <= expected
    assert {each.request_version for each in about_stages} <= {rows.request.version}
    fired = [
        each
        for each in rows.timers
        if each.kind == TimerKind.EXPIRE and each.status == TimerStatus.FIRED
    ]
    assert len(fired) == (rows.request.status == RequestStatus.EXPIRED)
    if fired:
        assert rows.request.decided_at is not None
        assert rows.request.decided_at >= fired[0].due_at
        assert fired[0].stage_id in {stage.pk for stage in rows.stages}


def check_emergency(rows: Rows) -> None:
    """An emergency makes one review due by somebody else; nothing asks for one that is done."""
    request = rows.request
    alone = [each for each in rows.all_votes if each.is_break_glass]
    assert len(rows.reviews) == len(alone) == request.is_break_glass
    asking = [each for each in rows.timers if each.kind == TimerKind.REVIEW]
    assert bool(asking) == request.is_break_glass
    for review, vote in zip(rows.reviews, alone, strict=True):
        assert (request.status, review.member_id) == (RequestStatus.APPROVED, vote.member_id)
        if review.reviewed_at is not None:
            assert review.reviewer_id != review.member_id
            assert TimerStatus.ARMED not in {each.status for each in asking}


def check_permission(rows: Rows) -> None:
    """One permission that works, for what was approved, after the undo window, used once."""
    request = rows.request
    used = [each for each in rows.grants if each.redeemed_at is not None]
    assert len(used) == rows.events.count("grant.redeemed") <= 1
    assert len([each for each in rows.grants if each.revoked_at is None]) <= 1
    held_back = 600 if request.obligations.get("delay") else 0
    for grant in rows.grants:
        assert (request.status, grant.payload_digest) == ("approved", request.payload_digest)
        assert request.decided_at is not None
        assert (grant.issued_at - request.decided_at).total_seconds() >= held_back
        if grant.redeemed_at is not None:
            assert grant.issued_at <= grant.redeemed_at < grant.expires_at
            assert grant.revoked_at is None
    assert (request.execution_state in _USED) == bool(used)
    if request.execution_state == ExecutionState.REVOKED:
        assert all(each.revoked_at is not None for each in rows.grants)


_USED = {
    ExecutionState.REDEEMED,
    ExecutionState.SUCCEEDED,
    ExecutionState.FAILED,
    ExecutionState.UNKNOWN,
}


def opened(vote: Vote, stages: list[RequirementStage]) -> Iterator[Any]:
    """The stages that were open when the vote was cast."""
    for stage in stages:
        until = stage.satisfied_at or vote.cast_at
        if stage.opened_at is not None and stage.opened_at <= vote.cast_at <= until:
            yield stage


Place = tuple[RequirementStage, dict[str, Any], int]


def is_filled(stages: list[RequirementStage], votes: list[Vote]) -> bool:
    """Whether the approvals fill all these stages, each person one seat in a requirement."""
    approvals = [vote for vote in votes if vote.verdict == "approve" and not vote.is_break_glass]
    places: dict[Any, list[Place]] = {}
    for stage in stages:
        for number, seat in enumerate(stage.seats):
            here = places.setdefault(stage.requirement_id, [])
            here += [(stage, seat, number)] * seat["count"]
    return bool(places) and all(can_seat(each, approvals, frozenset()) for each in places.values())


def can_seat(
    places: list[Place], approvals: list[Vote], taken: frozenset[tuple[Any, int, str]]
) -> bool:
    """Try every way of seating: small numbers only. `taken` are the groups that have answered."""
    if not places:
        return True
    (stage, seat, number), *others = places
    for vote in approvals:
        rest = [each for each in approvals if each is not vote]
        for group in ways(stage, seat, vote):
            mark = (stage.pk, number, group)
            if group and mark in taken:
                continue
            if can_seat(others, rest, taken | {mark} if group else taken):
                return True
    return False


def ways(stage: RequirementStage, seat: dict[str, Any], vote: Vote) -> list[str]:
    """For which groups a vote can sit here: [""] where that is no matter, [] when it does not."""
    keys = set(vote.right["keys"])
    left_out = {f"{each['kind']}:{each['ref']}" for each in seat.get("but", [])}
    if left_out & (keys | set(vote.right.get("voter_keys", []))):
        return []
    is_added = bool(keys & {f"{each['kind']}:{each['ref']}" for each in stage.added})
    if seat["kind"] == "groups":
        return [each for each in seat["ref"].split(",") if is_added or f"group:{each}" in keys]
    return [""] if is_added or f"{seat['kind']}:{seat['ref']}" in keys else []
