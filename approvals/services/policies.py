"""Versions of the tenant's rules: proposed by one person, confirmed and published by others.

This is the door to all of it; the parts are in `policy_versions` (how one is made),
`policy_publishing` (review and going live), `policy_schedule` (its time) and `policy_shadow`.
"""

from django.db import transaction

from approvals.audit_events import policies as events
from approvals.enums import PolicyStatus
from approvals.models import PolicyDraft, PolicyVersion
from approvals.selectors.policies import live_policy
from approvals.selectors.policy_pages import text_of
from approvals.services.drafts import create_draft, submit_for_review
from approvals.services.policy_common import (
    check_remark,
    hold_version,
    lock_policies,
    read_policy,
)
from approvals.services.policy_publishing import OWN_PROPOSAL, publish_policy, review_policy
from approvals.services.policy_schedule import settle
from approvals.services.policy_shadow import end_shadow, start_shadow, stop_shadow
from approvals.services.policy_versions import insert_version
from govapp.common.errors import Conflict, Forbidden
from tenants.models import Membership
from tenants.rules import may_edit_policy, require

__all__ = [
    "OWN_PROPOSAL",
    "propose_policy",
    "publish_policy",
    "read_policy",
    "renew_version",
    "review_policy",
    "roll_back",
    "start_shadow",
    "stop_shadow",
    "withdraw_policy",
]

_WHO = "Only members with the role compliance propose policies."


@transaction.atomic
def propose_policy(
    *,
    actor: Membership,
    source: str,
    remark: str = "",
    based_on: PolicyVersion | None = None,
) -> PolicyVersion:
    """Store a version in review, made from YAML or JSON text, without a draft.

    `based_on` is what the writer had in force before them: what is live now, when not given.
    Raises `Forbidden` (needs `compliance`) and `Invalid` with every problem: a JSON pointer, and
    line and column in words where the text shows them.
    """
    require(may_edit_policy(actor), _WHO)
    remark = check_remark(remark)
    lock_policies()
    return insert_version(
        actor=actor, source=source, remark=remark, based_on=based_on or live_policy()
    )


@transaction.atomic
def withdraw_policy(
    *, actor: Membership, version: PolicyVersion, remark: str = ""
) -> PolicyVersion:
    """Take a version back: in review by who proposed it, scheduled by anybody with `compliance`.

    What is live goes on deciding. Raises `Forbidden`, `Invalid`, and `Conflict` when it is
    neither in review nor scheduled, or its time has come.
    """
    require(may_edit_policy(actor), "Only members with the role compliance withdraw policies.")
    remark = check_remark(remark)
    lock_policies()
    settle()
    version = hold_version(version)
    was = version.status
    if was not in (PolicyStatus.IN_REVIEW, PolicyStatus.SCHEDULED):
        raise Conflict(
            f"Version {version.number} is {PolicyStatus(was).label.lower()}; only a version in"
            " review or scheduled is withdrawn."
        )
    if was == PolicyStatus.IN_REVIEW and version.proposed_by_id != actor.pk:
        raise Forbidden(f"{version.proposed_by} proposed this version; you may reject it.")
    version.status = PolicyStatus.WITHDRAWN
    version.save(update_fields=["status"])
    events.policy_withdrawn(actor=actor, version=version, was=was, remark=remark)
    end_shadow(version=version, actor=actor, why="it was withdrawn")
    return version


@transaction.atomic
def roll_back(*, actor: Membership, version: PolicyVersion, remark: str = "") -> PolicyVersion:
    """Propose an older version's text again, on top of what is live: reviewed like any change.

    Returns the new version in review; its draft is kept beside it. Raises `Forbidden`, `Invalid`
    when the old text is no policy any more, and `Conflict` when it never was live, or is.
    """
    require(may_edit_policy(actor), _WHO)
    lock_policies()
    settle()
    version = hold_version(version)
    if version.status != PolicyStatus.ARCHIVED:
        raise Conflict(
            f"Version {version.number} is {PolicyStatus(version.status).label.lower()}; only a"
            " version that was live before can come back."
        )
    draft = create_draft(
        actor=actor,
        source=text_of(version),
        title=f"Back to version {version.number}",
        rolls_back_to=version,
    )
    return submit_for_review(actor=actor, draft_id=draft.pk, revision=draft.revision, remark=remark)


@transaction.atomic
def renew_version(*, actor: Membership, version: PolicyVersion) -> PolicyDraft:
    """Begin a draft with a version's text on top of what is live now.

    For a version that something else overtook: its text is kept as it was, the draft knows which
    version it renews, and its page shows both beside what went live in the meantime.
    """
    require(may_edit_policy(actor), "Only members with the role compliance write policies.")
    lock_policies()
    settle()
    version = hold_version(version)
    live = live_policy()
    above = f" on top of version {live.number}" if live else ""
    return create_draft(
        actor=actor,
        source=text_of(version),
        title=f"Version {version.number}{above}",
        based_on=live,
        rolls_back_to=version.rolls_back_to,
        renews=version,
    )
