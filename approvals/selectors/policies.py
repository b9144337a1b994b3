"""Reading policies."""

from approvals.enums import PolicyStatus
from approvals.models import PolicyVersion
from approvals.policies import Policy, parse_policy


def live_policy() -> PolicyVersion | None:
    """Return the version that is live, without its text: `compiled` reads that when it must."""
    return (
        PolicyVersion.objects.filter(status=PolicyStatus.LIVE)
        .only("id", "tenant_id", "number", "status", "digest")
        .first()
    )


_compiled: dict[str, Policy] = {}
_MOST = 512


def compiled(version: PolicyVersion) -> Policy:
    """Return the version's policy, compiled once per process and digest. Raises PolicyInvalid."""
    policy = _compiled.get(version.digest)
    if policy is None:
        policy = parse_policy(version.document)
        if len(_compiled) >= _MOST:
            _compiled.pop(next(iter(_compiled)))
        _compiled[version.digest] = policy
    return policy
