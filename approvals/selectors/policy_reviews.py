"""Who has confirmed a version, and who is still needed before it may go live."""

from dataclasses import dataclass

from approvals.enums import PolicyEffect, PolicyStatus, ReviewVerdict, SimulationStatus
from approvals.models import PolicyReview, PolicySimulation, PolicyVersion
from tenants.enums import MemberStatus, Role
from tenants.models import Membership, Tenant
from tenants.rules import may_edit_policy

_LOOSER = (PolicyEffect.WEAKENS, PolicyEffect.BOTH)


@dataclass(frozen=True)
class ReviewState:
    """How far the review of a version has come.

    `counted` are the confirmations that count now: by people who still have the role. Whoever
    proposed the version counts only where the tenant lets one person do both.
    """

    version: PolicyVersion
    reviews: tuple[PolicyReview, ...]
    counted: tuple[PolicyReview, ...]
    needed: int
    candidates: tuple[Membership, ...]
    why: str

    @property
    def still_needed(self) -> int:
        return max(0, self.needed - len(self.counted))

    @property
    def is_short_of_people(self) -> bool:
        """Whether there are too few people with the role for this version ever to go live."""
        return self.still_needed > len(self.candidates)

    @property
    def is_complete(self) -> bool:
        return not self.still_needed


def read_review_state(version: PolicyVersion, tenant: Tenant) -> ReviewState:
    """Return who has confirmed this version and who could. Three statements."""
    alone = tenant.single_person_publishing
    reviews = tuple(
        PolicyReview.objects.filter(version=version)
        .select_related("reviewer__user")
        .order_by("given_at", "id")
    )
    counted = tuple(
        review
        for review in reviews
        if review.verdict == ReviewVerdict.APPROVE
        and may_edit_policy(review.reviewer)
        and (alone or review.reviewer_id != version.proposed_by_id)
    )
    said = {review.reviewer_id for review in reviews}
    candidates = tuple(
        member
        for member in Membership.objects.filter(
            status=MemberStatus.ACTIVE, user__is_active=True, roles__contains=[Role.COMPLIANCE]
        )
        .select_related("user")
        .order_by("user__name", "id")
        if member.pk not in said and (alone or member.pk != version.proposed_by_id)
    )
    why = _why_more(version)
    needed = max(1, tenant.weakening_reviewers) if why else 1
    return ReviewState(version, reviews, counted, needed, candidates, why)


def _why_more(version: PolicyVersion) -> str:
    """Return why a version needs as many people as a weakening does, or an empty string."""
    if version.effect in _LOOSER:
        return "It weakens what is in force."
    if version.effect == PolicyEffect.UNKNOWN:
        return "Whether it weakens what is in force cannot be told from its rules."
    replays = PolicySimulation.objects.filter(
        version=version, status=SimulationStatus.DONE, effect__in=_LOOSER
    )
    if replays.exists():
        return "Replayed on what was really asked, it lets more through than was let through then."
    return ""


def what_stands_in_the_way(
    version: PolicyVersion, live: PolicyVersion | None
) -> tuple[PolicyVersion | None, str]:
    """Return the version because of which this one cannot go live, and the sentence for it.

    Publishing would undo a version that went live after this one was written; and one that is
    scheduled would undo this one when its time comes. Empty when nothing is in the way.
    """
    if live is not None and version.based_on_id != live.pk:
        written = (
            f"on top of version {version.based_on.number}"
            if version.based_on
            else "when nothing was live"
        )
        return live, (
            f"Version {live.number} went live in the meantime; version {version.number} was"
            f" written {written} and would undo it. Take its text up again on top of version"
            f" {live.number}."
        )
    waiting = (
        PolicyVersion.objects.filter(status=PolicyStatus.SCHEDULED)
        .exclude(pk__in=[version.pk, *([live.pk] if live else [])])
        .defer("source", "document")
        .first()
    )
    if waiting is not None:
        return waiting, (
            f"Version {waiting.number} is scheduled and would undo this one when its time comes."
            f" Withdraw version {waiting.number} first, or wait for it."
        )
    return None, ""
