"""Some weeks of the demo tenant, played through the real services with the database's clock moved.

Nothing is written past the services: what the history shows is what the product does.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from random import Random
from typing import Final
from uuid import UUID

from approvals.demo.changes import plan_changes
from approvals.demo.company import DemoCompany
from approvals.demo.episodes import plan_episodes
from approvals.demo.hard_cases import plan_hard_cases
from approvals.demo.kinds import LABELS, ONE_OF_EACH, discuss
from approvals.demo.stories import Story, tell_story
from approvals.enums import RequestStatus, StageStatus, Verdict
from approvals.models import ActionRequest, RequirementStage
from approvals.selectors.approvers import stage_candidates
from approvals.services import exercises
from approvals.services.delivery import deliver_due
from approvals.services.execution import issue_grant, redeem_grant, report_execution
from approvals.services.submission import submit_action
from approvals.services.timers import sweep
from approvals.services.votes import cast_vote
from govapp.common import clock
from govapp.common.clock import shift_clock
from govapp.common.errors import DomainError
from govapp.common.tenancy import tenant_transaction

WORKDAY_HOURS: Final = range(7, 16)  # UTC; the bank's office hours
TICK: Final = timedelta(minutes=30)
REASONS: Final = {
    Verdict.APPROVE: ["", "", "Matches the order.", "Checked with the department."],
    Verdict.DENY: [
        "The payee's account differs from the one on the invoice.",
        "Not covered by the budget of this quarter.",
        "Wait for the release window on Thursday.",
    ],
    Verdict.RETURN: ["Please attach the purchase order.", "Please send it to one customer first."],
}


@dataclass
class Player:
    """A discrete-event clock: what happens when, in order of time."""

    company: DemoCompany
    random: Random
    real_now: datetime
    report: Callable[[str], None]
    plan: list[tuple[datetime, int, Callable[[], object]]] = field(default_factory=list)
    order: "count[int]" = field(default_factory=count)
    at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.at = self.real_now

    def later(self, moment: datetime, action: Callable[[], object]) -> None:
        heapq.heappush(self.plan, (moment, next(self.order), action))

    def play(self, until: datetime) -> None:
        """Carry everything out up to `until`, moving the database's clock along."""
        while self.plan and self.plan[0][0] <= until:
            moment, _, action = heapq.heappop(self.plan)
            self.at = moment
            shift_clock(moment - self.real_now)
            action()

    # What happens

    def tick(self) -> None:
        while sweep():
            pass
        exercises.sweep()
        deliver_due(at_most=500)

    def ask(self, story: Story) -> None:
        """Submit something that is left for whoever looks in."""
        with tenant_transaction(self.company.tenant.pk):
            made = submit_action(
                agent=self.company.agents[story.agent], submission=story.submission
            )
            discuss(self.company, made)

    def submit(self) -> None:
        story = tell_story(self.random)
        with tenant_transaction(self.company.tenant.pk):
            request = submit_action(
                agent=self.company.agents[story.agent], submission=story.submission
            )
        if request.status == RequestStatus.PENDING:
            if self.random.random() > 0.07:  # the others are never answered, and expire
                self.later(self.at + self._thinking_time(), lambda: self.vote(request.pk))
        elif RequestStatus(request.status).is_grantable:
            self.later(self.at + timedelta(seconds=4), lambda: self.act(request.pk))

    def vote(self, request_id: UUID) -> None:
        with tenant_transaction(self.company.tenant.pk):
            request = ActionRequest.objects.get(pk=request_id)
            stage = RequirementStage.objects.filter(
                request=request, status=StageStatus.OPEN
            ).first()
            candidates = stage_candidates(stage) if stage else []
            if not candidates:
                return
            verdict = self.random.choices(
                [Verdict.APPROVE, Verdict.DENY, Verdict.RETURN], weights=[88, 8, 4]
            )[0]
            try:
                request = cast_vote(
                    member=self.random.choice(candidates),
                    request_id=request.pk,
                    verdict=verdict,
                    payload_digest=request.payload_digest,
                    request_version=request.version,
                    reason=self.random.choice(REASONS[verdict]),
                    seconds_viewed=self.random.choice([2, 14, 21, 35, 48, 90, 160]),
                )
            except DomainError as refused:
                self.report(f"a vote was refused: {refused.detail}")
                return
        if request.status == RequestStatus.PENDING:
            self.later(self.at + self._thinking_time(), lambda: self.vote(request_id))
        elif request.status == RequestStatus.APPROVED:
            self.later(self.at + timedelta(seconds=9), lambda: self.act(request_id))

    def act(self, request_id: UUID) -> None:
        with tenant_transaction(self.company.tenant.pk):
            request = ActionRequest.objects.select_related("agent").get(pk=request_id)
            agent = request.agent
            issued = issue_grant(agent=agent, request_id=request_id)
        redeem_grant(token=issued.token, redeemed_by="core-banking")
        if self.random.random() < 0.96:
            failed = self.random.random() < 0.04
            with tenant_transaction(self.company.tenant.pk):
                report_execution(
                    agent=agent,
                    request_id=request_id,
                    outcome="failed" if failed else "succeeded",
                    note="The counterparty's bank was not reachable." if failed else "Done.",
                    cost={"amount": "0.05", "currency": "EUR", "tokens": 5400},
                )

    def _thinking_time(self) -> timedelta:
        return timedelta(seconds=self.random.lognormvariate(6.6, 1.1))


def play_history(
    company: DemoCompany, *, days: int, a_day: int, report: Callable[[str], None]
) -> int:
    """Play `days` days up to now with about `a_day` requests on each workday; return how many."""
    shift_clock(timedelta(0))
    real_now = clock.now()
    random = Random(20261121)  # noqa: S311 - believable, not secret
    player = Player(company, random, real_now, report)
    start = (real_now - timedelta(days=days)).replace(minute=0, second=0, microsecond=0)
    submitted = 0
    try:
        for day in range(days + 1):
            morning = (start + timedelta(days=day)).replace(hour=0)
            for _ in range(_how_many(random, morning, a_day)):
                hour = random.choice(WORKDAY_HOURS)
                moment = morning + timedelta(hours=hour, seconds=random.randrange(3600))
                if start < moment < real_now:
                    player.later(moment, player.submit)
                    submitted += 1
        plan_changes(player, start)
        plan_hard_cases(player, start)
        plan_episodes(player, start)
        moment = start
        while moment < real_now:
            player.later(moment, player.tick)
            moment += TICK
        # Whoever looks in first finds something to decide: requests of the last hour.
        for minutes in (42, 31, 18, 9, 6, 4, 2, 1):
            player.later(real_now - timedelta(minutes=minutes), player.submit)
        for minutes, each in zip((47, 38, 27, 21, 14, 8), ONE_OF_EACH, strict=True):
            player.later(real_now - timedelta(minutes=minutes), partial(player.ask, each))
        for minutes, each in zip((29, 23, 16, 11), LABELS, strict=True):
            player.later(real_now - timedelta(minutes=minutes), partial(player.ask, each))
        # Last of all, so that no message of the history is left for the servers to be late with.
        player.later(real_now, player.tick)
        player.play(until=real_now)
    finally:
        shift_clock(timedelta(0))
    return submitted


def _how_many(random: Random, day: datetime, a_day: int) -> int:
    weekend = day.weekday() >= 5
    return random.randrange(0, 3) if weekend else random.randrange(a_day - 3, a_day + 4)
