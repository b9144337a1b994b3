"""What the reader of one request may do on its page: vote, change, take back, withdraw."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from approvals.enums import LEGAL_EXECUTION_MOVES, ExecutionState, RequestStatus, Verdict
from approvals.models import ActionRequest, Vote
from approvals.rules import is_due
from approvals.selectors.approvers import NOT_AN_APPROVER, Standing, judge
from approvals.selectors.board import Board, may_take_back
from approvals.selectors.people import Person
from tenants.enums import Role
from tenants.models import Membership
from tenants.rules import has_role

TOO_LATE = "The time to decide has passed; a request that nobody decided in time expires."


def standing_on_page(
    board: Board, people: Sequence[Person], member: Membership, now: datetime
) -> Standing:
    """Return whether the reader may vote, and why not. `people` may approve this category."""
    if not board.request.is_pending:
        return Standing(False, "", frozenset())
    person = next((each for each in people if each.member.pk == member.pk), None)
    if person is None:
        return Standing(False, NOT_AN_APPROVER, frozenset())
    standing = judge(board, person)
    if standing.may_vote and is_due(board.request.deadline_at, now):
        return Standing(False, TOO_LATE, frozenset())
    return standing


def may_change(request: ActionRequest, standing: Standing) -> bool:
    """Whether who may vote may also change the action while approving it."""
    editable = request.category.editable_fields if request.category else []
    return standing.may_vote and bool(editable)


def may_take_back_own(board: Board, member: Membership) -> bool:
    """As `services.withdrawals.withdraw_vote` would allow."""
    own = (vote for vote in board.votes if vote.member_id == member.pk)
    return any(may_take_back(board, vote) for vote in own)


def may_withdraw(request: ActionRequest, votes: Sequence[Vote], member: Membership) -> bool:
    """As `services.execution.revoke_grant` would allow."""
    state = ExecutionState(request.execution_state)
    if not RequestStatus(request.status).is_grantable:
        return False
    if (state, ExecutionState.REVOKED) not in LEGAL_EXECUTION_MOVES:
        return False
    approved: set[UUID] = {
        vote.member_id
        for vote in votes
        if vote.verdict == Verdict.APPROVE and vote.voided_at is None
    }
    officer = has_role(member, Role.OWNER, Role.COMPLIANCE)
    return officer or (member.is_active and member.pk in approved)
