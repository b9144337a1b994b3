"""Versions of the tenant's rules: proposed by one person, published by another."""

from typing import Final

from django.db import connection, transaction
from django.db.models import Max

from approvals.audit_events import configuration as events
from approvals.enums import PolicyStatus
from approvals.models import PolicyVersion
from approvals.policies import Policy, PolicyInvalid, Problem, describe_policy, load_policy
from approvals.selectors.policies import compiled, live_policy
from approvals.selectors.reachability import find_obstacles
from govapp.common import clock
from govapp.common.errors import Conflict, FieldError, Forbidden, Invalid
from govapp.common.tenancy import require_tenant_id
from tenants.models import Membership, Tenant
from tenants.rules import may_edit_policy, require

MAX_TEXT: Final = 500
OWN_PROPOSAL: Final = "You proposed this version; somebody else with compliance publishes it."


@transaction.atomic
def propose_policy(*, actor: Membership, source: str, remark: str = "") -> PolicyVersion:
    """Store a version in review, made from YAML or JSON text.

    Raises `Forbidden` (needs `compliance`) and `Invalid` with every problem: a JSON pointer, and
    line and column in words where the text shows them.
    """
    require(may_edit_policy(actor), "Only members with the role compliance propose policies.")
    if len(remark) > MAX_TEXT or "\0" in remark:
        raise Invalid(
            "The remark is not valid.",
            errors=[FieldError("/remark", f"Write at most {MAX_TEXT} characters.")],
        )
    policy = read_policy(source)
    _lock_policies()
    highest = PolicyVersion.objects.aggregate(highest=Max("number"))["highest"] or 0
    version = PolicyVersion(
        number=highest + 1,
        source=source,
        document=policy.document,
        digest=policy.digest,
        remark=remark,
        proposed_by=actor,
        proposed_at=clock.now(),
    )
    version.save(force_insert=True)
    events.policy_proposed(actor=actor, version=version, sentences=describe_policy(policy))
    return version


@transaction.atomic
def publish_policy(*, actor: Membership, version: PolicyVersion, attestation: str) -> PolicyVersion:
    """Make a version in review the one that decides, and archive the one before it.

    Raises `Forbidden` (needs `compliance`, and somebody else than who proposed it unless the
    tenant says otherwise), `Conflict` when it is not in review, `Invalid` without an attestation
    and when a flow cannot be completed by the people there are.
    """
    require(may_edit_policy(actor), "Only members with the role compliance publish policies.")
    _lock_policies()
    version = PolicyVersion.objects.select_related("proposed_by__user").get(pk=version.pk)
    if version.status != PolicyStatus.IN_REVIEW:
        raise Conflict(
            f"Version {version.number} is {version.status}; only a version in review is published."
        )
    tenant = Tenant.objects.get(pk=require_tenant_id())
    is_same_person = version.proposed_by_id == actor.pk
    if is_same_person and not tenant.single_person_publishing:
        raise Forbidden(OWN_PROPOSAL)
    attestation = attestation.strip()
    if not attestation or len(attestation) > MAX_TEXT or "\0" in attestation:
        raise Invalid(
            "An attestation is needed.",
            errors=[FieldError("/attestation", f"Confirm in 1 to {MAX_TEXT} characters.")],
        )
    policy = _usable(version)
    former = live_policy()
    if former is not None:
        former.status = PolicyStatus.ARCHIVED
        former.save(update_fields=["status"])
    version.status = PolicyStatus.LIVE
    version.published_by = actor
    version.published_at = version.starts_at = clock.now()
    version.attestation = attestation
    version.save(
        update_fields=["status", "published_by", "published_at", "starts_at", "attestation"]
    )
    events.policy_published(
        actor=actor,
        version=version,
        former=former,
        sentences=describe_policy(policy),
        single_person=is_same_person,
    )
    return version


def read_policy(source: str) -> Policy:
    """Return the policy that the text says; raise `Invalid` with every problem and its place."""
    try:
        return load_policy(source)
    except PolicyInvalid as invalid:
        raise _refusal("The policy is not valid.", invalid.problems) from invalid


def _usable(version: PolicyVersion) -> Policy:
    try:
        policy = compiled(version)
    except PolicyInvalid as invalid:
        raise _refusal("The policy can no longer be used.", invalid.problems) from invalid
    if problems := find_obstacles(policy):
        raise _refusal("The people there are could not complete a flow.", problems)
    return policy


def _refusal(detail: str, problems: list[Problem] | tuple[Problem, ...]) -> Invalid:
    return Invalid(
        detail,
        code="invalid_policy",
        errors=[FieldError(each.pointer, _sentence(each)) for each in problems],
    )


def _sentence(problem: Problem) -> str:
    message = f"{problem.message[:1].upper()}{problem.message[1:]}"
    if problem.line is None:
        return message
    return f"Line {problem.line}, column {problem.column}: {message}"


def _lock_policies() -> None:
    """One writer of a tenant's policies at a time, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"policies:{require_tenant_id()}"],
        )
