"""Which rules hold, and the engine that was made from them."""

from django.db.models import QuerySet

from approvals.enums import PolicyStatus
from approvals.models import PolicyVersion
from approvals.policies import Policy, PolicyInvalid, Problem, parse_policy


def live_policy() -> PolicyVersion | None:
    """Return the version that is live, without its text: `compiled` reads that when it must."""
    return (
        PolicyVersion.objects.filter(status=PolicyStatus.LIVE)
        .only("id", "tenant_id", "number", "status", "digest")
        .first()
    )


def policy_versions() -> QuerySet[PolicyVersion]:
    """Return every version, newest first, with who proposed and who published it."""
    return PolicyVersion.objects.select_related("proposed_by__user", "published_by__user").order_by(
        "-number"
    )


_compiled: dict[str, Policy] = {}
_MOST = 512


def compiled(version: PolicyVersion) -> Policy:
    """Return the version's policy, compiled once per process and digest.

    Raises `PolicyInvalid` for what this engine cannot use; the caller must fail closed.
    """
    policy = _compiled.get(version.digest)
    if policy is None:
        policy = parse_policy(version.document)
        if policy.digest != version.digest:
            raise PolicyInvalid([Problem("", "the stored document is not what its digest says")])
        if len(_compiled) >= _MOST:
            _compiled.pop(next(iter(_compiled)))
        _compiled[version.digest] = policy
    return policy
