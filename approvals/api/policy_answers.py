"""What members get about policies: drafts, versions, sentences, as typed structs."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from approvals.enums import PolicyEffect, PolicyStatus, SimulationStatus
from approvals.models import PolicyDraft, PolicyVersion
from approvals.policies import Policy, PolicyInvalid, Problem, describe_policy, load_policy
from approvals.selectors.policies import compiled
from approvals.selectors.policy_lint import lint_policy

Status = Annotated[str, Meta(extra_json_schema={"enum": PolicyStatus.values})]
Effect = Annotated[str, Meta(extra_json_schema={"enum": PolicyEffect.values})]


class PolicySentence(msgspec.Struct):
    """A rule in words, as every page shows it; `rule` is "default" for the last one."""

    rule: str
    sentence: str


class PolicyProblem(msgspec.Struct):
    """What is wrong with a document, where (a JSON pointer), and what to do about it."""

    pointer: str
    message: str
    line: int | None
    column: int | None


class PolicyLint(msgspec.Struct):
    """A remark on a policy that can be used: how grave (error, warning, hint), where, and what."""

    severity: str
    pointer: str
    sentence: str


class PolicyVersionRow(msgspec.Struct, kw_only=True):
    """One version in a list."""

    id: str
    number: int
    status: Status
    effect: Effect
    remark: str
    digest: str
    proposed_by: str
    proposed_at: datetime
    published_by: str | None
    published_at: datetime | None
    starts_at: datetime | None
    in_shadow: bool


class PolicyVersionAnswer(PolicyVersionRow, kw_only=True):
    """One version, whole. `source` is as it was written, `document` the same normalised."""

    attestation: str
    effect_reasons: list[str]
    sentences: list[PolicySentence]
    document: dict[str, Any]
    source: str


class PolicyVersionPage(msgspec.Struct):
    """Versions, newest first."""

    data: list[PolicyVersionRow]
    next_cursor: str | None
    has_more: bool


class PolicyCheck(msgspec.Struct, kw_only=True):
    """Whether a document is a policy, what it says, and what is odd about it."""

    valid: bool
    digest: str | None
    sentences: list[PolicySentence]
    problems: list[PolicyProblem]
    lint: list[PolicyLint]


class PolicyDraftRow(msgspec.Struct, kw_only=True):
    """Rules being written, in a list."""

    id: str
    title: str
    revision: int
    based_on: str | None
    saved_by: str
    saved_at: datetime


class PolicyDraftAnswer(PolicyDraftRow, kw_only=True):
    """Rules being written. `ETag` names the revision; a write sends it back as `If-Match`."""

    source: str
    valid: bool
    digest: str | None
    sentences: list[PolicySentence]
    problems: list[PolicyProblem]


class PolicyDraftList(msgspec.Struct):
    """The drafts that are open, the last saved first, at most twenty."""

    data: list[PolicyDraftRow]


def sentences_of(policy: Policy) -> list[PolicySentence]:
    """Return every rule and the default in words."""
    names = [*(rule.id for rule in policy.rules), "default"]
    return [
        PolicySentence(name, sentence)
        for name, sentence in zip(names, describe_policy(policy), strict=True)
    ]


def check_answer(source: str) -> PolicyCheck:
    """Return what a text says, or everything that is wrong with it."""
    return PolicyCheck(lint=_lint(source), **_checked(source))


def _lint(source: str) -> list[PolicyLint]:
    try:
        found = lint_policy(load_policy(source))
    except PolicyInvalid:
        return []
    return [PolicyLint(each.severity, each.pointer, each.sentence) for each in found]


def draft_answer(draft: PolicyDraft) -> PolicyDraftAnswer:
    """Return a draft; it need not be a policy yet."""
    return PolicyDraftAnswer(source=draft.source, **_named(draft), **_checked(draft.source))


def draft_row(draft: PolicyDraft) -> PolicyDraftRow:
    """Return a draft without its text."""
    return PolicyDraftRow(**_named(draft))


def version_row(version: PolicyVersion) -> PolicyVersionRow:
    """Return a version without what it says."""
    return PolicyVersionRow(**_row(version))


def version_answer(version: PolicyVersion) -> PolicyVersionAnswer:
    """Return a version with what it says; without sentences when it cannot be used any more."""
    try:
        sentences = sentences_of(compiled(version))
    except PolicyInvalid:
        sentences = []
    return PolicyVersionAnswer(
        attestation=version.attestation,
        effect_reasons=[each["sentence"] for each in version.effect_reasons],
        sentences=sentences,
        document=version.document,
        source=version.source,
        **_row(version),
    )


def draft_tag(draft: PolicyDraft) -> str:
    """Return the draft's entity tag."""
    return f'"r{draft.revision}"'


def version_tag(version: PolicyVersion) -> str:
    """Return the entity tag of a version: what it says never changes, how it stands does."""
    return f'"{version.number}-{version.status}"'


def _named(draft: PolicyDraft) -> dict[str, Any]:
    return {
        "id": draft.public_id,
        "title": draft.title,
        "revision": draft.revision,
        "based_on": draft.based_on.public_id if draft.based_on else None,
        "saved_by": str(draft.saved_by),
        "saved_at": draft.saved_at,
    }


def _checked(source: str) -> dict[str, Any]:
    try:
        policy = load_policy(source)
    except PolicyInvalid as invalid:
        problems = [_problem(each) for each in invalid.problems]
        return {"valid": False, "digest": None, "sentences": [], "problems": problems}
    said = sentences_of(policy)
    return {"valid": True, "digest": policy.digest, "sentences": said, "problems": []}


def _problem(problem: Problem) -> PolicyProblem:
    return PolicyProblem(problem.pointer, problem.message, problem.line, problem.column)


def _row(version: PolicyVersion) -> dict[str, Any]:
    publisher = version.published_by
    return {
        "id": version.public_id,
        "number": version.number,
        "status": version.status,
        "effect": version.effect,
        "remark": version.remark,
        "digest": version.digest,
        "proposed_by": str(version.proposed_by),
        "proposed_at": version.proposed_at,
        "published_by": str(publisher) if publisher else None,
        "published_at": version.published_at,
        "starts_at": version.starts_at,
        "in_shadow": version.is_in_shadow,
    }


class SimulationAnswer(msgspec.Struct, kw_only=True):
    """A replay. `figures` and sentences are there once it is done."""

    id: str
    status: Annotated[str, Meta(extra_json_schema={"enum": SimulationStatus.values})]
    error: str
    policy_digest: str
    draft: str | None
    version: str | None
    compared_with: str | None
    since: datetime | None
    until: datetime | None
    requested_by: str
    requested_at: datetime | None
    finished_at: datetime | None
    total: int | None
    replayed: int
    percent: int
    effect: Effect
    headline: str
    sentences: list[str]
    cautions: list[str]
    figures: dict[str, Any] | None


class SimulatedChangeRow(msgspec.Struct, kw_only=True):
    """A request that would have been decided otherwise, and why."""

    position: int
    request_id: str
    summary: str
    category: str
    agent: str
    submitted_at: datetime
    before: str
    after: str
    direction: str
    because: str
    because_before: str
    is_impossible: bool


class SimulatedChangePage(msgspec.Struct):
    """Changes in the order of the replay, newest first."""

    data: list[SimulatedChangeRow]
    next_cursor: str | None
    has_more: bool


class ApproversList(msgspec.Struct):
    """For each rule and category, who can approve, and who cannot and why."""

    data: list[dict[str, Any]]
