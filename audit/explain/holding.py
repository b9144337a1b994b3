"""What held an agent besides the rules: in words, each with the event that says who set it so.

A refusal ends a request whatever the rules say; a demand makes that a person has to decide. Both
stand in the request's own events, by code and sentence. What lies behind them (a kill switch that
was thrown, a budget that was used up) has events of its own, which are found by what they say.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from audit.explain.model import Sentence
from audit.explain.reading import Case, Told, mapping, plain
from audit.explain.voice import Voice

_KILL: Final = ("kill_switch.thrown", "kill_switch.resumed")
_BUDGET: Final = ("budget.exceeded",)
_AUTONOMY: Final = ("agent.autonomy_set",)
_GUARDRAILS: Final = ("guardrails.published",)
_SOON: Final = timedelta(seconds=2)
"""Of what is written in one transaction, the event behind another may be the later one."""


class _Kind(NamedTuple):
    """How a way of holding is told, and which events lie behind it."""

    begin: str  # to an officer, before the sentence that was recorded
    plain: str  # to the person affected, instead of it
    types: tuple[str, ...] = ()


_KINDS: Final[Mapping[str, _Kind]] = {
    "killed": _Kind(
        "A kill switch stopped it",
        "the organisation had stopped this software, or this kind of action, at that time",
        _KILL,
    ),
    "recommend_only": _Kind(
        "The agent's autonomy does not go so far",
        "the software may only recommend this, and a person has to do it",
        _AUTONOMY,
    ),
    "autonomy_": _Kind(
        "The agent's autonomy does not go so far",
        "the software may not do this of its own accord",
        _AUTONOMY,
    ),
    "budget_": _Kind(
        "A budget held it back", "what the software may spend or do was used up", _BUDGET
    ),
    "throttled": _Kind(
        "A budget held it back", "what the software may spend or do was used up", _BUDGET
    ),
    "delegation_": _Kind(
        "The delegation under which the agent acted did not allow it",
        "the software acted for other software, which had not handed on the right to do this",
    ),
    "guardrail_": _Kind(
        "A guardrail held it back",
        "what the software wrote holds something that the organisation does not let through",
        _GUARDRAILS,
    ),
    "environment_": _Kind(
        "The environment is read-only", "nothing may be changed where the software wanted to act"
    ),
    "integration_": _Kind(
        "The agent did not reach the system",
        "the software may not use the system on which it wanted to act",
    ),
    "labels_": _Kind(
        "The system is not cleared for the data",
        "data of this kind may not go to the system on which the software wanted to act",
    ),
    "retries_": _Kind("It was tried too often", "the software had tried the same too often"),
}
_OTHER: Final = _Kind("It was refused before any rule was asked", "")


@dataclass(frozen=True)
class Wanted:
    """Which events lie behind what held a request: types, delegations, and until when."""

    types: frozenset[str]
    links: tuple[str, ...]
    until: datetime | None


def wanted_behind(case: Case) -> Wanted | None:
    """Return what to look up, None when nothing but rules decided and nothing waits."""
    held = [*case.refusals, *case.demands]
    is_open = case.end is None
    if not held and not is_open:
        return None
    types = {each for one in held for each in _kind_of(one).types}
    if is_open:
        types |= set(_KILL)
    links = tuple(plain(each.get("id")) for each in case.delegation)
    return Wanted(
        frozenset(types), links if held else (), None if case.end is None else case.end.at + _SOON
    )


def refused(case: Case, voice: Voice) -> Iterator[Sentence]:
    """Say each thing for which it was blocked whatever the rules say."""
    if case.end is not None:
        for each in case.refusals:
            yield _said(case, case.end, each, voice)


def demanded(case: Case, voice: Voice) -> Iterator[Sentence]:
    """Say each thing for which a person had to decide whatever the rules say."""
    for each in case.demands:
        yield _said(case, case.judged, each, voice)


def held(case: Case, voice: Voice) -> Iterator[Sentence]:
    """Say everything that held it besides the rules."""
    yield from demanded(case, voice)
    yield from refused(case, voice)


def stopped_now(case: Case, voice: Voice) -> Iterator[Sentence]:
    """Say that a kill switch holds what waits."""
    let_go = {_subject(each) for each in case.behind if each.type == "kill_switch.resumed"}
    for each in case.behind:
        is_thrown = each.type == "kill_switch.thrown" and _subject(each) not in let_go
        if is_thrown and _covers(each.data, case):
            words = (
                "The organisation has stopped this software, or this kind of action, for now"
                if voice.is_affected
                else each.row.summary.rstrip(".")
            )
            yield each.say(f"{words}. Until that ends, nobody can approve it.")
            return


def _said(case: Case, told: Told, held: Mapping[str, Any], voice: Voice) -> Sentence:
    kind, sentence = _kind_of(held), plain(held.get("sentence"))
    if voice.is_affected:
        words = kind.plain or voice.words(sentence)
        words = f"{words[:1].upper()}{words[1:]}".rstrip(".") + "."
    else:
        words = f"{kind.begin}: {sentence}"
    cause = _behind(case, held, told)
    if cause is None:
        return told.say(words)
    details = () if voice.is_affected else (cause.row.summary,)
    kind_of_event = str(told.row.body.get("type", ""))
    return Sentence(words, told.at, kind_of_event, (told.ref, cause.ref), details)


def _kind_of(held: Mapping[str, Any]) -> _Kind:
    code = plain(held.get("code"))
    for begin, kind in _KINDS.items():
        if code == begin or (begin.endswith("_") and code.startswith(begin)):
            return kind
    return _OTHER


def _behind(case: Case, held: Mapping[str, Any], told: Told) -> Told | None:
    """Return the newest event that set what held it, by what it says."""
    code, sentence = plain(held.get("code")), plain(held.get("sentence"))
    found = [each for each in case.behind if each.at <= told.at + _SOON]
    if code == "killed":
        return _first(each for each in found if each.type == _KILL[0] and _covers(each.data, case))
    if code == "recommend_only" or code.startswith("autonomy_"):
        return _autonomy(case, found)
    if code == "throttled" or code.startswith("budget_"):
        return _first(
            each for each in found if each.type in _BUDGET and _label(each) in sentence
        ) or _of_delegation(case, found, code)
    if code.startswith("delegation_"):
        return _of_delegation(case, found, code)
    if code.startswith("guardrail_"):
        version = mapping(case.judged.data.get("guardrails")).get("version")
        return _first(
            each
            for each in found
            if each.type in _GUARDRAILS and each.data.get("number") == version
        )
    return None


def _covers(switch: Mapping[str, Any], case: Case) -> bool:
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


def _autonomy(case: Case, found: Sequence[Told]) -> Told | None:
    """Return what was set for the agent itself, before what was set for every agent."""
    category = case.asked.text("category")
    fitting = [
        each
        for each in found
        if each.type in _AUTONOMY and _matches(each.text("pattern"), category)
    ]
    own = _first(each for each in fitting if each.text("agent") == case.agent_id)
    return own or _first(each for each in fitting if not each.text("agent"))


def _of_delegation(case: Case, found: Sequence[Told], code: str) -> Told | None:
    links = [plain(each.get("id")) for each in case.delegation]
    if code == "delegation_revoked":
        return _first(
            each for each in found if each.type == "delegation.revoked" and _subject(each) in links
        )
    last = links[-1:]
    return _first(
        each for each in found if each.type == "delegation.created" and _subject(each) in last
    )


def _matches(pattern: str, category: str) -> bool:
    is_all = pattern == "*" or (pattern.endswith(".*") and category.startswith(pattern[:-1]))
    return is_all or pattern == category


def _first(found: Iterator[Told]) -> Told | None:
    return next(found, None)


def _subject(told: Told) -> str:
    return plain(mapping(told.row.body.get("subject")).get("id"))


def _label(told: Told) -> str:
    return plain(mapping(told.row.body.get("subject")).get("label"))
