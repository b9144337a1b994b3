"""What was asked, by whom, and which rules applied to it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from audit.explain.model import Sentence
from audit.explain.reading import Case, Told, mapping, plain, rows
from audit.explain.voice import Voice, listed

_MOST_FIELDS: Final = 40
_SHORT_FORMS: Final = frozenset({"BIC", "IBAN", "ID", "URL", "VAT"})
_FOLLOWS: Final = {
    "refuse": "which refuses it",
    "ask": "which wants a person",
    "mask": "which masks it for readers",
    "warn": "which warns readers",
}
_OUTCOMES: Final = {
    "allow": "allows it without a person",
    "deny": "denies it",
    "require_approval": "wants the approval of people",
}


def asked(case: Case, voice: Voice) -> Iterator[Sentence]:
    """What was asked: by which agent, through which chain, why, and with which data."""
    told = case.asked
    if told.type != "action_request.submitted":
        return
    yield told.say(told.row.summary, *_frame(told))
    yield told.say(chain_words(case), *_links(case))
    if reason := told.text("reason") or told.text("agent_reason"):
        yield told.say(f"The agent gave this reason: “{voice.words(reason)}”")
    else:
        yield told.say("The agent gave no reason.")
    if used := sources(told):
        yield told.say(f"It named what it used: {listed(used)}.")
    yield from _lineage(told)
    if found := guardrail_lines(told):
        yield told.say("The guardrails looked through what it wrote and found:", *found)
    if case.fields:
        yield case.judged.say("The action consists of these values:", *field_lines(case, voice))
    for each in case.of("action_request.changed"):
        yield each.say(each.row.summary, *_changes(each))


def _lineage(told: Told) -> Iterator[Sentence]:
    """What flowed into it from the run that it is part of: sources by step, and labels."""
    lineage = mapping(told.data.get("lineage"))
    if not lineage:
        return
    run = mapping(told.row.body.get("run"))
    number = f" as event {plain(run.get('seq'))} of its record" if run.get("seq") else ""
    yield told.say(f"It was asked for in run {told.text('run')}{number}.")
    if sources := [_source_words(each) for each in _listed(lineage.get("sources"))]:
        yield told.say(f"From these sources data flowed into it: {listed(sources)}.")
    labels = lineage.get("labels")
    if isinstance(labels, list) and labels:
        yield told.say(f"That data is labelled {listed([plain(each) for each in labels])}.")


def _listed(text: object) -> list[Mapping[str, Any]]:
    """Return rows that are kept as JSON text; none when it was erased."""
    try:
        found = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return []
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def _source_words(source: Mapping[str, Any]) -> str:
    name = plain(source.get("title") or source.get("uri") or source.get("kind"))
    return f"{name} (step {plain(source.get('step'))})"


def chain_words(case: Case) -> str:
    """Say through whom the request came."""
    behalf = case.asked.text("on_behalf_of")
    agents = case.agents
    if len(agents) > 1:
        handed = ", which handed part of its rights to the agent ".join(agents)
        first = f"{behalf}, then the agent" if behalf else "the agent"
        return f"It came through this chain: {first} {handed}."
    if behalf:
        return f"It came through this chain: {behalf}, then the agent {case.agent}."
    return f"The agent {case.agent} asked by itself: it named nobody on whose behalf it acts."


def _links(case: Case) -> Iterator[str]:
    for link in case.delegation:
        giver, taker = (plain(mapping(link.get(end)).get("name")) for end in ("from", "to"))
        yield f"Delegation {plain(link.get('id'))}: from {giver} to {taker}."


def guardrail_lines(told: Told) -> list[str]:
    """Return what the guardrails found, where, and what their rules say; one finding a line."""
    kept = mapping(told.data.get("guardrails"))
    found = [
        f"{plain(each.get('detector')).replace('_', ' ')} at {plain(each.get('pointer'))}:"
        f" rule {plain(each.get('rule'))}, {_FOLLOWS.get(plain(each.get('action')), 'noted')}"
        for each in rows(kept.get("findings"))[:_MOST_FIELDS]
    ]
    total = kept.get("total")
    more = total - len(found) if isinstance(total, int) else 0
    return [*found, f"and {more} further findings"] if more > 0 else found


def sources(told: Told, *, with_address: bool = True) -> list[str]:
    """Return what the agent says it used, by title, and where that is."""
    found = told.data.get("sources")
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except ValueError:
            return []
    rows = found if isinstance(found, list) else []
    named = []
    for row in rows:
        if not isinstance(row, Mapping):
            named.append(plain(row))
            continue
        title, url = plain(row.get("title") or row.get("name")), plain(row.get("url"))
        both = f"{title} ({url})" if title and url and with_address else ""
        named.append(both or title or url or plain(row))
    return [each for each in named if each]


def field_lines(case: Case, voice: Voice) -> list[str]:
    """Return the action's values, one a line."""
    lines = [
        f"{field_words(name)}: {voice.value(name, value)}"
        for name, value in case.fields[:_MOST_FIELDS]
    ]
    more = len(case.fields) - _MOST_FIELDS
    return [*lines, f"and {more} further values"] if more > 0 else lines


def field_words(name: str) -> str:
    """Say a field's name: "purchase_order" is "Purchase order", "iban" is "IBAN"."""
    words = name.replace("_", " ").replace(".", ", ")
    if words.upper() in _SHORT_FORMS:
        return words.upper()
    return f"{words[:1].upper()}{words[1:]}"


def rules(case: Case, voice: Voice) -> Iterator[Sentence]:
    """Which policy decided, which of its rules applied, and what they saw."""
    told = case.judged
    policy = mapping(told.data.get("policy"))
    if policy:
        yield told.say(
            f"Version {plain(policy.get('version'))} of the policy judged it.",
            f"Its digest is {plain(policy.get('digest'))}." if policy.get("digest") else "",
        )
    yield from _each_rule(case)
    for rule in rows(told.data.get("unmet")):
        yield told.say(
            f"Rule {plain(rule.get('rule'))} would have allowed it without a person, and did not"
            f" match: {plain(rule.get('because'))}.",
            _saw(rule),
        )
    for each in case.of("stage.opened"):
        if sentence := each.text("sentence"):
            yield each.say(f"What rule {each.text('rule')} says: {sentence}")


def matched_rules(case: Case) -> list[Mapping[str, Any]]:
    """Return the rules that mattered, as the event holds them."""
    return rows(case.judged.data.get("rules"))


def rule_words(rule: Mapping[str, Any]) -> str:
    """Say why a rule applied, in one sentence."""
    words = plain(rule.get("because") or rule.get("sentence"))
    return words or f"it matched {rule_name(rule)}"


def rule_name(rule: Mapping[str, Any]) -> str:
    """Return what a rule is called."""
    return plain(rule.get("rule") or rule.get("name") or rule.get("id")) or "a rule"


def _each_rule(case: Case) -> Iterator[Sentence]:
    for told in case.events:
        found = told.data.get("rules")
        if isinstance(found, Mapping) and found.get("cut"):
            # Too many for an event (`audit.services.fitting`): the request keeps them all.
            number = f"{found['items']} further" if "items" in found else "Further"
            yield told.say(f"{number} rules, see the request.")
        for each in found if isinstance(found, list) else []:
            if not isinstance(each, Mapping):
                yield told.say(plain(each))
                continue
            yield told.say(_applied(each), _saw(each))


def _applied(rule: Mapping[str, Any]) -> str:
    """Say what a rule wants and why: its name, its outcome, and the reason that was recorded."""
    outcome, why = plain(rule.get("outcome")), rule_words(rule)
    if not outcome:
        return why
    wants = f"Rule {rule_name(rule)} {_OUTCOMES.get(outcome, outcome)}"
    if rule.get("verdict") == "unevaluable":
        return f"{wants}; it could not be evaluated: {why}."
    return f"{wants}, because {why}."


def _saw(rule: Mapping[str, Any]) -> str:
    values = plain(rule.get("values"))
    return f"It saw {values}." if values else ""


def _frame(told: Told) -> Iterator[str]:
    if name := told.text("category_name"):
        yield f"The kind of action is {name} ({told.text('category')})."
    risk = told.text("risk")
    if risk:
        undone = told.data.get("is_reversible")
        can = "" if undone is None else ", can be undone" if undone else ", cannot be undone"
        yield f"The risk is {risk}{can}."
    for key, words in (
        ("environment", "The environment was {}."),
        ("integration", "The system to act on was {}."),
        ("confidence", "The agent's own confidence was {}."),
        ("run", "It was part of run {}."),
        ("supersedes", "It takes the place of {}."),
        ("payload_digest", "The action's SHA-256 is {}."),
    ):
        if value := told.text(key):
            yield words.format(value.removeprefix("sha256:"))
    if cost := told.money("estimated_cost"):
        yield f"The agent expected it to cost {cost}."


def _changes(told: Told) -> Iterator[str]:
    for one in rows(told.data.get("changes")):
        before, after = plain(one.get("before")), plain(one.get("after"))
        yield f"{field_words(plain(one.get('field')))}: {before} became {after}."
    if former := told.text("former_digest"):
        yield f"Before that, the action's SHA-256 was {former.removeprefix('sha256:')}."
