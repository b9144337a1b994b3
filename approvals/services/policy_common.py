"""What every change of a tenant's policies goes through: the lock, the text, the people."""

from typing import Final

from django.db import connection

from approvals.models import PolicyVersion
from approvals.policies import Policy, PolicyInvalid, Problem, load_policy
from approvals.policies.limits import DOCUMENT_BYTES
from approvals.selectors.policies import compiled
from approvals.selectors.reachability import find_obstacles
from govapp.common.errors import FieldError, Invalid
from govapp.common.tenancy import require_tenant_id

MAX_TEXT: Final = 500
MAX_TITLE: Final = 120


def lock_policies() -> None:
    """One writer of a tenant's policies at a time, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"policies:{require_tenant_id()}"],
        )


def hold_version(version: PolicyVersion) -> PolicyVersion:
    """Return the version as it is now, with its people. The lock is held."""
    related = ("proposed_by__user", "published_by__user", "based_on", "rolls_back_to")
    return PolicyVersion.objects.select_related(*related).get(pk=version.pk)


def read_policy(source: str) -> Policy:
    """Return the policy that the text says; raise `Invalid` with every problem and its place."""
    try:
        return load_policy(source)
    except PolicyInvalid as invalid:
        raise refusal("The policy is not valid.", invalid.problems) from invalid


def usable(version: PolicyVersion) -> Policy:
    """Return the policy of a version that can decide: raise `Invalid` when a flow is impossible."""
    try:
        policy = compiled(version)
    except PolicyInvalid as invalid:
        raise refusal("The policy can no longer be used.", invalid.problems) from invalid
    if problems := find_obstacles(policy):
        raise refusal("The people there are could not complete a flow.", problems)
    return policy


def check_remark(remark: str, *, at_most: int = MAX_TEXT, name: str = "remark") -> str:
    """Return what somebody wrote; raise `Invalid` when it is too long or cannot be stored."""
    remark = remark.strip()
    if len(remark) > at_most or not _is_storable(remark):
        raise Invalid(
            f"The {name} is not valid.",
            errors=[FieldError(f"/{name}", f"Write at most {at_most} characters.")],
        )
    return remark


def check_attestation(attestation: str) -> str:
    """Return what somebody confirmed; raise `Invalid` when it is nothing or too much."""
    attestation = attestation.strip()
    if not attestation or len(attestation) > MAX_TEXT or not _is_storable(attestation):
        raise Invalid(
            "An attestation is needed.",
            errors=[FieldError("/attestation", f"Confirm in 1 to {MAX_TEXT} characters.")],
        )
    return attestation


def check_source(source: str) -> str:
    """Return a text that may not be a policy yet; raise `Invalid` when it cannot be kept."""
    # Whatever is in it is shown with its place later; only what no column holds is refused.
    if not _is_storable(source) or len(source.encode()) > DOCUMENT_BYTES:
        detail = (
            f"Write at most {DOCUMENT_BYTES // 1024} KiB, without control characters of value 0."
        )
        raise Invalid("The text cannot be kept.", errors=[FieldError("/source", detail)])
    return source


def refusal(detail: str, problems: list[Problem] | tuple[Problem, ...]) -> Invalid:
    """Return the refusal that says where a policy is wrong."""
    return Invalid(
        detail,
        code="invalid_policy",
        errors=[FieldError(each.pointer, problem_sentence(each)) for each in problems],
    )


def problem_sentence(problem: Problem) -> str:
    """Return a problem as a sentence, with line and column where the text shows them."""
    message = f"{problem.message[:1].upper()}{problem.message[1:]}"
    if problem.line is None:
        return message
    return f"Line {problem.line}, column {problem.column}: {message}"


def _is_storable(text: str) -> bool:
    """Whether PostgreSQL can hold the text: no NUL, no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= each <= "\udfff" for each in text)
