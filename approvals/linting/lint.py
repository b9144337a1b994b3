"""One remark about a policy, and what every check looks at."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from approvals.models import ActionCategory
from approvals.policies import REQUIRE_APPROVAL, Policy, Rule
from approvals.policies.possible import fits
from approvals.selectors.reachability import categories_met, default_rule
from approvals.selectors.staff import Staff

Severity = Literal["error", "warning", "hint"]


@dataclass(frozen=True)
class Lint:
    """A remark: how grave, where (RFC 6901 pointer into the document), and what, in a sentence.

    An `error` keeps the policy from being published, a `warning` is likely a mistake, a `hint`
    is worth a look.
    """

    severity: Severity
    pointer: str
    sentence: str

    def to_dict(self) -> dict[str, object]:
        """The remark as JSON."""
        return {"severity": self.severity, "pointer": self.pointer, "sentence": self.sentence}


@dataclass(frozen=True)
class Matter:
    """What is looked at: a policy, and the people, categories and agents that it would meet."""

    policy: Policy
    staff: Staff
    runs_guardrails: bool = False

    @cached_property
    def placed(self) -> tuple[tuple[str, Rule], ...]:
        """Every rule with its pointer."""
        return tuple((f"/rules/{index}", rule) for index, rule in enumerate(self.policy.rules))

    @cached_property
    def asking(self) -> tuple[tuple[str, Rule, tuple[ActionCategory, ...]], ...]:
        """Where each flow that is asked for is named, by which rule, for which categories.

        The default is among them, as a rule about everything.
        """
        found = [
            (f"{place}/flow", rule) for place, rule in self.placed if rule.then == REQUIRE_APPROVAL
        ]
        if self.policy.default_flow is not None:
            found.append(("/default_flow", default_rule(self.policy)))
        return tuple(
            (place, rule, tuple(categories_met(self.policy, rule, self.staff)))
            for place, rule in found
        )

    def categories_of(self, rule: Rule) -> list[ActionCategory]:
        """The categories, not archived, that the rule's patterns fit."""
        return [
            category
            for category in self.staff.open_categories
            if any(fits(pattern, category.key) for pattern in rule.when.categories)
        ]


def name_rule(rule: Rule) -> str:
    """How a remark begins: "Rule large-payments"."""
    return "The default" if rule.id == "default" else f"Rule {rule.id}"


def quoted(names: Iterable[str]) -> list[str]:
    """Names as they stand in a sentence."""
    return [f"“{name}”" for name in names]


def ended(sentence: str) -> str:
    """A sentence with its full stop, unless it ends in a question."""
    return sentence if sentence.endswith("?") else f"{sentence}."
