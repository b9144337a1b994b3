"""What differs between two sets of rules, in sentences, and whether it looks looser."""

from dataclasses import dataclass
from typing import Literal

from approvals.guardrails.describing import describe_rule
from approvals.guardrails.rules import ACTIONS, Rule, RuleSet


@dataclass(frozen=True)
class RuleChange:
    """One rule that was added, removed or changed; sentences are "" where there is no rule."""

    rule: str
    what: Literal["added", "removed", "changed"]
    before: str
    after: str
    is_looser: bool


def compare_rules(before: RuleSet, after: RuleSet) -> tuple[RuleChange, ...]:
    """Return every rule that differs, by its name; the order of rules means nothing."""
    former = {each.id: each for each in before.rules}
    later = {each.id: each for each in after.rules}
    changes = []
    for name in dict.fromkeys([*former, *later]):
        old, new = former.get(name), later.get(name)
        if old == new:
            continue
        changes.append(
            RuleChange(
                name,
                "added" if old is None else "removed" if new is None else "changed",
                describe_rule(old) if old else "",
                describe_rule(new) if new else "",
                _is_looser(old, new),
            )
        )
    return tuple(changes)


def _is_looser(old: Rule | None, new: Rule | None) -> bool:
    """Whether less may be held than before: an action that is milder, or fewer looks."""
    if old is None:
        return False
    if new is None or ACTIONS.index(new.action) > ACTIONS.index(old.action):
        return True
    narrower_scope = "*" not in new.categories and not set(old.categories) <= set(new.categories)
    fewer = bool(new.detectors) and (
        not old.detectors or not set(old.detectors) <= set(new.detectors)
    )
    fewer_words = not set(old.words) <= set(new.words) or not set(old.patterns) <= set(new.patterns)
    return narrower_scope or fewer or (fewer_words and not new.is_allowed_only)
