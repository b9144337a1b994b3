"""Which event lies behind what held a request: found by the sentence that was recorded.

The sentence says what decided: which switch, which budget, which rule, which link. Only an event of
that one is named, for it names a person; where it cannot be told which, none is.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from audit.explain.reading import Case, Told, mapping, plain
from audit.selectors.behind import AUTONOMY, BUDGETS, BY_AGENT, GUARDRAILS, SWITCHES

SOON: Final = timedelta(seconds=2)
"""Of what is written in one transaction, the event behind another may be the later one."""
_A_LINK: Final = "The delegation dg_"
_A_BUDGET: Final = re.compile(r"The budget of (.+?) (?:is used up|would be passed): ", re.DOTALL)
# Budgets that share a name with others of them.
_ALIKE: Final = (" in each run", " for each category", " for each integration")


def cause_of(case: Case, held: Mapping[str, Any], told: Told) -> Told | None:
    """Return the event that set what held it, None where none can be told."""
    code, sentence = plain(held.get("code")), plain(held.get("sentence"))
    found = [each for each in case.behind if each.at <= told.at + SOON]
    if code == "killed":
        return _switch(case, found, sentence)
    if code == "recommend_only" or code.startswith("autonomy_"):
        return _autonomy(case, found, code, sentence)
    if code.startswith("delegation_") or sentence.startswith(_A_LINK):
        return _link(case, found, code, sentence)
    if code == "throttled" or code.startswith("budget_"):
        return _budget(case, found, told, budget_in(sentence))
    if code.startswith("guardrail_"):
        version = mapping(case.judged.data.get("guardrails")).get("version")
        return _first(
            each for each in found if each.type in GUARDRAILS and each.data.get("number") == version
        )
    return None


def _switch(case: Case, found: Sequence[Told], sentence: str) -> Told | None:
    """Return the switch of the sentence: of two that are thrown, the widest one refuses.

    One at most is in force for the same thing, so that of this name the newest one is right.
    """
    return _first(
        each
        for each in found
        if each.type == SWITCHES[0]
        and sentence.startswith(f"The kill switch for {_label(each)} was thrown on ")
        and covers(each.data, case)
    )


def covers(switch: Mapping[str, Any], case: Case) -> bool:
    """Whether a request is within what a switch stops."""
    scope, ref = plain(switch.get("scope")), plain(switch.get("ref"))
    if scope == "category":
        return _matches(ref, case.asked.text("category"))
    if scope == "delegation":
        return ref in (plain(each.get("id")) for each in case.delegation)
    if scope == "integration":
        return ref == case.asked.text("integration")
    if scope == "agent":
        return ref == case.agent_id
    return scope == "tenant"


def budget_in(sentence: str) -> str:
    """Return the name of the budget that a sentence is about; empty when it is about none."""
    found = _A_BUDGET.match(sentence)
    return found[1] if found else ""


def _budget(case: Case, found: Sequence[Told], told: Told, name: str) -> Told | None:
    """Return when the budget of this name was exceeded, in the window in which that held it.

    That is written once in each window: the newest is right, except that budgets for each agent
    or category have one name. Where the agent does not tell them apart, the moment has to.
    """
    fitting = [each for each in found if each.type in BUDGETS and name and _label(each) == name]
    if any(words in name for words in BY_AGENT):
        fitting = [each for each in fitting if each.text("agent") == case.agent_id]
    if any(words in name for words in _ALIKE):
        window = [each for each in fitting if each.text("window") == fitting[0].text("window")]
        with_it = [
            each
            for each in window
            if told.at - each.at <= SOON and each.text("agent") == case.agent_id
        ]
        fitting = with_it if len(window) > 1 else window
    return _first(iter(fitting))


def _autonomy(case: Case, found: Sequence[Told], code: str, sentence: str) -> Told | None:
    """Return what set the rule of the sentence: the most specific one holds, not the newest."""
    level = "recommend" if code == "recommend_only" else "ask"
    return _first(
        each
        for each in found
        if each.type in AUTONOMY
        and each.text("level") == level
        and each.text("agent") in ("", case.agent_id)
        and _is_of_rule(sentence, level, each)
    )


def _is_of_rule(sentence: str, level: str, told: Told) -> bool:
    """Whether a sentence is about the rule that was set: where it holds, and for whom."""
    pattern = told.text("pattern")
    place = f"below {pattern[:-2]}" if pattern.endswith(".*") else f"in {pattern}"
    place = "everywhere" if pattern == "*" else place
    whose = "" if told.text("agent") else " (set for every agent)"
    if level == "recommend":
        return f" only recommends {place}{whose}: " in sentence
    return sentence.endswith(f" always asks a person {place}{whose}.")


def _link(case: Case, found: Sequence[Told], code: str, sentence: str) -> Told | None:
    """Return what cut the link of the sentence, or made it.

    The first link that does not allow it is named there. None is where the chain is too long:
    its last one made it so.
    """
    links = [plain(each.get("id")) for each in case.delegation]
    named = [each for each in links if sentence.startswith(f"The delegation {each} ")]
    if code == "delegation_too_deep":
        named = links[-1:]
    kind = "delegation.revoked" if code == "delegation_revoked" else "delegation.created"
    return _first(each for each in found if each.type == kind and subject_of(each) in named)


def _matches(pattern: str, category: str) -> bool:
    is_all = pattern == "*" or (pattern.endswith(".*") and category.startswith(pattern[:-1]))
    return is_all or pattern == category


def _first(found: Iterator[Told]) -> Told | None:
    return next(found, None)


def subject_of(told: Told) -> str:
    """Return the id of what an event is about."""
    return plain(mapping(told.row.body.get("subject")).get("id"))


def _label(told: Told) -> str:
    return plain(mapping(told.row.body.get("subject")).get("label"))
