"""Questions that people ask about a request, and the agent's answers.

What people say among themselves is not given out here: it is about the agent, not for it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, ClassVar, Literal, cast
from uuid import UUID

import msgspec
from drf_spectacular.utils import extend_schema
from msgspec import Meta
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.api.base import ID, ApiView
from approvals.models import Comment
from approvals.selectors.discussion import questions_to
from approvals.selectors.requests import get_request
from approvals.services.discussion import CHARACTERS, answer
from govapp.common.api.bodies import RequestBody, parse_body
from govapp.common.api.openapi import EVERYWHERE, WITH_BODY, problems
from govapp.common.ids import public_id
from tenants.api.scopes import require_bound_to
from tenants.models import Agent
from tenants.scopes import Scope


class Contribution(msgspec.Struct):
    """A question or an answer. `answers` is the question's id; `by` is a person or the agent."""

    id: str
    kind: Literal["question", "answer"]
    by: str
    text: str
    answers: str | None
    created_at: datetime


class ContributionList(msgspec.Struct):
    """All questions and answers of a request, oldest first."""

    data: list[Contribution]


class AnswerBody(RequestBody, frozen=True):
    """The agent's answer to one question."""

    question: Annotated[str, Meta(pattern=r"^cm_[0-9a-z]{26}$", description="The question's `id`.")]
    text: Annotated[
        str,
        Meta(min_length=1, max_length=CHARACTERS, pattern=r"\S", description="For who asked."),
    ]


class ActionRequestComments(ApiView):
    """`/api/v1/action-requests/{id}/comments`."""

    scopes: ClassVar[Mapping[str, Scope]] = {"GET": Scope.READ, "POST": Scope.SUBMIT}
    honours_delegation = True  # for what was asked under it

    @extend_schema(
        operation_id="action_requests_comments_list",
        summary="Read the questions about a request",
        parameters=[ID],
        responses={200: ContributionList, **problems(*EVERYWHERE)},
    )
    def get(self, request: Request, request_id: UUID) -> Response:
        """Answer with the questions to the agent's owner, and what was answered."""
        found = get_request(request_id, agent_id=self.agent.pk)
        comments = questions_to(found)
        return Response(ContributionList([_contribution(each, self.agent) for each in comments]))

    @extend_schema(
        operation_id="action_requests_comments_answer",
        summary="Answer a question about a request",
        parameters=[ID],
        request=AnswerBody,
        responses={201: Contribution, **problems(*WITH_BODY)},
    )
    def post(self, request: Request, request_id: UUID) -> Response:
        """Answer once; the same answer again gives the first one back."""
        body = parse_body(request.data, AnswerBody)
        asked = get_request(request_id, agent_id=self.agent.pk)
        require_bound_to(request, asked.delegation_id)
        made = answer(
            actor=self.agent, request_id=request_id, question=body.question, text=body.text
        )
        return Response(_contribution(made, self.agent), status=201)


def _contribution(comment: Comment, agent: Agent) -> Contribution:
    author = comment.author
    return Contribution(
        id=comment.public_id,
        kind=cast("Literal['question', 'answer']", str(comment.kind)),
        by=author.user.name if author else agent.name,
        text=comment.text,
        answers=public_id("cm", comment.answers_id) if comment.answers_id else None,
        created_at=comment.created_at,
    )
