"""Versions of the policy over the API: reading, confirming, rejecting, withdrawing."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.api.policy_answers import (
    PolicyVersionAnswer,
    PolicyVersionPage,
    version_answer,
    version_row,
    version_tag,
)
from approvals.api.policy_base import IF_MATCH, DocumentAPIView, PolicyAPIView
from approvals.api.policy_bodies import Publication, Review, Withdrawal
from approvals.models import PolicyVersion
from approvals.selectors.policies import policy_versions
from approvals.selectors.policy_pages import get_version, live_version
from approvals.services.policies import publish_policy, review_policy, withdraw_policy
from govapp.common.api.bodies import parse_body
from govapp.common.api.openapi import EVERYWHERE, WITH_BODY, WITH_ENTITY_TAG, problems
from govapp.common.api.pagination import Position, next_link, page_answer, read_page
from govapp.common.api.views import read_limit, require_entity_tag
from govapp.common.errors import NotFound
from govapp.common.ids import public_id

_ANSWERS: dict[Any, Any] = {200: PolicyVersionAnswer, **problems(*WITH_BODY, *WITH_ENTITY_TAG)}


class PolicyVersions(PolicyAPIView):
    """`/api/v1/policies`."""

    known_parameters: ClassVar[tuple[str, ...]] = ("cursor", "limit")

    @extend_schema(
        operation_id="policies_list",
        summary="List the versions, newest first",
        parameters=[
            OpenApiParameter("cursor", str, description="`next_cursor` of the page before."),
            OpenApiParameter("limit", int, description="Rows a page, 1 to 100."),
        ],
        responses={200: PolicyVersionPage, **problems(*EVERYWHERE, 403)},
    )
    def get(self, request: Request) -> Response:
        """Page through with `next_cursor` or the `Link` header."""
        query = request.query_params
        after = Position.from_cursor(query["cursor"]) if "cursor" in query else None
        rows = policy_versions().defer("source", "document")
        page = read_page(rows, field="proposed_at", after=after, limit=read_limit(query))
        cursor = page.next_position.to_cursor() if page.next_position else None
        response = Response(page_answer([version_row(each) for each in page.rows], cursor))
        if cursor is not None:
            response["Link"] = next_link(request.path, query, cursor)
        return response


class LivePolicy(DocumentAPIView):
    """`/api/v1/policies/live`."""

    @extend_schema(
        operation_id="policies_read_live",
        summary="Read the version that decides",
        responses={200: PolicyVersionAnswer, **problems(*EVERYWHERE, 403)},
    )
    def get(self, request: Request) -> Response:
        """Return what holds now; with `Accept: application/yaml` as it was written."""
        version = live_version()
        if version is None:
            raise NotFound("No version is live, so every request is blocked.")
        return _shown(version)


class PolicyVersionDetail(DocumentAPIView):
    """`/api/v1/policies/{id}`."""

    @extend_schema(
        operation_id="policies_read",
        summary="Read a version",
        responses={200: PolicyVersionAnswer, **problems(*EVERYWHERE, 403)},
    )
    def get(self, request: Request, version_id: UUID) -> Response:
        """Return a version; with `Accept: application/yaml` its text as it was written."""
        return _shown(_find(version_id))


class PolicyPublish(PolicyAPIView):
    """`/api/v1/policies/{id}/publish`."""

    @extend_schema(
        operation_id="policies_publish",
        summary="Confirm a version",
        parameters=[IF_MATCH],
        request=Publication,
        responses=_ANSWERS,
    )
    def post(self, request: Request, version_id: UUID) -> Response:
        """Confirm in your own words. When enough people have, it is live or scheduled."""
        body = parse_body(request.data, Publication)
        version = _unchanged(request, version_id)
        publish_policy(
            actor=self.member,
            version=version,
            attestation=body.attestation,
            starts_at=body.starts_at,
        )
        return _shown(_find(version_id))


class PolicyReviews(PolicyAPIView):
    """`/api/v1/policies/{id}/reviews`."""

    @extend_schema(
        operation_id="policies_review",
        summary="Confirm or reject a version in review",
        parameters=[IF_MATCH],
        request=Review,
        responses=_ANSWERS,
    )
    def post(self, request: Request, version_id: UUID) -> Response:
        """Say what you think of it. A rejection ends it; confirming puts nothing live yet."""
        body = parse_body(request.data, Review)
        version = _unchanged(request, version_id)
        review_policy(
            actor=self.member,
            version=version,
            verdict=body.verdict,
            attestation=body.attestation,
            remark=body.remark,
        )
        return _shown(_find(version_id))


class PolicyWithdraw(PolicyAPIView):
    """`/api/v1/policies/{id}/withdraw`."""

    @extend_schema(
        operation_id="policies_withdraw",
        summary="Withdraw a version in review or scheduled",
        parameters=[IF_MATCH],
        request=Withdrawal,
        responses=_ANSWERS,
    )
    def post(self, request: Request, version_id: UUID) -> Response:
        """Take back what has not come into force yet."""
        body = parse_body(request.data, Withdrawal)
        version = _unchanged(request, version_id)
        withdraw_policy(actor=self.member, version=version, remark=body.remark)
        return _shown(_find(version_id))


def _unchanged(request: Request, version_id: UUID) -> PolicyVersion:
    version = _find(version_id)
    require_entity_tag(request, version_tag(version))
    return version


def _find(version_id: UUID) -> PolicyVersion:
    return get_version(public_id("pv", version_id))


def _shown(version: PolicyVersion) -> Response:
    response = Response(version_answer(version))
    response["ETag"] = version_tag(version)
    response["Cache-Control"] = "private, no-cache"
    return response
