"""Reviewing a version, and putting it live or on the schedule (domain page, section 8)."""

from datetime import datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from django.db import transaction

from approvals.audit_events import policies as events
from approvals.enums import PolicyStatus, ReviewVerdict
from approvals.models import PolicyReview, PolicyVersion
from approvals.policies import describe_policy
from approvals.selectors.policies import live_policy
from approvals.selectors.policy_reviews import (
    ReviewState,
    read_review_state,
    what_stands_in_the_way,
)
from approvals.services.policy_common import (
    check_attestation,
    check_remark,
    hold_version,
    lock_policies,
    usable,
)
from approvals.services.policy_schedule import go_live, settle
from approvals.services.policy_shadow import end_shadow
from govapp.common import clock
from govapp.common.errors import Conflict, FieldError, Forbidden, Invalid
from govapp.common.tenancy import require_tenant_id
from tenants.models import Membership, Tenant
from tenants.rules import may_edit_policy, require

OWN_PROPOSAL: Final = "You proposed this version; somebody else with compliance publishes it."
LONGEST_WAIT: Final = timedelta(days=366)
_WHO: Final = "Only members with the role compliance review policies."


@transaction.atomic
def review_policy(
    *,
    actor: Membership,
    version: PolicyVersion,
    verdict: Literal["approve", "reject"],
    attestation: str,
    remark: str = "",
) -> PolicyVersion:
    """Confirm a version in review, or reject it, which ends it; a rejection needs a remark.

    Confirming puts nothing live: that is `publish_policy`. Raises `Forbidden` (needs
    `compliance`, and somebody else than who proposed it unless the tenant says otherwise),
    `Invalid`, and `Conflict` when it is not in review, was overtaken, or was reviewed by this
    person already.
    """
    require(may_edit_policy(actor), _WHO)
    remark = check_remark(remark)
    version, tenant = _begin(actor, version)
    if verdict == "reject":
        return _reject(actor, version, attestation, remark)
    _check_way(version)
    _check_first(actor, version)
    _confirm(actor, version, tenant, check_attestation(attestation), remark)
    return version


@transaction.atomic
def publish_policy(
    *,
    actor: Membership,
    version: PolicyVersion,
    attestation: str,
    starts_at: datetime | None = None,
) -> PolicyVersion:
    """Confirm a version in review and, when enough people have, make it live or schedule it.

    Without `starts_at` it decides from now on. A version that weakens what is in force needs as
    many people as the tenant says; until then the version that is returned is still in review,
    with this confirmation kept. Raises as `review_policy` does, and `Invalid` for a start that is
    not in the future or when a flow cannot be completed by the people there are.
    """
    require(may_edit_policy(actor), "Only members with the role compliance publish policies.")
    version, tenant = _begin(actor, version)
    attestation = check_attestation(attestation)
    _check_way(version)
    _check_start(starts_at)
    policy = usable(version)
    if PolicyReview.objects.filter(version=version, reviewer=actor).exists():
        state = read_review_state(version, tenant)
    else:
        state = _confirm(actor, version, tenant, attestation, "")
    if state.still_needed:
        return version
    version.published_by, version.attestation = actor, attestation
    version.published_at = clock.now()
    version.starts_at = starts_at or version.published_at
    if starts_at is not None:
        version.status = PolicyStatus.SCHEDULED
    version.save(
        update_fields=["status", "published_by", "published_at", "starts_at", "attestation"]
    )
    if starts_at is None:
        go_live(version=version, actor=actor)
        return version
    events.policy_scheduled(
        actor=actor,
        version=version,
        local_start=_in_words(starts_at, tenant),
        reviewers=[review.reviewer for review in state.counted],
        sentences=describe_policy(policy),
        single_person=version.proposed_by_id == actor.pk,
    )
    return version


def _begin(actor: Membership, version: PolicyVersion) -> tuple[PolicyVersion, Tenant]:
    """Take the lock and return the version in review as it is now."""
    lock_policies()
    settle()
    version = hold_version(version)
    if version.status != PolicyStatus.IN_REVIEW:
        state = PolicyStatus(version.status).label.lower()
        raise Conflict(
            f"Version {version.number} is {state}; only a version in review is published."
        )
    tenant = Tenant.objects.get(pk=require_tenant_id())
    if version.proposed_by_id == actor.pk and not tenant.single_person_publishing:
        raise Forbidden(OWN_PROPOSAL)
    return version, tenant


def _check_way(version: PolicyVersion) -> None:
    _, sentence = what_stands_in_the_way(version, live_policy())
    if sentence:
        raise Conflict(sentence, code="policy_overtaken")


def _check_start(starts_at: datetime | None) -> None:
    if starts_at is None:
        return
    now = clock.now()
    if not now < starts_at <= now + LONGEST_WAIT:
        raise Invalid(
            "The start is not valid.",
            errors=[FieldError("/starts_at", "Name a time in the future, within a year.")],
        )


def _check_first(actor: Membership, version: PolicyVersion) -> None:
    if PolicyReview.objects.filter(version=version, reviewer=actor).exists():
        raise Conflict(f"You have confirmed version {version.number} already.")


def _confirm(
    actor: Membership, version: PolicyVersion, tenant: Tenant, attestation: str, remark: str
) -> ReviewState:
    review = _keep(actor, version, ReviewVerdict.APPROVE, attestation, remark)
    state = read_review_state(version, tenant)
    events.policy_reviewed(
        actor=actor, version=version, review=review, still_needed=state.still_needed
    )
    return state


def _reject(
    actor: Membership, version: PolicyVersion, attestation: str, remark: str
) -> PolicyVersion:
    if not remark:
        raise Invalid(
            "A rejection says why.",
            errors=[FieldError("/remark", "Write what has to change, for who proposed it.")],
        )
    _check_first(actor, version)
    said = attestation.strip() or f"I do not agree with version {version.number}."
    review = _keep(actor, version, ReviewVerdict.REJECT, check_attestation(said), remark)
    version.status = PolicyStatus.REJECTED
    version.save(update_fields=["status"])
    events.policy_reviewed(actor=actor, version=version, review=review, still_needed=0)
    end_shadow(version=version, actor=actor, why="it was rejected")
    return version


def _keep(
    actor: Membership, version: PolicyVersion, verdict: str, attestation: str, remark: str
) -> PolicyReview:
    review = PolicyReview(
        version=version,
        reviewer=actor,
        verdict=verdict,
        attestation=attestation,
        remark=remark,
        given_at=clock.now(),
    )
    review.save(force_insert=True)
    return review


def _in_words(moment: datetime, tenant: Tenant) -> str:
    local = moment.astimezone(ZoneInfo(tenant.time_zone))
    return f"{local.day} {local:%B %Y, %H:%M} ({tenant.time_zone})"
