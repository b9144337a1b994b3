"""Replays, previews and who could approve, over the API. Nothing of the policy is changed."""

from dataclasses import asdict
from typing import Any, ClassVar, Final
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.api.policy_answers import (
    ApproversList,
    SimulatedChangePage,
    SimulationAnswer,
)
from approvals.api.policy_base import PolicyAPIView, require_editor, require_reader
from approvals.api.policy_bodies import PolicyPreview, SimulationOrder
from approvals.api.preview_answers import Preview, preview_for
from approvals.policies import Policy, PolicyInvalid, load_policy
from approvals.selectors.policies import compiled
from approvals.selectors.policy_drafts import get_draft
from approvals.selectors.policy_pages import get_version, live_version
from approvals.selectors.simulations import get_simulation, read_changes, simulation_summary
from approvals.selectors.staff import read_staff
from approvals.selectors.who import list_asked, who_may_approve
from approvals.services.policies import read_policy
from approvals.services.simulations import cancel_simulation, start_simulation
from approvals.services.submission import preview_under
from govapp.common.api.bodies import parse_body
from govapp.common.api.openapi import EVERYWHERE, WITH_BODY, problems
from govapp.common.api.pagination import page_answer
from govapp.common.errors import FieldError, Invalid, Malformed, NotFound
from govapp.common.ids import public_id
from tenants.selectors import get_agent

_LARGEST: Final = 2**31 - 1
_MOST_ANSWERS: Final = 20_000  # each person for each rule and category


class PolicySimulations(PolicyAPIView):
    """`/api/v1/policies/simulations`."""

    @extend_schema(
        operation_id="policy_simulations_start",
        summary="Replay recorded requests under other rules",
        request=SimulationOrder,
        responses={202: SimulationAnswer, **problems(*WITH_BODY)},
    )
    def post(self, request: Request) -> Response:
        """Order a replay of a text, a draft or a version; look again until it is done."""
        require_editor(self.member)
        order = parse_body(request.data, SimulationOrder)
        _one_of(order.source, order.draft, order.version)
        draft = get_draft(order.draft) if order.draft else None
        version = get_version(order.version) if order.version else None
        source = order.source or (draft.source if draft else version.source if version else "")
        made = start_simulation(
            actor=self.member, source=source, period=order.period, draft=draft, version=version
        )
        response = Response(simulation_summary(made), status=202)
        response["Location"] = f"/api/v1/policies/simulations/{made.public_id}"
        return response


class PolicySimulationDetail(PolicyAPIView):
    """`/api/v1/policies/simulations/{id}`."""

    @extend_schema(
        operation_id="policy_simulations_read",
        summary="Read a replay, or how far it is",
        responses={200: SimulationAnswer, **problems(*EVERYWHERE, 403)},
    )
    def get(self, request: Request, simulation_id: UUID) -> Response:
        """Return its progress, and its figures when it is done."""
        require_reader(self.member)
        return Response(simulation_summary(get_simulation(public_id("sim", simulation_id))))


class PolicySimulationCancel(PolicyAPIView):
    """`/api/v1/policies/simulations/{id}/cancel`."""

    @extend_schema(
        operation_id="policy_simulations_cancel",
        summary="Stop a replay",
        request=None,
        responses={200: SimulationAnswer, **problems(*WITH_BODY)},
    )
    def post(self, request: Request, simulation_id: UUID) -> Response:
        """Stop a replay that is not done."""
        require_editor(self.member)
        found = get_simulation(public_id("sim", simulation_id))
        return Response(simulation_summary(cancel_simulation(actor=self.member, simulation=found)))


class PolicySimulationChanges(PolicyAPIView):
    """`/api/v1/policies/simulations/{id}/changes`."""

    known_parameters: ClassVar[tuple[str, ...]] = ("after", "direction")

    @extend_schema(
        operation_id="policy_simulations_changes",
        summary="List the requests that would have been decided otherwise",
        parameters=[
            OpenApiParameter(
                "after", {"type": "integer", "minimum": 0, "maximum": _LARGEST},
                description="`next_cursor` of the page before.",
            ),
            OpenApiParameter(
                "direction", {"type": "string", "enum": ["looser", "stricter", "other"]},
                description="Only these.",
            ),
        ],
        responses={200: SimulatedChangePage, **problems(*EVERYWHERE, 403)},
    )  # fmt: skip
    def get(self, request: Request, simulation_id: UUID) -> Response:
        """Return a page of the changes, with the request and why."""
        require_reader(self.member)
        query = request.query_params
        text, direction = query.get("after", "0"), query.get("direction", "")
        if not (text.isascii() and text.isdigit() and len(text) < 11 and int(text) <= _LARGEST):
            raise _bad("after", "Take it from `next_cursor` of the page before.")
        if direction not in ("", "looser", "stricter", "other"):
            raise _bad("direction", "Write looser, stricter or other.")
        found = get_simulation(public_id("sim", simulation_id))
        page = read_changes(found, after=int(text), direction=direction)
        cursor = None if page.next_after is None else str(page.next_after)
        return Response(page_answer([asdict(each) for each in page.rows], cursor))


class PolicyPreviewView(PolicyAPIView):
    """`/api/v1/policies/preview`."""

    @extend_schema(
        operation_id="policies_preview",
        summary="Ask what rules would do to a request",
        request=PolicyPreview,
        responses={200: Preview, **problems(*WITH_BODY)},
    )
    def post(self, request: Request) -> Response:
        """Return the outcome with the whole trace, under the live rules or others."""
        require_reader(self.member)
        body = parse_body(request.data, PolicyPreview)
        policy = _policy_of(body)
        submission = body.request.to_submission()
        found = preview_under(policy, agent=get_agent(body.agent), submission=submission)
        return Response(preview_for(found))


class PolicyApprovers(PolicyAPIView):
    """`/api/v1/policies/approvers`."""

    known_parameters: ClassVar[tuple[str, ...]] = ("rule", "category", "version")

    @extend_schema(
        operation_id="policies_approvers",
        summary="Ask who could approve",
        parameters=[
            OpenApiParameter("rule", str, description="Only this rule."),
            OpenApiParameter("category", str, description="Only this category."),
            OpenApiParameter("version", str, description="Another version than the live one."),
        ],
        responses={200: ApproversList, **problems(*EVERYWHERE, 403)},
    )
    def get(self, request: Request) -> Response:
        """For each rule and category: who can, and who cannot and why."""
        require_reader(self.member)
        query = request.query_params
        version = get_version(query["version"]) if "version" in query else live_version()
        if version is None:
            raise NotFound("No version is live; name one.")
        policy, staff = _usable(compiled, version), read_staff()
        rule, category = query.get("rule", ""), query.get("category", "")
        asked = list_asked(policy, staff, rule_id=rule, category=category)
        if len(asked) * len(staff.people) > _MOST_ANSWERS:
            raise _bad("rule", "That is too much at once: name a rule and a category.")
        found = who_may_approve(policy, staff, asked)
        return Response({"data": [each.to_dict() for each in found]})


def _policy_of(body: PolicyPreview) -> Policy:
    given = [each for each in (body.source, body.draft, body.version) if each is not None]
    if len(given) > 1:
        _one_of(body.source, body.draft, body.version)
    if body.source is not None:
        return read_policy(body.source)
    if body.draft is not None:
        return _usable(load_policy, get_draft(body.draft).source)
    version = get_version(body.version) if body.version else live_version()
    if version is None:
        raise NotFound("No version is live; name one.")
    return _usable(compiled, version)


def _usable(read: Any, what: Any) -> Policy:
    try:
        policy: Policy = read(what)
    except PolicyInvalid as invalid:
        raise Invalid("This version cannot be used.", code="invalid_policy") from invalid
    return policy


def _one_of(*given: str | None) -> None:
    if sum(each is not None for each in given) != 1:
        detail = "Send exactly one of source, draft and version."
        raise Invalid(detail, errors=[FieldError("/source", detail)])


def _bad(name: str, detail: str) -> Malformed:
    return Malformed(f"The parameter {name} cannot be read.", errors=[FieldError(name, detail)])
