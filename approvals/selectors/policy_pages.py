"""A policy version as people read it: sentences, and what changed in them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from approvals.enums import PolicyStatus
from approvals.models import PolicyVersion
from approvals.policies import (
    ALLOW,
    DENY,
    REQUIRE_APPROVAL,
    Policy,
    PolicyInvalid,
    Problem,
    describe_flow,
    describe_policy,
    dump_policy,
)
from approvals.selectors.policies import compiled, in_force, policy_versions
from approvals.selectors.reachability import find_obstacles
from govapp.common.errors import NotFound
from govapp.common.ids import InvalidId, parse_public_id

VERSIONS_SHOWN: Final = 100
_STRICTEST_FIRST: Final = (DENY, REQUIRE_APPROVAL, ALLOW)


@dataclass(frozen=True)
class RuleLine:
    """One rule as a sentence; the default has the id "default" and no note."""

    rule_id: str
    sentence: str
    note: str = ""


@dataclass(frozen=True)
class OutcomeGroup:
    """The rules with one outcome, in the document's order."""

    outcome: str
    rules: tuple[RuleLine, ...]


@dataclass(frozen=True)
class FlowLine:
    """One flow in words, and the rules that use it."""

    name: str
    sentence: str
    used_by: str


@dataclass(frozen=True)
class Sentences:
    """Everything that a version says. `unusable` says why, when it says nothing."""

    groups: tuple[OutcomeGroup, ...] = ()
    default: RuleLine | None = None
    flows: tuple[FlowLine, ...] = ()
    unusable: str = ""

    def lines(self) -> list[RuleLine]:
        """Return every rule and the default at the end."""
        rules = [rule for group in self.groups for rule in group.rules]
        return [*rules, self.default] if self.default else rules


@dataclass(frozen=True)
class Line:
    """One sentence of a comparison: `add`, `del` or `same`."""

    op: str
    text: str


@dataclass(frozen=True)
class Changes:
    """What differs from `former`, the version that this one replaces."""

    former: PolicyVersion
    lines: tuple[Line, ...]

    @property
    def title(self) -> str:
        return f"Changes from version {self.former.number}"

    @property
    def changed(self) -> list[Line]:
        """Return the sentences that came or went; what a rule said before stands above it."""
        return [line for line in self.lines if line.op != "same"]

    @property
    def unchanged(self) -> list[Line]:
        return [line for line in self.lines if line.op == "same"]

    @property
    def words(self) -> str:
        """Return "2 added, 1 removed, 9 unchanged"."""
        found = Counter(line.op for line in self.lines)
        return f"{found['add']} added, {found['del']} removed, {found['same']} unchanged"


def list_versions() -> list[PolicyVersion]:
    """Return the last versions without their text, newest first. One statement."""
    return list(policy_versions().defer("source", "document")[:VERSIONS_SHOWN])


def live_version() -> PolicyVersion | None:
    """Return the version that decides now, with its text and people. One statement."""
    return in_force(policy_versions()).first()


def get_version(public_id: str) -> PolicyVersion:
    """Return the version with this public id; raise `NotFound`."""
    try:
        ident = parse_public_id("pv", public_id)
    except InvalidId as error:
        raise NotFound(str(error)) from None
    found = policy_versions().filter(pk=ident).first()
    if found is None:
        raise NotFound("There is no such version here.")
    return found


def read_sentences(version: PolicyVersion) -> Sentences:
    """Return what a version says, in sentences. No statement."""
    try:
        policy = compiled(version)
    except PolicyInvalid as invalid:
        return Sentences(unusable=str(invalid))
    *sentences, default = describe_policy(policy)
    found: dict[str, list[RuleLine]] = {}
    for rule, sentence in zip(policy.rules, sentences, strict=True):
        found.setdefault(rule.then, []).append(RuleLine(rule.id, sentence, rule.note or ""))
    groups = tuple(
        OutcomeGroup(outcome, tuple(found[outcome]))
        for outcome in _STRICTEST_FIRST
        if outcome in found
    )
    return Sentences(groups, RuleLine("default", default), _flows(policy))


def read_changes(version: PolicyVersion) -> Changes | None:
    """Return what differs from the version it replaces, if there is one. One statement.

    A version in review would replace what is live; any other one replaced the last one
    published before it.
    """
    former = _former(version)
    if former is None:
        return None
    lines = compare(read_sentences(former).lines(), read_sentences(version).lines())
    return Changes(former, tuple(lines))


def obstacles(version: PolicyVersion) -> list[Problem]:
    """Return why the people there are could not complete a flow of this version now."""
    try:
        return find_obstacles(compiled(version))
    except PolicyInvalid as invalid:
        return list(invalid.problems)


def compare(before: Sequence[RuleLine], after: Sequence[RuleLine]) -> list[Line]:
    """Return the sentences of both. Their order means nothing, as the strictest rule wins.

    A sentence that stands under another id now is unchanged; one that changed under its id
    stands right below what it was.
    """
    kept = Counter(each.sentence for each in before) & Counter(each.sentence for each in after)
    gone = _without(before, kept)
    lines: list[Line] = []
    for rule in after:
        if kept[rule.sentence]:
            kept[rule.sentence] -= 1
            lines.append(Line("same", rule.sentence))
            continue
        if rule.rule_id in gone:
            lines.append(Line("del", gone.pop(rule.rule_id)))
        lines.append(Line("add", rule.sentence))
    return [*lines, *(Line("del", sentence) for sentence in gone.values())]


def _without(rules: Sequence[RuleLine], kept: Counter[str]) -> dict[str, str]:
    """Return what is not kept: the sentences by rule id, which is unique in a document."""
    left, gone = kept.copy(), {}
    for rule in rules:
        if left[rule.sentence]:
            left[rule.sentence] -= 1
        else:
            gone[rule.rule_id] = rule.sentence
    return gone


def _flows(policy: Policy) -> tuple[FlowLine, ...]:
    users: dict[str, list[str]] = {name: [] for name in policy.flows}
    for rule in policy.rules:
        if rule.flow is not None:
            users[rule.flow].append(rule.id)
    if policy.default_flow is not None:
        users[policy.default_flow].append("default")
    return tuple(
        FlowLine(name, describe_flow(flow), ", ".join(users[name]))
        for name, flow in policy.flows.items()
    )


def _former(version: PolicyVersion) -> PolicyVersion | None:
    rows = policy_versions()
    if version.status == PolicyStatus.IN_REVIEW:
        return live_version()
    if version.based_on_id is not None:
        return rows.filter(pk=version.based_on_id).first()
    if version.published_at is None:
        return None
    return rows.filter(published_at__lt=version.published_at).order_by("-published_at").first()


def text_of(version: PolicyVersion) -> str:
    """Return a version as it was written, or its normalised document where no text was kept."""
    return version.source or dump_policy(compiled(version))
