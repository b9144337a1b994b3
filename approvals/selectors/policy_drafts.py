"""Drafts of the policy, for the pages that show and open them."""

from django.db.models import QuerySet

from approvals.models import PolicyDraft
from govapp.common.errors import NotFound
from govapp.common.ids import InvalidId, parse_public_id

DRAFTS_SHOWN = 20


def list_open_drafts() -> list[PolicyDraft]:
    """Return the drafts that are being written, last saved first. One statement."""
    rows = _rows().filter(submitted_as=None, discarded_at=None).defer("source")
    return list(rows.order_by("-saved_at", "-pk")[:DRAFTS_SHOWN])


def get_draft(ident: str) -> PolicyDraft:
    """Return the draft with this public id, open or not; raise `NotFound`. One statement."""
    try:
        pk = parse_public_id("pd", ident)
    except InvalidId as error:
        raise NotFound(str(error)) from None
    found = _rows().filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such draft here.")
    return found


def _rows() -> QuerySet[PolicyDraft]:
    return PolicyDraft.objects.select_related(
        "saved_by__user", "created_by__user", "based_on", "submitted_as"
    ).defer("based_on__source", "based_on__document", "submitted_as__source",
            "submitted_as__document")  # fmt: skip
