"""Rules that allow more than somebody may have meant."""

from collections.abc import Iterator

from approvals.enums import Risk
from approvals.linting.lint import Lint, Matter, name_rule
from approvals.models import ActionCategory
from approvals.policies import ALLOW, Rule
from approvals.policies.possible import could_hold
from approvals.policies.shown import listed
from approvals.selectors.reachability import known_of

_GRAVE = (Risk.HIGH, Risk.CRITICAL)
_MOST = 5


def find_wide_allowances(matter: Matter) -> Iterator[Lint]:
    """Say which rules allow without conditions, and which allow what is grave."""
    for place, rule in matter.placed:
        if rule.then != ALLOW:
            continue
        if rule.when.conditions is None:
            yield Lint(
                "warning",
                f"{place}/when",
                f"{name_rule(rule)} allows {_what(rule)} without any condition:"
                " nobody is asked, whatever the request says.",
            )
        grave = [
            category
            for category in matter.categories_of(rule)
            if could_hold(rule.when.conditions, known_of(category))
        ]
        yield from _grave(place, rule, grave)


def _grave(place: str, rule: Rule, categories: list[ActionCategory]) -> Iterator[Lint]:
    where = f"{place}/when/category"
    risky = [each.key for each in categories if each.risk in _GRAVE]
    if risky:
        yield Lint(
            "warning",
            where,
            f"{name_rule(rule)} allows {listed(risky, most=_MOST)} without asking anybody,"
            " although its risk is high or critical.",
        )
    final = [each.key for each in categories if not each.is_reversible and each.key not in risky]
    if final:
        yield Lint(
            "hint",
            where,
            f"{name_rule(rule)} allows {listed(final, most=_MOST)} without asking anybody,"
            " although it cannot be undone.",
        )


def _what(rule: Rule) -> str:
    names = rule.when.categories
    return "everything" if "*" in names else listed(names, most=_MOST)
