"""Names in a policy that nothing here bears: categories, labels, agents, people to be told."""

import difflib
from collections.abc import Iterable, Iterator, Sequence

from approvals.linting.lint import Lint, Matter, ended, name_rule, quoted
from approvals.policies import Reference, Rule
from approvals.policies.describing import name_reference
from approvals.policies.fields import RUN_COUNT
from approvals.policies.possible import Part, fits, spread, walk
from approvals.policies.rules import Comparison
from approvals.policies.shown import listed

_NAMING = frozenset(
    {"eq", "ne", "in", "not_in", "contains", "contains_any", "contains_all", "contains_none"}
)


def find_unknown_names(matter: Matter) -> Iterator[Lint]:
    """Say which names stand for nothing, so that the rule does not do what it seems to."""
    for place, rule in matter.placed:
        yield from _categories(matter, place, rule)
        yield from _agents(matter, place, rule)
        if rule.when.conditions is not None:
            for part, _ in walk(spread(rule.when.conditions, f"{place}/when/conditions")):
                yield from _condition(matter, rule, part)
        yield from _notified(matter, place, rule)
    yield from _unused_flows(matter)


def _categories(matter: Matter, place: str, rule: Rule) -> Iterator[Lint]:
    known = matter.staff.categories
    for index, pattern in enumerate(rule.when.categories):
        where = f"{place}/when/category/{index}"
        meant = [each for key, each in known.items() if fits(pattern, key)]
        if not meant:
            yield Lint("warning", where, f"{name_rule(rule)}: {_no_category(pattern, known)}")
        elif all(each.is_archived for each in meant):
            yield Lint(
                "warning",
                where,
                f"{name_rule(rule)} can never match {pattern}: it is archived,"
                " and every request for it is blocked.",
            )


def _no_category(pattern: str, known: Iterable[str]) -> str:
    if pattern.endswith("*"):
        return f"no category fits {pattern}."
    return ended(f"there is no category {pattern}{_suggestion(pattern, known)}")


def _agents(matter: Matter, place: str, rule: Rule) -> Iterator[Lint]:
    labels = {label for agent in matter.staff.agents for label in agent.labels}
    unknown = [name for name in rule.when.agent_labels if name not in labels]
    if unknown:
        yield Lint("warning", f"{place}/when/agent/labels", _no_label(rule, unknown, labels))
    tiers = {agent.trust_tier for agent in matter.staff.agents}
    if rule.when.agent_tiers and tiers.isdisjoint(rule.when.agent_tiers):
        names = listed(rule.when.agent_tiers, "or")
        yield Lint(
            "hint", f"{place}/when/agent/tiers", f"{name_rule(rule)}: no agent is of tier {names}."
        )


def _no_label(rule: Rule, unknown: Sequence[str], labels: Iterable[str]) -> str:
    close = _suggestion(unknown[0], labels) if len(unknown) == 1 else ""
    return ended(f"{name_rule(rule)}: no agent is labelled {listed(quoted(unknown), 'or')}{close}")


def _condition(matter: Matter, rule: Rule, part: Part) -> Iterator[Lint]:
    leaf = part.leaf
    if leaf is None:
        return
    if leaf.field.startswith(RUN_COUNT):
        pattern = leaf.field.removeprefix(RUN_COUNT)
        if not any(fits(pattern, key) for key in matter.staff.categories):
            said = _no_category(pattern, matter.staff.categories)
            yield Lint("warning", f"{part.pointer}/field", f"{name_rule(rule)}: {said}")
    elif leaf.op in _NAMING:
        for said in _unknown_values(matter, rule, leaf):
            yield Lint("warning", f"{part.pointer}/value", said)


def _unknown_values(matter: Matter, rule: Rule, leaf: Comparison) -> Iterator[str]:
    start, categories = name_rule(rule), matter.staff.categories
    if leaf.field in {"category.key", "run.categories"}:
        for name in _texts(leaf):
            if name not in categories:
                yield f"{start}: {_no_category(name, categories)}"
    elif leaf.field == "agent.labels":
        labels = {label for agent in matter.staff.agents for label in agent.labels}
        if unknown := [name for name in _texts(leaf) if name not in labels]:
            yield _no_label(rule, unknown, labels)
    elif leaf.field == "agent.name":
        agents = [agent.name for agent in matter.staff.agents]
        for name in _texts(leaf):
            if name not in agents:
                said = f"{start}: there is no agent {quoted([name])[0]}{_suggestion(name, agents)}"
                yield ended(said)


def _texts(leaf: Comparison) -> list[str]:
    values = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
    return [value for value in values if isinstance(value, str)]


def _notified(matter: Matter, place: str, rule: Rule) -> Iterator[Lint]:
    """Who is told may be nobody: nothing depends on it but somebody's hope."""
    told: tuple[Reference, ...] = rule.obligations.notify if rule.obligations else ()
    for index, reference in enumerate(told):
        if matter.staff.meant_by(reference):
            continue
        where = f"{place}/obligations/notify/{index}/{reference.kind}"
        yield Lint(
            "warning", where, ended(f"{name_rule(rule)} tells nobody: {_nobody(matter, reference)}")
        )


def _nobody(matter: Matter, reference: Reference) -> str:
    groups = matter.staff.groups
    if reference.kind == "person":
        return f"{reference.ref} is no active member"
    if reference.kind == "role":
        return f"no active member has {name_reference(reference)}"
    if reference.kind == "manager":
        return "no owner of an agent has a manager"
    if reference.kind == "anyone":
        return "nobody has the right to approve anything"
    if reference.ref in groups:
        return f"no active member is in {groups[reference.ref]}"
    return f"there is no group {reference.ref}{_suggestion(reference.ref, groups)}"


def _unused_flows(matter: Matter) -> Iterator[Lint]:
    used = {rule.flow for rule in matter.policy.rules} | {matter.policy.default_flow}
    for name in matter.policy.flows:
        if name not in used:
            yield Lint("hint", f"/flows/{name}", f"No rule uses the flow {name}.")


def _suggestion(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""
