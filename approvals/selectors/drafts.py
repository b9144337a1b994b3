"""Drafts of the policy: those that are being written, and one by its name."""

from django.db.models import QuerySet

from approvals.models import PolicyDraft
from govapp.common.errors import NotFound
from govapp.common.ids import InvalidId, parse_public_id


def open_drafts() -> QuerySet[PolicyDraft]:
    """Return the drafts that were neither submitted nor discarded, the last saved first."""
    return _drafts().filter(submitted_as=None, discarded_at=None).order_by("-saved_at", "-id")


def get_draft(public_id: str) -> PolicyDraft:
    """Return the draft with this public id, open or not; raise `NotFound`."""
    try:
        ident = parse_public_id("pd", public_id)
    except InvalidId as error:
        raise NotFound(str(error)) from None
    found = _drafts().filter(pk=ident).first()
    if found is None:
        raise NotFound("There is no such draft here.")
    return found


def _drafts() -> QuerySet[PolicyDraft]:
    return PolicyDraft.objects.select_related(
        "based_on", "created_by__user", "saved_by__user", "submitted_as"
    )
