"""When a version begins to decide, and the one before it ends.

A version decides from its `starts_at` on by the database's clock, whatever its status says
(`selectors.policies.live_policy`). What is done here is the book-keeping for it: exactly once,
under the lock of the policies, by whoever comes first.
"""

from typing import Final

import structlog
from django.db import connection

from approvals.audit_events import policies as events
from approvals.doors import due_policies
from approvals.enums import PolicyStatus
from approvals.models import PolicyVersion
from approvals.policies import PolicyInvalid, describe_policy
from approvals.selectors.policies import compiled
from approvals.selectors.policy_reviews import read_review_state
from approvals.services.policy_shadow import end_shadow
from govapp.common import clock
from govapp.common.tenancy import require_tenant_id, tenant_transaction
from tenants.models import Membership, Tenant

log = structlog.get_logger(__name__)

_TRY_LOCK: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"


def sweep(*, at_most: int = 500) -> int:
    """Do the book-keeping of what has started, in all tenants; return how many went live.

    Any number of sweepers may run at once. Policies that somebody is changing at this moment are
    left to them: every change settles first what has started.
    """
    done = 0
    for row in due_policies.call(at_most):
        try:
            with tenant_transaction(row["tenant_id"]):
                if _try_lock():
                    done += settle()
        except Exception:
            log.exception("policies.tenant_failed", tenant=str(row["tenant_id"]))
    return done


def settle() -> int:
    """Move what has started to live and what it replaces to the archive. The lock is held."""
    due = (
        PolicyVersion.objects.filter(status=PolicyStatus.SCHEDULED, starts_at__lte=clock.now())
        .select_related("proposed_by__user", "published_by__user")
        .first()
    )
    if due is None:
        return 0
    go_live(version=due, actor=None)
    return 1


def go_live(*, version: PolicyVersion, actor: Membership | None) -> None:
    """Make this version the live one and archive the former. The lock is held."""
    former = PolicyVersion.objects.filter(status=PolicyStatus.LIVE).defer("document").first()
    if former is not None:
        former.status = PolicyStatus.ARCHIVED
        former.save(update_fields=["status"])
    version.status = PolicyStatus.LIVE
    version.save(update_fields=["status"])
    state = read_review_state(version, Tenant.objects.get(pk=require_tenant_id()))
    events.policy_published(
        actor=actor,
        version=version,
        former=former,
        reviewers=[review.reviewer for review in state.counted],
        sentences=sentences_of(version),
        single_person=version.published_by_id == version.proposed_by_id,
    )
    end_shadow(version=version, actor=actor, why="it went live")


def sentences_of(version: PolicyVersion) -> list[str]:
    """Return what the version says; nothing when this engine cannot read it any more."""
    try:
        return describe_policy(compiled(version))
    except PolicyInvalid:
        return []


def _try_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_TRY_LOCK, [f"policies:{require_tenant_id()}"])
        (held,) = cursor.fetchone()
    return bool(held)
