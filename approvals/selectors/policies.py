"""Which rules hold, and the engine that was made from them."""

from collections import OrderedDict
from threading import Lock
from typing import Final

from django.db.models import QuerySet

from approvals.enums import PolicyStatus
from approvals.models import PolicyVersion
from approvals.policies import Policy, PolicyInvalid, Problem, parse_policy
from govapp.common.clock import Now

_KEPT: Final = 256
_compiled: OrderedDict[str, Policy] = OrderedDict()
_lock = Lock()


def live_policy() -> PolicyVersion | None:
    """Return the version that decides now, or None when none was ever published.

    By the database's clock: a version that is scheduled decides from its time on, whether or not
    the sweep has been there to move its status. Without its text, which every submission would
    read for nothing: `compiled` reads that when it must.
    """
    return in_force(PolicyVersion.objects.defer("source", "document")).first()


def in_force(versions: QuerySet[PolicyVersion]) -> QuerySet[PolicyVersion]:
    """Return what has started among the live and the scheduled, what decides now first."""
    return versions.filter(
        status__in=[PolicyStatus.LIVE, PolicyStatus.SCHEDULED], starts_at__lte=Now()
    ).order_by("-starts_at")


def policy_versions() -> QuerySet[PolicyVersion]:
    """Return every version, newest first, with who proposed and who published it."""
    return PolicyVersion.objects.select_related("proposed_by__user", "published_by__user").order_by(
        "-number"
    )


def compiled(version: PolicyVersion) -> Policy:
    """Return the compiled policy of a version. The 256 used last are kept in this process.

    Raises `approvals.policies.PolicyInvalid` for a document that this version of the engine
    cannot use, and for one that is not what its digest says: the caller must fail closed.
    """
    with _lock:
        known = _compiled.get(version.digest)
        if known is not None:
            _compiled.move_to_end(version.digest)
            return known
    policy = parse_policy(version.document)
    if policy.digest != version.digest:
        raise PolicyInvalid([Problem("", "the stored document is not what its digest says")])
    with _lock:
        _compiled[version.digest] = policy
        while len(_compiled) > _KEPT:
            _compiled.popitem(last=False)
    return policy
