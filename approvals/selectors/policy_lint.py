"""What is doubtful about a policy, in sentences for whoever writes it."""

from collections.abc import Callable, Iterator
from typing import Final

from approvals.linting.absences import find_absences
from approvals.linting.contradictions import find_contradictions
from approvals.linting.doubts import find_doubtful_fields
from approvals.linting.escalations import find_empty_escalations
from approvals.linting.lint import Lint, Matter
from approvals.linting.names import find_unknown_names
from approvals.linting.office import find_uncounted_hours
from approvals.linting.outcomes import find_wide_allowances
from approvals.linting.overlaps import find_overlaps
from approvals.linting.quorums import find_thin_quorums
from approvals.linting.types import find_wrong_types
from approvals.policies import Policy
from approvals.selectors.reachability import find_obstacles
from approvals.selectors.staff import Staff, read_staff

__all__ = ["Lint", "lint_policy"]

# Every submission is looked through, with the tenant's rules or those that all begin with.
RUNS_GUARDRAILS: Final = True
_GRAVEST_FIRST: Final = ("error", "warning", "hint")
_CHECKS: Final[tuple[Callable[[Matter], Iterator[Lint]], ...]] = (
    find_thin_quorums,
    find_absences,
    find_empty_escalations,
    find_uncounted_hours,
    find_contradictions,
    find_overlaps,
    find_wide_allowances,
    find_unknown_names,
    find_doubtful_fields,
    find_wrong_types,
)


def lint_policy(policy: Policy, staff: Staff | None = None) -> list[Lint]:
    """Return every remark, the gravest first, then in the document's order.

    Errors are what keeps it from being published (`find_obstacles`). Seven statements however
    many rules there are, none when `staff` is at hand.
    """
    staff = staff or read_staff()
    errors = [
        Lint("error", problem.pointer, problem.message) for problem in find_obstacles(policy, staff)
    ]
    matter = Matter(policy, staff, RUNS_GUARDRAILS)
    found = dict.fromkeys([*errors, *(lint for check in _CHECKS for lint in check(matter))])
    return sorted(found, key=lambda lint: _GRAVEST_FIRST.index(lint.severity))
