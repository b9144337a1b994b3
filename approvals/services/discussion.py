"""What people and the agent say about a request. It stays: nothing is changed or taken back.

A word about a request changes nothing about how it is decided; it is written under the request's
lock only so that what is counted is counted right.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from approvals.audit_events import discussion as events
from approvals.enums import CommentKind, NotificationKind
from approvals.mentions import MOST as MOST_MENTIONED
from approvals.mentions import find_mentions
from approvals.models import ActionRequest, Comment
from approvals.rules import is_on_agents_side
from approvals.selectors.discussion import MOST, may_speak, mentionable_members
from approvals.services.locking import lock_request
from approvals.services.notifications import About, Message, queue_messages
from govapp.common import clock
from govapp.common.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from govapp.common.ids import InvalidId, parse_public_id
from govapp.common.live import AGENT_CHANNEL, TENANT_CHANNEL, publish_to_all_on_commit
from tenants.models import Agent, Membership

CHARACTERS: Final = 4_000
_FORBIDDEN: Final = "You may read this discussion; taking part is for owners, compliance, approvers"
_DID: Final = {
    CommentKind.COMMENT: "wrote about",
    CommentKind.QUESTION: "asks about",
    CommentKind.ANSWER: "answered about",
}
NO_QUESTION: Final = "There is no such question about this request."


@transaction.atomic
def add_comment(
    *, actor: Membership, request_id: UUID, text: str, mentions: Sequence[str] = ()
) -> Comment:
    """Say something to the others. `mentions` are public ids, besides those named by `@` in it.

    Whoever is mentioned is told; when nobody is, all who have taken part. The agent does not read
    it. Raises `NotFound`, `Forbidden`, `Invalid` (`/text`, `/mentions`), `Conflict` when full.
    """
    request, now = _opened(actor, request_id)
    mentioned = _mentioned(text, mentions, actor)
    comment = _write(request, actor, CommentKind.COMMENT, text, now, mentioned=mentioned)
    events.record_comment(comment=comment, actor=actor.as_actor(), mentioned=mentioned, now=now)
    told = {each.pk for each in mentioned} or _took_part(request)
    _tell(comment, actor.user.name, told - {actor.pk}, now)
    return comment


@transaction.atomic
def ask_owner(
    *, actor: Membership, request_id: UUID, text: str, mentions: Sequence[str] = ()
) -> Comment:
    """Ask the agent's owner, who is told. The agent reads the question and may answer as well.

    Raises as `add_comment` does.
    """
    request, now = _opened(actor, request_id)
    mentioned = _mentioned(text, mentions, actor)
    question = _write(request, actor, CommentKind.QUESTION, text, now, mentioned=mentioned)
    events.record_question(comment=question, actor=actor.as_actor(), mentioned=mentioned, now=now)
    told = {request.agent.owner_id, *(each.pk for each in mentioned)}
    _tell(question, actor.user.name, told - {actor.pk}, now)
    return question


@transaction.atomic
def answer(*, actor: Membership | Agent, request_id: UUID, question: str, text: str) -> Comment:
    """Answer a question (its public id): the agent itself, or a person on its side.

    Whoever asked is told. An agent answers a question once: the same answer again gives the first
    one back. Raises `NotFound`, `Forbidden`, `Invalid` (`/text`), `Conflict`.
    """
    request, now = _opened(actor, request_id)
    asked = _question(request, question)
    if isinstance(actor, Agent) and (given := _given(asked, actor, text)):
        return given
    if isinstance(actor, Membership) and not is_on_agents_side(request, actor):
        raise Forbidden("Only the agent and those on its side answer; you may comment.")
    reply = _write(request, actor, CommentKind.ANSWER, text, now, answers=asked)
    events.record_answer(comment=reply, question=asked, actor=actor.as_actor(), now=now)
    by = actor.name if isinstance(actor, Agent) else actor.user.name
    own = actor.pk if isinstance(actor, Membership) else None
    _tell(reply, by, {asked.author_id} - {own, None}, now)
    return reply


def _opened(actor: Membership | Agent, request_id: UUID) -> tuple[ActionRequest, datetime]:
    request = lock_request(request_id)
    if isinstance(actor, Agent):
        if request.agent_id != actor.pk:
            raise NotFound("There is no such request.")
    elif not may_speak(actor, request):
        raise Forbidden(f"{_FORBIDDEN} and the agent's owner.")
    if Comment.objects.filter(request=request).count() >= MOST:
        raise Conflict(f"A request has at most {MOST} contributions.", code="discussion_full")
    return request, clock.now()


def _write(
    request: ActionRequest,
    actor: Membership | Agent,
    kind: CommentKind,
    text: str,
    now: datetime,
    *,
    mentioned: Sequence[Membership] = (),
    answers: Comment | None = None,
) -> Comment:
    comment = Comment(
        request=request,
        author=actor if isinstance(actor, Membership) else None,
        kind=kind,
        text=_checked(text),
        mentions=[each.public_id for each in mentioned],
        answers=answers,
        created_at=now,
    )
    comment.save(force_insert=True)
    return comment


def _checked(text: str) -> str:
    text = text.replace("\0", "").strip()
    if not text:
        raise Invalid("Write something.", errors=[FieldError("/text", "Write something.")])
    if len(text) > CHARACTERS:
        detail = f"Write at most {CHARACTERS} characters."
        raise Invalid(detail, errors=[FieldError("/text", detail)])
    return text


def _mentioned(text: str, chosen: Collection[str], actor: Membership) -> list[Membership]:
    """Return whom the text mentions and who was chosen, without whoever writes it."""
    if not chosen and "@" not in text:
        return []
    people = {each.public_id: each for each in mentionable_members()}
    if unknown := set(chosen) - set(people):
        detail = f"Nobody here can be told as {', '.join(sorted(unknown))[:200]}."
        raise Invalid(detail, errors=[FieldError("/mentions", detail)])
    named = find_mentions(
        text, [(ident, each.user.name, each.user.email) for ident, each in people.items()]
    )
    idents = [each for each in people if each in {*chosen, *named} and each != actor.public_id]
    return [people[each] for each in idents[:MOST_MENTIONED]]


def _question(request: ActionRequest, public_id: str) -> Comment:
    try:
        ident = parse_public_id("cm", public_id)
    except InvalidId:
        raise NotFound(NO_QUESTION) from None
    found = Comment.objects.filter(pk=ident, request=request, kind=CommentKind.QUESTION).first()
    if found is None:
        raise NotFound(NO_QUESTION)
    found.request = request
    return found


def _given(question: Comment, agent: Agent, text: str) -> Comment | None:
    given = Comment.objects.filter(answers=question, author=None).first()
    if given is None:
        return None
    if given.text != _checked(text):
        raise Conflict("The agent has answered this question already.", code="already_answered")
    return given


def _took_part(request: ActionRequest) -> set[UUID]:
    spoke = Comment.objects.filter(request=request, author__isnull=False)
    idents = set(spoke.values_list("author_id", flat=True))
    active = {each.pk for each in mentionable_members()} if idents else set()
    return {ident for ident in idents if ident in active}


def _tell(comment: Comment, by: str, members: Collection[UUID | None], now: datetime) -> None:
    """Queue a message to each, and wake whoever has a page or the agent's stream open."""
    request = comment.request
    content: dict[str, Any] = {
        "subject": f"{by} {_DID[CommentKind(comment.kind)]}: {request.summary}",
        "text": comment.text,
        "comment": comment.public_id,
        "by": by,
    }
    message = Message(
        about=[About(request.pk, f"comment:{comment.pk}", request.deadline_at)],
        kind=NotificationKind.COMMENTED,
        members=sorted(ident for ident in members if ident is not None),
        content=content,
    )
    queue_messages([message], now=now)
    places = {TENANT_CHANNEL: request.tenant_id}
    if comment.kind == CommentKind.QUESTION:
        places[AGENT_CHANNEL] = request.agent_id
    publish_to_all_on_commit(places, {"request": request.public_id, "status": str(request.status)})
