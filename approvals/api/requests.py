"""Submitting, reading and cancelling action requests."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

import msgspec
import rfc8785
from django.utils.http import http_date
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.api.answers import (
    ActionRequestAnswer,
    ActionRequestPage,
    answer_for,
    answers_for,
    path_of,
)
from approvals.api.base import ID, IDEMPOTENCY_KEY, ApiView, idempotency_key
from approvals.api.bodies import ActionRequestSubmission, Cancellation
from approvals.api.delegations import bound_to
from approvals.api.filters import PARAMETERS, read_filters
from approvals.api.preview_answers import Preview, preview_for
from approvals.selectors.requests import get_request, list_requests
from approvals.services.idempotency import Answer, answer_once
from approvals.services.submission import (
    Submission,
    cancel_action,
    preview_action,
    submit_action,
)
from govapp.common.api.bodies import parse_body
from govapp.common.api.openapi import EVERYWHERE, WITH_BODY, problems
from govapp.common.api.pagination import next_link, page_answer
from govapp.common.api.problems import CONTENT_TYPE
from govapp.common.api.views import with_entity_tag
from tenants.api.scopes import check_category, require_bound_to
from tenants.scopes import Scope

POLL_SECONDS: Final = 5  # for those who poll; waiting with `Prefer: wait` is better

_WAIT = OpenApiParameter(
    "Prefer",
    str,
    OpenApiParameter.HEADER,
    description="`wait=25` holds the answer until it is decided, for at most 30 seconds.",
)
_TAG = OpenApiParameter(
    "If-None-Match",
    str,
    OpenApiParameter.HEADER,
    description="The `ETag` of the last answer: 304 when nothing has changed.",
)


class ActionRequestList(ApiView):
    """`/api/v1/action-requests`."""

    scopes: ClassVar[Mapping[str, Scope]] = {"GET": Scope.READ, "POST": Scope.SUBMIT}
    goes_on_when_killed = True  # judged, and kept as blocked
    honours_delegation = True  # what is asked comes under it

    @property
    def known_parameters(self) -> tuple[str, ...]:  # type: ignore[override]
        if self.request.method == "POST":
            return ()
        return tuple(parameter.name for parameter in PARAMETERS)

    @extend_schema(
        operation_id="action_requests_submit",
        summary="Submit an action",
        parameters=[IDEMPOTENCY_KEY],
        request=ActionRequestSubmission,
        responses={
            201: OpenApiResponse(ActionRequestAnswer, "Decided at once: allowed or blocked"),
            202: OpenApiResponse(ActionRequestAnswer, "People decide; wait for it at `Location`"),
            **problems(*WITH_BODY),
        },
    )
    def post(self, request: Request) -> Response:
        """Ask for a decision. Answered once for each key: a repetition gets the same answer."""
        key = idempotency_key(request.headers)
        body = parse_body(request.data, ActionRequestSubmission)
        check_category(request, body.category)
        submission = _submission(request, body)
        # What a bound token adds is part of what is asked.
        asked = dict(request.data)
        if submission.delegation:
            asked["delegation"] = submission.delegation
        digest = f"sha256:{hashlib.sha256(rfc8785.dumps(asked)).hexdigest()}"
        answer = answer_once(
            agent=self.agent, key=key, body_digest=digest, produce=lambda: self._submit(submission)
        )
        return _answered(answer)

    def _submit(self, submission: Submission) -> Answer:
        made = submit_action(agent=self.agent, submission=submission)
        shown = answer_for(made, tenant_slug=self.tenant_slug)
        return Answer(
            status=202 if made.is_pending else 201,
            body=msgspec.to_builtins(shown),
            location=path_of(made),
        )

    @extend_schema(
        operation_id="action_requests_list",
        summary="List this agent's requests, newest first",
        parameters=list(PARAMETERS),
        responses={200: ActionRequestPage, **problems(*EVERYWHERE)},
    )
    def get(self, request: Request) -> Response:
        """Page through with `next_cursor` or the `Link` header."""
        page = list_requests(read_filters(request.query_params, agent_id=self.agent.pk))
        cursor = page.next_position.to_cursor() if page.next_position else None
        answers = answers_for(page.rows, tenant_slug=self.tenant_slug)
        response = Response(page_answer(answers, cursor))
        if cursor is not None:
            response["Link"] = next_link(request.path, request.query_params, cursor)
        return response


def _submission(request: Request, body: ActionRequestSubmission) -> Submission:
    submission = body.to_submission()
    return replace(submission, delegation=bound_to(request, body.delegation, "/delegation"))


def _answered(answer: Answer) -> Response:
    """Return the response of a submission: an action request, or a refusal that was kept."""
    if answer.status >= 400:
        response = Response(answer.body, status=answer.status, content_type=CONTENT_TYPE)
    else:
        response = Response(answer.body, status=answer.status)
        response["Location"] = answer.location
    if answer.status == 202:
        response["Retry-After"] = str(POLL_SECONDS)
    elif passes_at := (answer.body.get("decision") or {}).get("passes_at"):
        # A date, for the answer may be repeated later (RFC 9110, section 10.2.3).
        response["Retry-After"] = http_date(datetime.fromisoformat(passes_at).timestamp())
    if answer.replayed:
        response["Idempotency-Replayed"] = "true"
    return response


class ActionRequestPreview(ApiView):
    """`/api/v1/action-requests/preview`."""

    scopes: ClassVar[Mapping[str, Scope]] = {"POST": Scope.SUBMIT}
    goes_on_when_killed = True  # says that it would be blocked
    honours_delegation = True  # as a submission

    @extend_schema(
        operation_id="action_requests_preview",
        summary="Ask what would happen",
        request=ActionRequestSubmission,
        responses={200: Preview, **problems(*WITH_BODY)},
    )
    def post(self, request: Request) -> Response:
        """Evaluate a submission without making one."""
        body = parse_body(request.data, ActionRequestSubmission)
        check_category(request, body.category)
        submission = _submission(request, body)
        return Response(preview_for(preview_action(agent=self.agent, submission=submission)))


class ActionRequestDetail(ApiView):
    """`/api/v1/action-requests/{id}`."""

    scopes: ClassVar[Mapping[str, Scope]] = {"GET": Scope.READ}

    @extend_schema(
        operation_id="action_requests_read",
        summary="Read a request, or wait for its decision",
        parameters=[ID, _WAIT, _TAG],
        responses={
            200: ActionRequestAnswer,
            304: OpenApiResponse(None, "Nothing has changed"),
            **problems(*EVERYWHERE),
        },
    )
    def get(self, request: Request, request_id: UUID) -> Response:
        """Answer how it stands; with `Prefer: wait` as soon as it is decided."""
        found = get_request(request_id, agent_id=self.agent.pk)
        answer = answer_for(found, tenant_slug=self.tenant_slug, with_trace=True)
        response = Response(answer)
        if found.is_pending:
            response["Retry-After"] = str(POLL_SECONDS)
        return with_entity_tag(request, response)


class ActionRequestCancel(ApiView):
    """`/api/v1/action-requests/{id}/cancel`."""

    scopes: ClassVar[Mapping[str, Scope]] = {"POST": Scope.SUBMIT}
    goes_on_when_killed = True  # only ends something
    honours_delegation = True  # for what was asked under it

    @extend_schema(
        operation_id="action_requests_cancel",
        summary="Cancel a pending request",
        parameters=[ID],
        request=Cancellation,
        responses={200: ActionRequestAnswer, **problems(*WITH_BODY)},
    )
    def post(self, request: Request, request_id: UUID) -> Response:
        """Take the request back. Nobody is asked any more."""
        body = parse_body(request.data, Cancellation)
        asked = get_request(request_id, agent_id=self.agent.pk)
        require_bound_to(request, asked.delegation_id)
        cancel_action(actor=self.agent, request_id=request_id, reason=body.reason)
        found = get_request(request_id, agent_id=self.agent.pk)
        return Response(answer_for(found, tenant_slug=self.tenant_slug))
