"""What was said about a request, and who asked to see what its page masks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from approvals.audit_events.about import record_about
from approvals.audit_events.wording import content, told, words
from approvals.models import ActionRequest, Comment
from approvals.sensitive import Kind, kinds_in_words
from audit.actors import Actor, Personal
from tenants.audit_events.words import party, said
from tenants.models import Membership


def record_comment(
    *, comment: Comment, actor: Actor, mentioned: Sequence[Membership], now: datetime
) -> None:
    """Somebody said something about a request."""
    to = f" (to {', '.join(each.user.name for each in mentioned)})" if mentioned else ""
    record_about(
        "comment.added",
        comment.request,
        actor,
        now,
        f"{actor.name} said{to}: {words(comment.text)}",
        _said(comment, actor, mentioned),
    )


def record_question(
    *, comment: Comment, actor: Actor, mentioned: Sequence[Membership], now: datetime
) -> None:
    """Somebody asked the agent's owner; the agent may answer as well."""
    owner = comment.request.agent.owner
    record_about(
        "comment.asked",
        comment.request,
        actor,
        now,
        f"{actor.name} asked {owner}: {words(comment.text)}",
        _said(comment, actor, mentioned) | {"owner": party(owner)},
    )


def record_answer(*, comment: Comment, question: Comment, actor: Actor, now: datetime) -> None:
    """The agent's side answered a question."""
    record_about(
        "comment.answered",
        comment.request,
        actor,
        now,
        f"{actor.name} answered: {words(comment.text)}",
        _said(comment, actor, ())
        | {"question": question.public_id, "question_text": _text(question, question.author)},
    )


def record_revealed(
    *, request: ActionRequest, member: Membership, kinds: frozenset[Kind], now: datetime
) -> None:
    """Somebody asked to see what the page masks. What it was stays out of the record."""
    what = kinds_in_words(kinds)
    record_about(
        "request.revealed",
        request,
        member.as_actor(),
        now,
        f"{member} asked to see what is masked in “{request.summary}”: {', '.join(what)}",
        {"kinds": sorted(kinds), "payload_digest": request.payload_digest},
    )


def _text(comment: Comment, author: Membership | None) -> Personal:
    if author is None:
        return content(comment.text, comment.request)
    return said(comment.text, author)


def _said(comment: Comment, actor: Actor, mentioned: Sequence[Membership]) -> dict[str, Any]:
    return {
        "comment": comment.public_id,
        "text": told(comment.text, actor, comment.request),
        "mentioned": [party(each) for each in mentioned],
    }
