"""Conditions that the payloads of their categories can never answer."""

from collections.abc import Iterator

from approvals.linting.lint import Lint, Matter, name_rule
from approvals.policies.typing_check import check_types


def find_wrong_types(matter: Matter) -> Iterator[Lint]:
    """Say what the categories' schemas make of the fields and values in conditions."""
    schemas = {each.key: each.payload_schema for each in matter.staff.open_categories}
    for problem in check_types(matter.policy, schemas):
        rule = matter.policy.rules[int(problem.pointer.split("/")[2])]
        yield Lint("warning", problem.pointer, f"{name_rule(rule)}: {problem.message}.")
