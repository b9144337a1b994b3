"""Flows that cannot be completed at some time to come because people will be away."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from approvals.linting.lint import Lint, Matter, name_rule
from approvals.policies import Flow
from approvals.policies.shown import listed
from approvals.selectors.attendance import find_gaps, gap_words

_MOST = 5
_MOST_GAPS = 3


@dataclass
class _Answers:
    """Each distinct question is answered once, however many rules ask it."""

    matter: Matter
    known: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    def gaps(self, flow: Flow, category: str) -> tuple[str, ...]:
        """When the flow cannot be completed, in words, from now on."""
        key = flow.name, category
        if key not in self.known:
            staff = self.matter.staff
            self.known[key] = tuple(
                f"{gap_words(gap, staff)}{_of_stage(gap.stage, flow)}"
                for gap in find_gaps(flow, staff, category)
                # What cannot be completed now is an error already.
                if gap.starts_at > staff.read_at
            )
        return self.known[key]


def find_absences(matter: Matter) -> Iterator[Lint]:
    """Say for each rule when it cannot be completed because somebody is away then."""
    if not any(person.away for person in matter.staff.approvers):
        return
    answers = _Answers(matter)
    for place, rule, categories in matter.asking:
        flow = matter.policy.flows[str(rule.flow)]
        by_gaps: dict[tuple[str, ...], list[str]] = {}
        for category in categories:
            if gaps := answers.gaps(flow, category.key):
                by_gaps.setdefault(gaps, []).append(category.key)
        for gaps, keys in by_gaps.items():
            start = f"{name_rule(rule)}, category {listed(keys, most=_MOST)}"
            when = "; ".join(gaps[:_MOST_GAPS])
            more = f"; and {len(gaps) - _MOST_GAPS} more times" if len(gaps) > _MOST_GAPS else ""
            yield Lint(
                "warning",
                place,
                f"{start}: it cannot be completed {when}{more}. Name a stand-in or ask others too.",
            )


def _of_stage(stage: str, flow: Flow) -> str:
    return f" (stage {stage})" if stage and len(flow.stages) > 1 else ""
