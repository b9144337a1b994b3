"""All that is under way with the tenant's rules, for the policy's first page."""

from dataclasses import dataclass

from approvals.enums import PolicyStatus
from approvals.models import PolicyDraft, PolicyVersion
from approvals.selectors.policy_drafts import list_open_drafts
from approvals.selectors.policy_pages import list_versions

_TO_COME = (PolicyStatus.SCHEDULED, PolicyStatus.IN_REVIEW)


@dataclass(frozen=True)
class Home:
    """What is to come, what is being written, and what was; each newest first."""

    scheduled: tuple[PolicyVersion, ...]
    in_review: tuple[PolicyVersion, ...]
    in_shadow: PolicyVersion | None
    drafts: tuple[PolicyDraft, ...]
    history: tuple[PolicyVersion, ...]
    versions: tuple[PolicyVersion, ...]

    @property
    def is_under_way(self) -> bool:
        return bool(self.scheduled or self.in_review)


def read_home(*, with_drafts: bool) -> Home:
    """Return what the first page lists. Two statements."""
    versions = tuple(list_versions())
    return Home(
        scheduled=tuple(each for each in versions if each.status == PolicyStatus.SCHEDULED),
        in_review=tuple(each for each in versions if each.status == PolicyStatus.IN_REVIEW),
        in_shadow=next((each for each in versions if each.is_in_shadow), None),
        drafts=tuple(list_open_drafts()) if with_drafts else (),
        history=tuple(each for each in versions if each.status not in _TO_COME),
        versions=versions,
    )
