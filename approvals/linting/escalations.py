"""Escalations that would add nobody who may approve."""

from collections.abc import Iterator

from approvals.linting.lint import Lint, Matter
from approvals.policies import Flow
from approvals.policies.describing import duration_words, name_reference
from approvals.policies.problems import pointer_to
from approvals.policies.shown import listed

_MOST = 5


def find_empty_escalations(matter: Matter) -> Iterator[Lint]:
    """Say where somebody is added later of whom nobody has the right on the category.

    Groups that are empty altogether keep the policy from being published.
    """
    asked: dict[str, dict[str, None]] = {}
    for _, rule, categories in matter.asking:
        asked.setdefault(str(rule.flow), {}).update(dict.fromkeys(each.key for each in categories))
    for name, keys in asked.items():
        yield from _of_flow(matter, matter.policy.flows[name], list(keys))


def _of_flow(matter: Matter, flow: Flow, categories: list[str]) -> Iterator[Lint]:
    staff = matter.staff
    for position, stage in enumerate(flow.stages):
        start = f"Flow {flow.name}, stage {stage.name}: after"
        for number, escalation in enumerate(stage.escalations):
            after = duration_words(escalation.after, stage)
            for index, added in enumerate(escalation.add):
                meant = [each for each in staff.meant_by(added) if each.is_approver]
                lacking = [
                    key for key in categories if not any(staff.has_right(one, key) for one in meant)
                ]
                if meant and lacking:
                    place = pointer_to("/flows", flow.name)
                    yield Lint(
                        "warning",
                        f"{place}/stages/{position}/escalations/{number}/add/{index}",
                        f"{start} {after} {name_reference(added)} would be added, but nobody"
                        f" there may approve {listed(lacking, most=_MOST)}.",
                    )
