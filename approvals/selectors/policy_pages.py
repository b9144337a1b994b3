"""A policy version as people read it: sentences, and what changed in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from approvals.enums import PolicyStatus
from approvals.models import PolicyVersion
from approvals.policies import PolicyInvalid, describe_policy
from approvals.selectors.policies import compiled, policy_versions
from govapp.common.errors import NotFound
from govapp.common.ids import InvalidId, parse_public_id

VERSIONS_SHOWN: Final = 100


@dataclass(frozen=True)
class Line:
    """One sentence of a comparison: `add`, `del` or `same`."""

    op: str
    text: str


@dataclass(frozen=True)
class RuleLine:
    """One rule as a sentence. The default at the end has no note."""

    rule_id: str
    sentence: str
    note: str


@dataclass(frozen=True)
class VersionPage:
    """One version, and what differs from the one it follows."""

    version: PolicyVersion
    rules: tuple[RuleLine, ...]
    unusable: str
    compared_with: PolicyVersion | None
    changes: tuple[Line, ...]

    @property
    def changed(self) -> bool:
        return any(line.op != "same" for line in self.changes)


def list_versions() -> list[PolicyVersion]:
    """Return the last versions without their text, newest first. One statement."""
    return list(policy_versions().defer("source", "document")[:VERSIONS_SHOWN])


def live_version() -> PolicyVersion | None:
    """Return the live version with its text and people. One statement."""
    return policy_versions().filter(status=PolicyStatus.LIVE).first()


def find_version(public_id: str) -> PolicyVersion:
    """Return the version with this public id. Raises `NotFound`."""
    try:
        ident = parse_public_id("pv", public_id)
    except InvalidId as error:
        raise NotFound(str(error)) from None
    found = policy_versions().filter(pk=ident).first()
    if found is None:
        raise NotFound("There is no such version here.")
    return found


def read_version(version: PolicyVersion) -> VersionPage:
    """Return the page of a version. One statement, for the version before it.

    A draft is compared with what is live; any other version with the last one published before.
    """
    rules, unusable = _rules(version)
    former = _former(version)
    before = [line.sentence for line in _rules(former)[0]] if former else []
    changes = _compare(before, [line.sentence for line in rules])
    return VersionPage(version, rules, unusable, former, changes)


def _former(version: PolicyVersion) -> PolicyVersion | None:
    rows = policy_versions()
    if version.status == PolicyStatus.DRAFT:
        return rows.filter(status=PolicyStatus.LIVE).first()
    if version.published_at is None:
        return None
    return rows.filter(published_at__lt=version.published_at).order_by("-published_at").first()


def _rules(version: PolicyVersion) -> tuple[tuple[RuleLine, ...], str]:
    try:
        policy = compiled(version)
    except PolicyInvalid as invalid:
        return (), str(invalid)
    sentences = describe_policy(policy)
    rules = [
        RuleLine(rule.id, sentence, rule.note or "")
        for rule, sentence in zip(policy.rules, sentences, strict=False)
    ]
    return (*rules, RuleLine("default", sentences[-1], "")), ""


def _compare(before: Sequence[str], after: Sequence[str]) -> tuple[Line, ...]:
    lines: list[Line] = []
    for op, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if op == "equal":
            lines += [Line("same", text) for text in before[i1:i2]]
        else:
            lines += [Line("del", text) for text in before[i1:i2]]
            lines += [Line("add", text) for text in after[j1:j2]]
    return tuple(lines)
