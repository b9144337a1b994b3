"""What people and the agent said about a request, and who may say what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from approvals.enums import CommentKind
from approvals.models import ActionRequest, Comment
from approvals.rules import is_on_agents_side
from govapp.common.ids import public_id
from tenants.enums import Role
from tenants.models import Membership
from tenants.rules import has_role
from tenants.selectors import active_members

MOST: Final = 500  # contributions to one request
_SPEAKERS: Final = (Role.OWNER, Role.COMPLIANCE, Role.APPROVER)


@dataclass(frozen=True)
class Remark:
    """One contribution as it is shown. The agent's words are untrusted, a person's are not."""

    public_id: str
    kind: CommentKind
    by: str
    is_agent: bool
    text: str
    at: datetime
    mentions: tuple[str, ...] = ()  # names
    answers: tuple["Remark", ...] = ()
    may_answer: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it is a question that nobody has answered yet."""
        return self.kind == CommentKind.QUESTION and not self.answers


@dataclass(frozen=True)
class Discussion:
    """A request's discussion for one reader: questions with their answers, in order of time."""

    remarks: tuple[Remark, ...]
    total: int
    may_speak: bool
    people: tuple[tuple[str, str], ...]  # who can be mentioned: public id and name
    owner: str  # of the agent, who is asked


def read_discussion(request: ActionRequest, member: Membership) -> Discussion:
    """Return the discussion of a request for this reader. Two statements."""
    comments = list_comments(request)
    people = {each.public_id: each.user.name for each in mentionable_members()}
    mine = is_on_agents_side(request, member)
    speaks = may_speak(member, request)
    answers: dict[UUID, list[Remark]] = {}
    for comment in comments:
        if comment.answers_id is not None:
            answers.setdefault(comment.answers_id, []).append(_remark(comment, request, people))
    remarks = [
        _remark(
            comment,
            request,
            people,
            answers=tuple(answers.get(comment.pk, ())),
            may_answer=comment.kind == CommentKind.QUESTION and mine and speaks,
        )
        for comment in comments
        if comment.answers_id is None
    ]
    return Discussion(
        remarks=tuple(remarks),
        total=len(comments),
        may_speak=speaks and len(comments) < MOST,
        people=tuple((ident, name) for ident, name in people.items() if ident != member.public_id),
        owner=request.agent.owner.user.name,
    )


def list_comments(request: ActionRequest) -> list[Comment]:
    """Return what was said, oldest first, with its authors. One statement."""
    rows = Comment.objects.filter(request=request).select_related("author__user")
    return list(rows.order_by("created_at", "pk")[: MOST + 1])


def questions_to(request: ActionRequest) -> list[Comment]:
    """Return the questions and their answers, oldest first: what the agent reads of it.

    What people say among themselves is none of the agent's business. One statement.
    """
    rows = Comment.objects.filter(
        request=request, kind__in=[CommentKind.QUESTION, CommentKind.ANSWER]
    ).select_related("author__user")
    return list(rows.order_by("created_at", "pk")[: MOST + 1])


def may_speak(member: Membership, request: ActionRequest) -> bool:
    """Whether somebody may take part: auditors read, and whoever owns the agent may answer."""
    if not member.is_active:
        return False
    return has_role(member, *_SPEAKERS) or is_on_agents_side(request, member)


def mentionable_members() -> Sequence[Membership]:
    """Return who can be mentioned: every active member, by name. One statement."""
    return list(active_members().select_related("user").order_by("user__name", "pk"))


def _remark(
    comment: Comment,
    request: ActionRequest,
    people: dict[str, str],
    *,
    answers: tuple[Remark, ...] = (),
    may_answer: bool = False,
) -> Remark:
    author = comment.author
    return Remark(
        public_id=public_id("cm", comment.pk),
        kind=CommentKind(comment.kind),
        by=author.user.name if author else request.agent.name,
        is_agent=author is None,
        text=comment.text,
        at=comment.created_at,
        mentions=tuple(people[each] for each in comment.mentions if each in people),
        answers=answers,
        may_answer=may_answer,
    )
