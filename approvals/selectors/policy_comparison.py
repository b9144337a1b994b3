"""Any two texts of the rules beside each other: in sentences, by what they do, and as text."""

from dataclasses import dataclass
from difflib import ndiff
from functools import cached_property
from typing import Final

from approvals.models import PolicyDraft, PolicyVersion
from approvals.policies import (
    Policy,
    PolicyInvalid,
    describe_policy,
    dump_policy,
    load_policy,
)
from approvals.policies.comparing import Effect, compare_policies
from approvals.selectors.policies import compiled
from approvals.selectors.policy_drafts import get_draft
from approvals.selectors.policy_pages import Line, RuleLine, compare, get_version

# Lines of two texts together: comparing them line by line takes longer than anybody waits.
_MOST_LINES: Final = 4_000
_OPS: Final = {"+ ": "add", "- ": "del", "  ": "same"}


@dataclass(frozen=True)
class Side:
    """A version or a draft."""

    row: PolicyVersion | PolicyDraft

    @property
    def is_draft(self) -> bool:
        return isinstance(self.row, PolicyDraft)

    @property
    def public_id(self) -> str:
        return self.row.public_id

    @property
    def name(self) -> str:
        if isinstance(self.row, PolicyVersion):
            return f"Version {self.row.number}"
        return f"Draft “{self.row.title}”" if self.row.title else "Draft without a title"

    @cached_property
    def policy(self) -> Policy | None:
        """What it says, or None when it is no policy (yet, or any more)."""
        try:
            if isinstance(self.row, PolicyVersion):
                return compiled(self.row)
            return load_policy(self.row.source)
        except PolicyInvalid:
            return None

    @property
    def text(self) -> str:
        return self.row.source or (dump_policy(self.policy) if self.policy else "")

    def lines(self) -> list[RuleLine]:
        if self.policy is None:
            return []
        names = [*(rule.id for rule in self.policy.rules), "default"]
        sentences = describe_policy(self.policy)
        return [RuleLine(*each) for each in zip(names, sentences, strict=True)]


@dataclass(frozen=True)
class Comparison:
    """Two of them. Without `effect` when one of them is no policy."""

    old: Side
    new: Side

    @cached_property
    def sentences(self) -> list[Line]:
        """The sentences that came or went; empty also when one side is no policy."""
        if self.old.policy is None or self.new.policy is None:
            return []
        return [line for line in compare(self.old.lines(), self.new.lines()) if line.op != "same"]

    @cached_property
    def effect(self) -> Effect | None:
        if self.old.policy is None or self.new.policy is None:
            return None
        return compare_policies(self.old.policy, self.new.policy)

    @cached_property
    def text(self) -> list[Line]:
        """Every line of both texts, or nothing when there are too many."""
        old, new = self.old.text.splitlines(), self.new.text.splitlines()
        if len(old) + len(new) > _MOST_LINES:
            return []
        return [Line(_OPS[each[:2]], each[2:]) for each in ndiff(old, new) if each[:2] in _OPS]

    @property
    def is_text_equal(self) -> bool:
        return self.old.text == self.new.text


def find_side(public_id: str) -> Side:
    """Return the version or the draft with this public id; raise `NotFound`."""
    return Side(get_draft(public_id) if public_id.startswith("pd_") else get_version(public_id))
