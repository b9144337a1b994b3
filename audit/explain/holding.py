"""What held an agent besides the rules: in words, each with the event that says who set it so.

A refusal ends a request whatever the rules say; a demand makes that a person has to decide. Both
stand in the request's own events, by code and sentence. What lies behind them (a kill switch that
was thrown, a budget that was used up) has events of its own (`audit.explain.causes`).
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from audit.explain.causes import SOON, budget_in, cause_of, covers, subject_of
from audit.explain.model import Sentence
from audit.explain.reading import Case, Told, plain
from audit.explain.voice import Voice
from audit.selectors.behind import AUTONOMY, BUDGETS, GUARDRAILS, SWITCHES, Behind, Budget


class _Kind(NamedTuple):
    """How a way of holding is told, and which events lie behind it."""

    begin: str  # to an officer, before the sentence that was recorded
    plain: str  # to the person affected, instead of it
    types: tuple[str, ...] = ()


_SPENT: Final = _Kind(
    "A budget held it back",
    "what the software may spend or do was used up, or would have been passed",
    BUDGETS,
)
_KINDS: Final[Mapping[str, _Kind]] = {
    "killed": _Kind(
        "A kill switch stopped it",
        "the organisation had stopped this software, or this kind of action, at that time",
        SWITCHES,
    ),
    "recommend_only": _Kind(
        "The agent's autonomy does not go so far",
        "the software may only recommend this, and a person has to do it",
        AUTONOMY,
    ),
    "autonomy_": _Kind(
        "The agent's autonomy does not go so far",
        "the software may not do this of its own accord",
        AUTONOMY,
    ),
    "budget_": _SPENT,
    "throttled": _SPENT,
    "delegation_": _Kind(
        "The delegation under which the agent acted did not allow it",
        "the software acted for other software, which had not handed on the right to do this",
    ),
    "guardrail_ask": _Kind(
        "A guardrail held it back",
        "what the software wrote holds something for which the organisation wants a person to"
        " look at it",
        GUARDRAILS,
    ),
    "guardrail_": _Kind(
        "A guardrail held it back",
        "what the software wrote holds something that the organisation does not let through",
        GUARDRAILS,
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


def wanted_behind(case: Case) -> Behind | None:
    """Return what to look up, None when nothing but rules decided and nothing waits."""
    held = [*case.refusals, *case.demands]
    is_open = case.end is None
    if not held and not is_open:
        return None
    types = {each for one in held for each in _kind_of(one).types}
    if is_open:
        types |= set(SWITCHES)
    links = tuple(plain(each.get("id")) for each in case.delegation)
    return Behind(
        types=frozenset(types),
        agent=case.agent_id,
        budgets=tuple(dict.fromkeys(_budgets(case))),
        links=links if held else (),
        until=None if case.end is None else case.end.at + SOON,
    )


def _budgets(case: Case) -> Iterator[Budget]:
    """Return the budgets that are named, with when each held: a request may end long after."""
    for told, held in ((case.end or case.judged, case.refusals), (case.judged, case.demands)):
        for each in held:
            if name := budget_in(plain(each.get("sentence"))):
                yield Budget(name, told.at + SOON)


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
    let_go = {subject_of(each) for each in case.behind if each.type == "kill_switch.resumed"}
    for each in case.behind:
        is_thrown = each.type == "kill_switch.thrown" and subject_of(each) not in let_go
        if is_thrown and covers(each.data, case):
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
    cause = cause_of(case, held, told)
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
