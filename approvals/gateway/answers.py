"""Answers of a model, whole or as a stream of pieces: looked through, masked, or stopped.

What goes on to the agent is built from what is known here, never the piece as it came: a field
that nobody looked through (such as the tokens of `logprobs`) does not go along.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from approvals.gateway.holding import (
    Channel,
    Path,
    Stopped,
    is_about_the_whole,
    is_strict,
    placed,
)
from approvals.gateway.tokens import Usage, estimate, usage_in
from approvals.guardrails import GuardrailFinding, RuleSet, cleaned, scan

MOST_CHARACTERS: Final = 1_000_000
_HEAD: Final = ("id", "object", "created", "model", "system_fingerprint", "service_tier")
_TEXTS: Final = ("content", "refusal", "reasoning_content", "reasoning")
_NAMES: Final = {"content": "answer"}
_MOST_CALLS: Final = 128
_LARGE: Final = 4_096
_WORD: Final = 200
_FINISHES: Final = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})


class BadAnswer(ValueError):
    """What the model's service sent is no answer of this protocol."""


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
        choices.append({"index": index, "message": message, "finish_reason": _finish_in(each)})
    shown = _head_of(body) | {"choices": choices}
    if used := usage_in(body):
        shown["usage"] = usage_words(used)
    return shown, tuple(findings)


def usage_words(used: Usage) -> dict[str, int]:
    """Return what was used as OpenAI's answers say it."""
    return {
        "prompt_tokens": used.asked,
        "completion_tokens": used.answered,
        "total_tokens": used.total,
    }


class StreamGuard:
    """Looks through a streamed answer: give it each piece, pass on what it returns.

    `findings` is what was found so far, `usage` what the model says it used, `answered` about how
    many tokens came in. When a rule that may stop or mask can only be judged on the whole answer,
    nothing goes out before the whole answer is there.
    """

    def __init__(self, rules: RuleSet, *, category: str, choices: int = 1) -> None:
        own = tuple(rules.for_category(category))
        self.usage: Usage | None = None
        self.answered = 0
        self._findings: list[GuardrailFinding] = []
        self._rules = RuleSet(rules.number, own)
        self._parts = RuleSet(
            rules.number, tuple(each for each in own if not is_about_the_whole(each))
        )
        self._rest = RuleSet(rules.number, tuple(filter(is_about_the_whole, own)))
        self._waits = any(is_strict(each) for each in self._rest.rules)
        self._category = category
        self._most = choices
        self._head: dict[str, Any] = {}
        self._channels: dict[int, dict[Path, Channel]] = {}
        self._whole: dict[int, dict[str, Any]] = {}
        self._finished: set[int] = set()
        self._characters = 0
        self._digest = hashlib.sha256()

    @property
    def findings(self) -> tuple[GuardrailFinding, ...]:
        running = (one.findings for each in self._channels.values() for one in each.values())
        return (*self._findings, *(found for each in running for found in each))

    @property
    def digest(self) -> str:
        """The SHA-256 of everything that was passed on, in order."""
        return f"sha256:{self._digest.hexdigest()}"

    def is_large(self, piece: Mapping[str, Any], size: int) -> bool:
        """Whether looking at a piece of `size` bytes may take long: not in an event loop, then."""
        channels = (one for each in self._channels.values() for one in each.values())
        if size > _LARGE or any(each.held > _LARGE for each in channels):
            return True
        return self._characters > _LARGE and any(map(_finish_of, piece.get("choices") or ()))

    def take(self, piece: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the pieces to pass on. Raises `Stopped`, `BadAnswer`."""
        self.usage = usage_in(piece) or self.usage
        given = piece.get("choices")
        if given is None and "usage" in piece:
            return []
        if not isinstance(given, list):
            raise BadAnswer("A piece has no choices.")
        self._head = _head_of(piece)
        return [self._sent(one) for each in given for one in self._choice(each)]

    def finish(self) -> list[dict[str, Any]]:
        """Return what is left of every choice that did not say that it ends."""
        left = [index for index in self._whole if index not in self._finished]
        return [self._sent(one) for index in left for one in self._end(index)]

    def usage_piece(self) -> dict[str, Any]:
        """Return the last piece for whoever asked what was used."""
        used = self.usage or Usage(0, self.answered, is_estimated=True)
        return self._head | {"choices": [], "usage": usage_words(used)}

    def _choice(self, choice: object) -> Iterator[dict[str, Any]]:
        if not isinstance(choice, dict):
            raise BadAnswer("A choice is no object.")
        index, delta = choice.get("index", 0), choice.get("delta") or {}
        if not isinstance(index, int) or not 0 <= index < self._most:
            raise BadAnswer("A choice has no index that was asked for.")
        if not isinstance(delta, dict) or index in self._finished:
            raise BadAnswer("A choice goes on after its end, or is no object.")
        self._whole.setdefault(index, {})
        shown = self._delta(index, delta)
        if shown:
            yield {"index": index, "delta": shown, "finish_reason": None}
        if finish := _finish_in(choice):
            yield from self._end(index)
            yield {"index": index, "delta": {}, "finish_reason": finish}

    def _delta(self, index: int, delta: Mapping[str, Any]) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        if delta.get("role") == "assistant":
            shown["role"] = "assistant"
        for name in _TEXTS:
            text = delta.get(name)
            if isinstance(text, str):
                out = self._push(index, (_NAMES.get(name, name),), text)
                if out or "role" in shown:
                    shown[name] = out
        calls = delta.get("tool_calls") or ()
        if not isinstance(calls, list | tuple):
            raise BadAnswer("Calls of tools are no list.")
        if made := [one for each in calls if (one := self._call(index, each)) is not None]:
            shown["tool_calls"] = made
        return shown

    def _call(self, index: int, call: object) -> dict[str, Any] | None:
        """Return what may go out of one call of a tool; its name is looked through as it comes."""
        if not isinstance(call, dict) or not isinstance(call.get("function") or {}, dict):
            raise BadAnswer("A call of a tool is no object.")
        number = call.get("index", 0)
        if not isinstance(number, int) or not 0 <= number < _MOST_CALLS:
            raise BadAnswer("A call of a tool has no number.")
        given = call.get("function") or {}
        shown: dict[str, Any] = {}
        function: dict[str, Any] = {}
        if call.get("id") is not None:
            shown |= {"id": _word(call["id"]), "type": "function"}
        if given.get("name") is not None:
            function["name"] = _word(given["name"])
        if isinstance(given.get("arguments"), str):
            path = ("tool_calls", number, "arguments")
            out = self._push(index, path, given["arguments"])
            if out or function:
                function["arguments"] = out
        if function:
            shown["function"] = function
        return {"index": number} | shown if shown else None

    def _push(self, index: int, path: Path, text: str) -> str:
        self._characters += len(text)
        self.answered += estimate(text)
        if self._characters > MOST_CHARACTERS:
            raise BadAnswer("The answer is too long.")
        whole = self._whole[index]
        key = "/".join(map(str, path))
        whole[key] = whole.get(key, "") + text
        channels = self._channels.setdefault(index, {})
        if path not in channels:
            # Where everything waits for the end, nothing is let go before.
            rules = RuleSet(self._rules.number, ()) if self._waits else self._parts
            channels[path] = Channel(path, rules, category=self._category)
        return "" if self._waits else channels[path].push(text)

    def _end(self, index: int) -> Iterator[dict[str, Any]]:
        """Yield what is held of a choice, looked through as a whole."""
        self._finished.add(index)
        channels = self._channels.get(index, {})
        whole: dict[str, Any] = {}
        for path in channels:
            text = self._whole[index]["/".join(map(str, path))]
            _merge(whole, placed(path, text))
        rules = self._rules if self._waits else self._rest
        found = scan(whole, rules, category=self._category)
        self._findings += found
        if any(each.action in ("refuse", "ask") for each in found):
            raise Stopped(found)
        if self._waits:
            whole = cleaned(whole, rules, category=self._category)
        for path, channel in channels.items():
            text = str(_at(whole, path)) if self._waits else channel.finish()
            if text:
                yield {"index": index, "delta": _delta_of(path, text), "finish_reason": None}

    def _sent(self, choice: dict[str, Any]) -> dict[str, Any]:
        piece = self._head | {"choices": [choice]}
        self._digest.update(json.dumps(choice, sort_keys=True).encode())
        return piece


def _guarded(
    message: dict[str, Any], rules: RuleSet, category: str
) -> tuple[dict[str, Any], tuple[GuardrailFinding, ...]]:
    whole = {_NAMES.get(name, name): value for name, value in message.items() if name != "role"}
    found = scan(whole, rules, category=category)
    if any(each.action in ("refuse", "ask") for each in found):
        raise Stopped(found)
    clean = cleaned(whole, rules, category=category)
    if not isinstance(clean, dict):
        raise Stopped(replace(each, action="refuse") for each in found)
    names = {new: old for old, new in _NAMES.items()}
    shown = {names.get(name, name): value for name, value in clean.items()}
    return {"role": "assistant", "content": None} | shown, found


def _message_in(message: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {
        name: message[name] for name in _TEXTS if isinstance(message.get(name), str)
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
        "id": _word(call.get("id")),
        "type": "function",
        "function": {"name": _word(function.get("name")), "arguments": arguments},
    }


def _delta_of(path: Path, text: str) -> dict[str, Any]:
    if len(path) > 1:
        return {"tool_calls": [{"index": path[1], "function": {"arguments": text}}]}
    names = {new: old for old, new in _NAMES.items()}
    return {names.get(str(path[0]), str(path[0])): text}


def _head_of(body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name in _HEAD
        if isinstance(value := body.get(name), str | int) and len(str(value)) <= _WORD
    }


def _finish_of(choice: object) -> bool:
    return isinstance(choice, dict) and bool(choice.get("finish_reason"))


def _finish_in(choice: Mapping[str, Any]) -> str | None:
    said = choice.get("finish_reason")
    if said is None:
        return None
    return said if said in _FINISHES else "stop"


def _word(value: object) -> str:
    if not isinstance(value, str) or len(value) > _WORD or not value.isprintable():
        raise BadAnswer("A name is too long, or none.")
    return value


def _merge(whole: dict[str, Any], part: dict[str, Any]) -> None:
    """Bring one text to its place among the others: calls of tools stand in one list."""
    for name, value in part.items():
        if isinstance(value, list):
            calls = whole.setdefault(name, [])
            calls += [None] * (len(value) - len(calls))
            calls[len(value) - 1] = value[-1]
        else:
            whole[name] = value


def _at(value: Any, path: Path) -> Any:
    for part in path:
        value = value[part]
    return value
