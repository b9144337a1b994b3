"""Everything that the page of one request shows. The number of statements is constant."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from approvals.enums import DeliveryStatus, ExecutionState, RequestStatus
from approvals.guarding import findings_in, is_masked, shown_payload
from approvals.guardrails import finding_words
from approvals.leash import sentences_of
from approvals.models import ActionRequest, ExecutionGrant, RequirementStage, Timer
from approvals.obligations import grant_not_before, obligations_of
from approvals.policies import duration_in_words
from approvals.policies.describing import name_reference
from approvals.policies.obligations import EvaluatedObligations
from approvals.policies.shown import listed
from approvals.rules import may_cancel
from approvals.selectors.approvers import Standing, missing_on
from approvals.selectors.board import load_board_and_votes
from approvals.selectors.chains import ChainLink, read_chain
from approvals.selectors.delegations import cut
from approvals.selectors.demands import RuleDemand, read_demands
from approvals.selectors.discussion import Discussion, read_discussion
from approvals.selectors.inbox import seat_verdicts
from approvals.selectors.messages import Delivery, deliveries_of
from approvals.selectors.payload_shown import ShownPayload, find_all_hidden, show_payload
from approvals.selectors.people import load_people
from approvals.selectors.precedents import Precedents, read_precedents
from approvals.selectors.reader_rights import (
    may_change,
    may_take_back_own,
    may_withdraw,
    standing_on_page,
)
from approvals.selectors.reviews import Emergency, read_emergency
from approvals.selectors.revisions import ShownRevision, read_revisions, show_revisions
from approvals.selectors.timeline import Material, Moment, write_timeline
from approvals.selectors.trace import TraceLine, count_verdicts, read_trace
from approvals.selectors.undoing import Undoing, read_undoing
from approvals.sensitive import Kind, kinds_in, kinds_in_words
from govapp.common import clock
from govapp.common.errors import NotFound
from govapp.common.ids import InvalidId, parse_public_id, public_id
from govapp.common.sensitive import is_shown_plainly
from tenants.models import Membership
from tenants.selectors import factors_of

_NAMES = 6


@dataclass(frozen=True)
class ActionPage:
    """The whole page, for one reader."""

    request: ActionRequest
    now: datetime
    payload: ShownPayload
    exact: Any  # the payload, masked where a guardrail says so
    guardrails: tuple[str, ...]  # what they found, in words
    precedents: Precedents
    demands: tuple[RuleDemand, ...]
    trace: tuple[TraceLine, ...]
    refusals: tuple[str, ...]
    missing: str
    seats: tuple[str, ...]
    standing: Standing
    timeline: tuple[Moment, ...]
    grant: ExecutionGrant | None
    may_cancel: bool
    may_withdraw: bool
    obligations: EvaluatedObligations
    grant_not_before: datetime | None
    discussion: Discussion
    private_kinds: frozenset[Kind]  # of what is masked
    deliveries: tuple[Delivery, ...]
    # What the reader can be asked for ("totp", "webauthn"); empty when nothing will be.
    factors: frozenset[str]
    emergency: Emergency
    revisions: tuple[ShownRevision, ...]
    chain: tuple[ChainLink, ...]
    may_change: bool
    may_take_back: bool  # the reader's own approval, while it waits
    undoing: Undoing
    delegation_cut: str  # why nothing is done any more under the delegation that it came under

    @property
    def run_name(self) -> str:
        """The public id of the run that it is part of; "" when it is in none that we know."""
        run_id = self.request.run_id
        return public_id("run", run_id) if run_id else ""

    @property
    def undo_until(self) -> datetime | None:
        """Until when the reader can still undo what was approved; None when they cannot."""
        until = self.grant_not_before
        return until if self.may_withdraw and until is not None and self.now < until else None

    @property
    def reason_hidden(self) -> int:
        """How many hidden characters the agent's reason and sources have."""
        return len(find_all_hidden([self.request.reason, self.request.sources]))

    @property
    def private(self) -> list[str]:
        """Kinds of what is masked, in words, the gravest first."""
        return kinds_in_words(self.private_kinds)

    @property
    def delay(self) -> str:
        """For how long the permission is held back, in words; "" when it is not."""
        delay = self.obligations.delay
        return duration_in_words(delay) if delay else ""

    @property
    def told(self) -> str:
        """Whom the rules have told of it, in words."""
        return listed([name_reference(each) for each in self.obligations.notify], most=_NAMES)

    @property
    def undelivered(self) -> int:
        """How many messages were given up without another channel to go to."""
        return sum(
            each.row.status == DeliveryStatus.FAILED and not each.next_channel
            for each in self.deliveries
        )

    @property
    def has_app(self) -> bool:
        """Whether the reader can be asked for a code of an authenticator app."""
        return "totp" in self.factors

    @property
    def has_passkey(self) -> bool:
        """Whether the reader can be asked for a passkey."""
        return "webauthn" in self.factors

    @property
    def verdicts(self) -> list[tuple[str, str, int]]:
        """How many rules matched, could not be evaluated, or did not match."""
        return count_verdicts(self.trace)


def find_request(public_id: str) -> ActionRequest:
    """Return the request with this public id and what its page names. Raises `NotFound`."""
    try:
        ident = parse_public_id("ar", public_id)
    except InvalidId as error:
        raise NotFound(str(error)) from None
    found = _requests().filter(pk=ident).first()
    if found is None:
        raise NotFound("There is no such request here.")
    return found


def _private_kinds(
    request: ActionRequest, timeline: Sequence[Moment], discussion: Discussion
) -> frozenset[Kind]:
    """Return which kinds of personal data and secrets the page masks: the agent's and people's."""
    words = [request.summary, request.reason, request.on_behalf_of, request.decision_reason]
    words += [moment.text for moment in timeline]
    for remark in discussion.remarks:
        words += [remark.text, *(reply.text for reply in remark.answers)]
    found = kinds_in([request.payload, request.sources, words])
    return found | {"guarded"} if is_masked(request.trace) else found


def _requests() -> QuerySet[ActionRequest]:
    return ActionRequest.objects.select_related(
        "agent__owner__user", "category", "policy_version"
    ).defer("facts", "policy_version__source", "policy_version__document")


def read_action_page(request: ActionRequest, member: Membership) -> ActionPage:
    """Return the page of a request for this reader, as it is at `now` by the database's clock.

    A constant number of statements: one more each to ask for a second factor, for who may approve
    alone or for its review, and where the action was changed.
    """
    # The timeline names the votes that count no more, too.
    exact = request.payload if is_shown_plainly() else shown_payload(request.payload, request.trace)
    (board, votes), revisions = load_board_and_votes(request), read_revisions(request)
    now = board.read_at or clock.now()
    people = load_people(request.category_id) if request.category_id else []
    standing = standing_on_page(board, people, member, now)
    attached = obligations_of(request)
    emergency = read_emergency(request, member, now)
    asks = emergency.may_act or (attached.step_up and standing.may_vote)
    grants = list(ExecutionGrant.objects.filter(request=request).order_by("issued_at"))
    display = request.category.display if request.category else {}
    deliveries = deliveries_of(request)
    material = Material(
        request=request,
        stages=_all_stages(request) if revisions else board.stages,
        votes=votes,
        timers=list(Timer.objects.filter(request=request).order_by("due_at")),
        notifications=[each.row for each in deliveries],
        grants=grants,
        revisions=show_revisions(revisions),
    )
    timeline = tuple(write_timeline(material, now))
    discussion = read_discussion(request, member)
    return ActionPage(
        request=request,
        now=now,
        exact=exact,
        guardrails=tuple(dict.fromkeys(map(finding_words, findings_in(request.trace)))),
        payload=show_payload(exact, display, texts={"the summary": request.summary}),
        precedents=read_precedents(request, display),
        demands=read_demands(board, people),
        trace=read_trace(request.trace),
        refusals=sentences_of(request.trace.get("refusals", [])),
        missing=missing_on(board) if request.is_pending else "",
        seats=seat_verdicts(board),
        standing=standing,
        timeline=timeline,
        grant=grants[-1] if grants else None,
        may_cancel=request.is_pending and may_cancel(member, request),
        may_withdraw=may_withdraw(request, votes, member),
        obligations=attached,
        grant_not_before=grant_not_before(request),
        discussion=discussion,
        private_kinds=_private_kinds(request, timeline, discussion),
        deliveries=tuple(deliveries),
        factors=factors_of(member.user) if asks else frozenset(),
        emergency=emergency,
        revisions=show_revisions(revisions),
        chain=read_chain(request),
        may_change=may_change(request, standing),
        may_take_back=request.is_pending and may_take_back_own(board, member),
        undoing=read_undoing(request, member, now),
        delegation_cut=_delegation_cut(request),
    )


def _delegation_cut(request: ActionRequest) -> str:
    can_still = request.execution_state in (ExecutionState.NOT_STARTED, ExecutionState.GRANTED)
    is_open = request.is_pending or RequestStatus(request.status).is_grantable
    if request.delegation_id is None or not (is_open and can_still):
        return ""
    problem = cut(request.delegation_id)
    return problem.sentence if problem else ""


def _all_stages(request: ActionRequest) -> list[RequirementStage]:
    """With those that an approver's change has replaced, for the timeline."""
    rows = RequirementStage.objects.filter(request=request).select_related("requirement")
    return list(rows.order_by("requirement__rule_id", "position", "pk"))
