"""Drafts: rules while they are written. Nothing that somebody typed is ever lost to another."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from approvals.audit_events import policies as events
from approvals.models import PolicyDraft, PolicySimulation, PolicyVersion
from approvals.selectors.policies import live_policy
from approvals.services.policy_common import (
    MAX_TITLE,
    check_remark,
    check_source,
    lock_policies,
)
from approvals.services.policy_versions import attach_simulation, insert_version
from govapp.common import clock
from govapp.common.errors import Conflict, NotFound
from tenants.models import Membership
from tenants.rules import may_edit_policy, require

_WHO = "Only members with the role compliance write policies."


class StaleDraft(Conflict):
    """Somebody saved in between. `draft` is what is there now; nothing was overwritten."""

    code = "stale_draft"
    title = "Somebody else saved this draft"

    def __init__(self, draft: PolicyDraft) -> None:
        super().__init__(
            f"{draft.saved_by} saved this draft in the meantime; it is at revision"
            f" {draft.revision} now. Look at both texts, and save what is to hold."
        )
        self.draft = draft


@transaction.atomic
def create_draft(
    *,
    actor: Membership,
    source: str,
    title: str = "",
    based_on: PolicyVersion | None = None,
    rolls_back_to: PolicyVersion | None = None,
    template: Mapping[str, Any] | None = None,
    renews: PolicyVersion | None = None,
) -> PolicyDraft:
    """Begin a draft with this text, which need not be a policy yet.

    `based_on` is what the writer had in force before them: what is live now, when not given.
    `template` says what it was made from; `renews` which version's text is taken up again.
    Raises `Forbidden` (needs `compliance`) and `Invalid`.
    """
    require(may_edit_policy(actor), _WHO)
    now = clock.now()
    draft = PolicyDraft(
        title=check_remark(title, at_most=MAX_TITLE, name="title"),
        source=check_source(source),
        based_on=based_on or live_policy(),
        rolls_back_to=rolls_back_to,
        renews=renews,
        template=dict(template or {}),
        created_by=actor,
        created_at=now,
        saved_by=actor,
        saved_at=now,
    )
    draft.save(force_insert=True)
    events.draft_created(actor=actor, draft=draft)
    return draft


@transaction.atomic
def save_draft(
    *, actor: Membership, draft_id: UUID, revision: int, source: str, title: str | None = None
) -> PolicyDraft:
    """Keep a new text of a draft; whoever saves says which revision they had before them.

    A text that is no policy yet is kept too. Saving what is there already changes nothing.
    Raises `Forbidden`, `NotFound`, `Invalid`, `StaleDraft` with the draft as it is now, and
    `Conflict` when it was submitted or discarded.
    """
    require(may_edit_policy(actor), _WHO)
    source = check_source(source)
    if title is not None:
        title = check_remark(title, at_most=MAX_TITLE, name="title")
    draft = _lock_draft(draft_id)
    title = draft.title if title is None else title
    if draft.is_open and (source, title) == (draft.source, draft.title):
        return draft  # also for who comes second with the same text
    _check_open(draft, revision)
    draft.source, draft.title = source, title
    draft.revision += 1
    draft.saved_by, draft.saved_at = actor, clock.now()
    draft.save(update_fields=["source", "title", "revision", "saved_by", "saved_at"])
    events.draft_saved(actor=actor, draft=draft)
    return draft


@transaction.atomic
def discard_draft(*, actor: Membership, draft_id: UUID, revision: int) -> PolicyDraft:
    """Put a draft away; its row and its events stay. Raises as `save_draft` does."""
    require(may_edit_policy(actor), _WHO)
    draft = _lock_draft(draft_id)
    _check_open(draft, revision)
    draft.discarded_at = clock.now()
    draft.save(update_fields=["discarded_at"])
    events.draft_discarded(actor=actor, draft=draft)
    return draft


@transaction.atomic
def submit_for_review(
    *,
    actor: Membership,
    draft_id: UUID,
    revision: int,
    remark: str = "",
    simulation_id: UUID | None = None,
) -> PolicyVersion:
    """Make a version in review of a draft, which is closed by that.

    Whoever submits is the one who proposed it: somebody else reviews. Raises as `save_draft`
    does, `Invalid` with every problem of the text, and `Conflict` for a replay of other rules.
    """
    require(may_edit_policy(actor), "Only members with the role compliance propose policies.")
    remark = check_remark(remark)
    lock_policies()
    draft = _lock_draft(draft_id)
    _check_open(draft, revision)
    version = insert_version(
        actor=actor,
        source=draft.source,
        remark=remark or draft.title,
        based_on=draft.based_on,
        rolls_back_to=draft.rolls_back_to,
        draft=draft,
    )
    draft.submitted_as = version
    draft.save(update_fields=["submitted_as"])
    if simulation_id is not None:
        attach_simulation(actor=actor, version=version, simulation=_simulation(simulation_id))
    return version


def _lock_draft(draft_id: UUID) -> PolicyDraft:
    """Return the draft, held until the transaction ends: one writer at a time."""
    held = PolicyDraft.objects.select_for_update().filter(pk=draft_id).first()
    if held is None:
        raise NotFound("There is no such draft here.")
    related = ("saved_by__user", "created_by__user", "based_on", "rolls_back_to", "submitted_as")
    return PolicyDraft.objects.select_related(*related).get(pk=held.pk)


def _check_open(draft: PolicyDraft, revision: int) -> None:
    if draft.submitted_as is not None:
        raise Conflict(
            f"This draft was submitted as version {draft.submitted_as.number};"
            " begin a new one from it."
        )
    if draft.discarded_at is not None:
        raise Conflict("This draft was discarded; begin a new one.")
    if draft.revision != revision:
        raise StaleDraft(draft)


def _simulation(simulation_id: UUID) -> PolicySimulation:
    found = PolicySimulation.objects.select_for_update().filter(pk=simulation_id).first()
    if found is None:
        raise NotFound("There is no such replay here.")
    return found
