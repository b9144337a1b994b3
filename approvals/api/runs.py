"""An agent's task and its steps: begun, told, closed, read."""

from collections.abc import Mapping
from typing import ClassVar, Final
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.api.base import ApiView
from approvals.api.run_bodies import (
    RunAnswer,
    RunBeginning,
    RunDetail,
    RunEnd,
    StepBatch,
    StepsAnswer,
    answer_for,
    detail_for,
    steps_for,
)
from approvals.selectors.runs import get_own_run, read_graph, verify_run
from approvals.services.runs import add_steps, close_run, start_run
from govapp.common.api.bodies import parse_body
from govapp.common.api.openapi import EVERYWHERE, WITH_BODY, problems
from tenants.scopes import Scope

_ID: Final = OpenApiParameter(
    "run_id",
    {"type": "string", "pattern": "^run_[0-9a-z]{26}$"},
    OpenApiParameter.PATH,
    description="The run.",
)


class Runs(ApiView):
    """`/api/v1/runs`."""

    scopes: ClassVar[Mapping[str, Scope]] = {"POST": Scope.SUBMIT}

    @extend_schema(
        operation_id="runs_start",
        summary="Begin a task",
        request=RunBeginning,
        responses={201: RunAnswer, **problems(*WITH_BODY)},
    )
    def post(self, request: Request) -> Response:
        """Begin a run. The same key with the same words is the same run: safe to repeat."""
        body = parse_body(request.data, RunBeginning)
        run = start_run(
            agent=self.agent, key=body.key, title=body.title, traceparent=body.traceparent
        )
        response = Response(answer_for(run, self.tenant_slug), status=201)
        response["Location"] = f"/api/v1/runs/{run.public_id}"
        return response


class RunSteps(ApiView):
    """`/api/v1/runs/{id}/steps`."""

    scopes: ClassVar[Mapping[str, Scope]] = {"POST": Scope.SUBMIT}

    @extend_schema(
        operation_id="runs_add_steps",
        summary="Say what was done in a task",
        parameters=[_ID],
        request=StepBatch,
        responses={201: StepsAnswer, **problems(*WITH_BODY)},
    )
    def post(self, request: Request, run_id: UUID) -> Response:
        """Add one step or up to 100, all or none. A step that is there already stays as it is."""
        body = parse_body(request.data, StepBatch)
        steps = [each.to_step() for each in body.steps]
        made = add_steps(agent=self.agent, run_id=run_id, steps=steps)
        return Response(steps_for(made), status=201)


class RunClose(ApiView):
    """`/api/v1/runs/{id}/close`."""

    scopes: ClassVar[Mapping[str, Scope]] = {"POST": Scope.SUBMIT}

    @extend_schema(
        operation_id="runs_close",
        summary="End a task",
        parameters=[_ID],
        request=RunEnd,
        responses={200: RunAnswer, **problems(*WITH_BODY)},
    )
    def post(self, request: Request, run_id: UUID) -> Response:
        """Close the run: nothing can be added to it, and its events are counted in the record."""
        body = parse_body(request.data, RunEnd)
        run = close_run(agent=self.agent, run_id=run_id, outcome=body.outcome, note=body.note)
        return Response(answer_for(run, self.tenant_slug))


class RunRead(ApiView):
    """`/api/v1/runs/{id}`."""

    scopes: ClassVar[Mapping[str, Scope]] = {"GET": Scope.READ}

    @extend_schema(
        operation_id="runs_read",
        summary="Read a task with its steps",
        parameters=[_ID],
        responses={
            200: OpenApiResponse(RunDetail, "With what its record has of it"),
            **problems(*EVERYWHERE),
        },
    )
    def get(self, request: Request, run_id: UUID) -> Response:
        """Answer the run, its steps and requests, and whether its record is whole."""
        run = get_own_run(run_id, agent_id=self.agent.pk)
        return Response(detail_for(read_graph(run), verify_run(run), self.tenant_slug))
