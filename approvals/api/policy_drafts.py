"""Drafts of the policy over the API: written with `If-Match`, so that no edit is lost."""

from typing import ClassVar
from uuid import UUID

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.api.policy_answers import (
    PolicyCheck,
    PolicyDraftAnswer,
    PolicyDraftList,
    PolicyVersionAnswer,
    check_answer,
    draft_answer,
    draft_row,
    draft_tag,
    version_answer,
)
from approvals.api.policy_base import (
    IF_MATCH,
    DocumentAPIView,
    PolicyAPIView,
    ident_of,
    read_text,
    require_editor,
    require_reader,
)
from approvals.api.policy_bodies import DraftSubmission, PolicyText
from approvals.models import PolicyDraft
from approvals.selectors.policy_drafts import get_draft, list_open_drafts
from approvals.services.drafts import (
    StaleDraft,
    create_draft,
    discard_draft,
    save_draft,
    submit_for_review,
)
from govapp.common.api.bodies import parse_body
from govapp.common.api.openapi import EVERYWHERE, WITH_BODY, WITH_ENTITY_TAG, problems
from govapp.common.api.views import require_entity_tag
from govapp.common.errors import Stale
from govapp.common.ids import public_id

_TEXTS = {"application/json": PolicyText, "application/yaml": str}


class PolicyCheckView(DocumentAPIView):
    """`/api/v1/policies/check`."""

    @extend_schema(
        operation_id="policies_check",
        summary="Check a document",
        request=_TEXTS,
        responses={200: PolicyCheck, **problems(*WITH_BODY)},
    )
    def post(self, request: Request) -> Response:
        """Say what a document says, or everything that is wrong with it. Nothing is kept."""
        # Its remarks say who may approve what.
        require_reader(self.member)
        return Response(check_answer(read_text(request).source or ""))


class PolicyDrafts(DocumentAPIView):
    """`/api/v1/policies/drafts`."""

    @extend_schema(
        operation_id="policy_drafts_list",
        summary="List the open drafts",
        responses={200: PolicyDraftList, **problems(*EVERYWHERE, 403)},
    )
    def get(self, request: Request) -> Response:
        """Return the drafts that are being written, the last saved first."""
        require_editor(self.member)
        return Response(PolicyDraftList([draft_row(each) for each in list_open_drafts()]))

    @extend_schema(
        operation_id="policy_drafts_create",
        summary="Begin a draft",
        request=_TEXTS,
        responses={201: PolicyDraftAnswer, **problems(*WITH_BODY)},
    )
    def post(self, request: Request) -> Response:
        """Keep a text as a draft on top of the live version. It need not be a policy yet."""
        body = read_text(request)
        draft = create_draft(actor=self.member, source=body.source or "", title=body.title or "")
        response = _shown(draft, status=201)
        response["Location"] = f"/api/v1/policies/drafts/{draft.public_id}"
        return response


class PolicyDraftDetail(DocumentAPIView):
    """`/api/v1/policies/drafts/{id}`."""

    @extend_schema(
        operation_id="policy_drafts_read",
        summary="Read a draft",
        responses={200: PolicyDraftAnswer, **problems(*EVERYWHERE, 403)},
    )
    def get(self, request: Request, draft_id: UUID) -> Response:
        """Return the draft; with `Accept: application/yaml` its text as it was written."""
        require_editor(self.member)
        return _shown(_find(draft_id))

    @extend_schema(
        operation_id="policy_drafts_save",
        summary="Save a draft",
        parameters=[IF_MATCH],
        request=_TEXTS,
        responses={200: PolicyDraftAnswer, **problems(*WITH_BODY, *WITH_ENTITY_TAG)},
    )
    def put(self, request: Request, draft_id: UUID) -> Response:
        """Replace the text. A JSON document keeps the comments of the text that is there."""
        require_editor(self.member)
        draft = _find(draft_id)
        require_entity_tag(request, draft_tag(draft))
        body = read_text(request, former=draft.source)
        try:
            saved = save_draft(
                actor=self.member,
                draft_id=draft_id,
                revision=draft.revision,
                source=body.source or "",
                title=body.title,
            )
        except StaleDraft as stale:
            raise Stale(stale.detail) from stale
        return _shown(saved)

    @extend_schema(
        operation_id="policy_drafts_discard",
        summary="Discard a draft",
        parameters=[IF_MATCH],
        responses={
            204: OpenApiResponse(None, "Discarded"),
            **problems(*WITH_BODY, *WITH_ENTITY_TAG),
        },
    )
    def delete(self, request: Request, draft_id: UUID) -> Response:
        """Put the draft away. The record keeps that it was there."""
        require_editor(self.member)
        draft = _find(draft_id)
        require_entity_tag(request, draft_tag(draft))
        discard_draft(actor=self.member, draft_id=draft_id, revision=draft.revision)
        return Response(status=204)


class PolicyDraftSubmit(PolicyAPIView):
    """`/api/v1/policies/drafts/{id}/submit`."""

    known_parameters: ClassVar[tuple[str, ...]] = ()

    @extend_schema(
        operation_id="policy_drafts_submit",
        summary="Send a draft to review",
        parameters=[IF_MATCH],
        request=DraftSubmission,
        responses={201: PolicyVersionAnswer, **problems(*WITH_BODY, *WITH_ENTITY_TAG)},
    )
    def post(self, request: Request, draft_id: UUID) -> Response:
        """Make an immutable version of the draft; somebody else confirms it."""
        require_editor(self.member)
        body = parse_body(request.data, DraftSubmission)
        draft = _find(draft_id)
        require_entity_tag(request, draft_tag(draft))
        version = submit_for_review(
            actor=self.member,
            draft_id=draft_id,
            revision=draft.revision,
            remark=body.remark,
            simulation_id=ident_of("sim", body.simulation) if body.simulation else None,
        )
        response = Response(version_answer(version), status=201)
        response["Location"] = f"/api/v1/policies/{version.public_id}"
        return response


def _find(draft_id: UUID) -> PolicyDraft:
    return get_draft(public_id("pd", draft_id))


def _shown(draft: PolicyDraft, status: int = 200) -> Response:
    response = Response(draft_answer(draft), status=status)
    response["ETag"] = draft_tag(draft)
    response["Cache-Control"] = "private, no-cache"
    return response
