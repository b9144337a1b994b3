"""Which event lies behind what held a request: found by the sentence that was recorded.

The sentence says what decided: which switch, which budget, which rule, which link. Only an event of
that one is named, for it names a person; where it cannot be told which, none is.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from audit.explain.reading import Case, Told, mapping, plain
from audit.selectors.behind import AUTONOMY, BUDGETS, GUARDRAILS, SWITCHES

SOON: Final = timedelta(seconds=2)
"""Of what is written in one transaction, the event behind another may be the later one."""
_A_LINK: Final = "The delegation dg_"
_A_BUDGET: Final = re.compile(r"The budget of (.+?) (?:is used up|would be passed): ", re.DOTALL)
# Budgets that are kept apart for each agent, and budgets that share a name with others of them.
_BY_AGENT: Final = (" for each agent", " in each run", " in the run ")
_ALIKE: Final = (" in each run", " for each category", " for each integration")


def cause_of(case: Case, held: Mapping[str, Any], told: Told) -> Told | None:
    """Return the event that set what held it, None where none can be told."""
    code, sentence = plain(held.get("code")), plain(held.get("sentence"))
    found = [each for each in case.behind if each.at <= told.at + SOON]
    if code == "killed":
        return _switch(case, found, sentence)
    if code == "recommend_only" or code.startswith("autonomy_"):
        return _autonomy(case, found)
    if code.startswith("delegation_") or sentence.startswith(_A_LINK):
        return _of_delegation(case, found, code)
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
    if any(words in name for words in _BY_AGENT):
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


def _autonomy(case: Case, found: Sequence[Told]) -> Told | None:
    """Return what was set for the agent itself, before what was set for every agent."""
    category = case.asked.text("category")
    fitting = [
        each for each in found if each.type in AUTONOMY and _matches(each.text("pattern"), category)
    ]
    own = _first(each for each in fitting if each.text("agent") == case.agent_id)
    return own or _first(each for each in fitting if not each.text("agent"))


def _of_delegation(case: Case, found: Sequence[Told], code: str) -> Told | None:
    links = [plain(each.get("id")) for each in case.delegation]
    if code == "delegation_revoked":
        return _first(
            each
            for each in found
            if each.type == "delegation.revoked" and subject_of(each) in links
        )
    last = links[-1:]
    return _first(
        each for each in found if each.type == "delegation.created" and subject_of(each) in last
    )


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
