"""A whole answer of a model: looked through, masked, or stopped."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from approvals.gateway.faults import Fault
from approvals.gateway.holding import Stopped
from approvals.gateway.shapes import (
    NAMES,
    TEXTS,
    BadAnswer,
    finish_in,
    head_of,
    usage_words,
    word_of,
)
from approvals.gateway.tokens import usage_in
from approvals.guardrails import GuardrailFinding, RuleSet, cleaned, scan
from govapp.common.sensitive import mask

_WORDS: Final = 500


def guard_answer(
    body: Mapping[str, Any], rules: RuleSet, *, category: str
) -> tuple[dict[str, Any], tuple[GuardrailFinding, ...]]:
    """Return a whole answer as it goes on, and what was found in it.

    Raises `Stopped` when the guardrails refuse it or want a person, `BadAnswer` when it is none.
    """
    given = body.get("choices")
    if not isinstance(given, list):
        raise BadAnswer("There are no choices.")
    findings: list[GuardrailFinding] = []
    choices = []
    for index, each in enumerate(given):
        if not isinstance(each, dict) or not isinstance(each.get("message"), dict):
            raise BadAnswer("A choice is no object with a message.")
        message, found = _guarded(_message_in(each["message"]), rules, category)
        findings += found
        choices.append({"index": index, "message": message, "finish_reason": finish_in(each)})
    shown = head_of(body) | {"choices": choices}
    if used := usage_in(body):
        shown["usage"] = usage_words(used)
    return shown, tuple(findings)


def guard_words(
    fault: Fault, rules: RuleSet, *, category: str
) -> tuple[Fault, tuple[GuardrailFinding, ...]]:
    """Return a fault whose words may be told, and what was found in them.

    They are looked through as an answer is: masked, or left out where an answer would be stopped.
    What looks like a key or like somebody's number is masked whatever the rules say.
    """
    if not fault.words:
        return fault, ()
    given = {"answer": fault.words}
    found = scan(given, rules, category=category)
    if any(each.action in ("refuse", "ask") for each in found):
        return replace(fault, words=""), found
    clean = cleaned(given, rules, category=category)
    words = clean.get("answer") if isinstance(clean, dict) else None
    # Cut when it is clean: half of a number would not be found.
    return replace(fault, words=mask(words)[:_WORDS] if isinstance(words, str) else ""), found


def _guarded(
    message: dict[str, Any], rules: RuleSet, category: str
) -> tuple[dict[str, Any], tuple[GuardrailFinding, ...]]:
    whole = {NAMES.get(name, name): value for name, value in message.items() if name != "role"}
    found = scan(whole, rules, category=category)
    if any(each.action in ("refuse", "ask") for each in found):
        raise Stopped(found)
    clean = cleaned(whole, rules, category=category)
    if not isinstance(clean, dict):
        raise Stopped(replace(each, action="refuse") for each in found)
    names = {new: old for old, new in NAMES.items()}
    shown = {names.get(str(name), str(name)): value for name, value in clean.items()}
    return {"role": "assistant", "content": None} | shown, found


def _message_in(message: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {
        name: message[name] for name in TEXTS if isinstance(message.get(name), str)
    }
    calls = message.get("tool_calls")
    if calls is None:
        return kept
    if not isinstance(calls, list):
        raise BadAnswer("Calls of tools are no list.")
    kept["tool_calls"] = [_whole_call(each) for each in calls]
    return kept


def _whole_call(call: object) -> dict[str, Any]:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(call, dict) or not isinstance(function, dict):
        raise BadAnswer("A call of a tool is no object.")
    arguments = function.get("arguments")
    if not isinstance(arguments, str):
        raise BadAnswer("The arguments of a call are no text.")
    return {
        "id": word_of(call.get("id")),
        "type": "function",
        "function": {"name": word_of(function.get("name")), "arguments": arguments},
    }
