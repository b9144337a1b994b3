"""A streamed answer of a model, piece by piece: looked through, masked, or stopped.

What goes on to the agent is built from what is known here, never the piece as it came: a field
that nobody looked through (such as the tokens of `logprobs`) does not go along.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from approvals.gateway.holding import (
    Channel,
    Path,
    Stopped,
    is_about_the_whole,
    is_strict,
    placed,
)
from approvals.gateway.shapes import (
    NAMES,
    TEXTS,
    BadAnswer,
    finish_in,
    head_of,
    usage_words,
    word_of,
)
from approvals.gateway.tokens import Usage, estimate, usage_in
from approvals.guardrails import GuardrailFinding, RuleSet, cleaned, scan

MOST_CHARACTERS: Final = 1_000_000
_MOST_CALLS: Final = 128
_LARGE: Final = 4_096


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
        self._head = head_of(piece)
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
        if finish := finish_in(choice):
            yield from self._end(index)
            yield {"index": index, "delta": {}, "finish_reason": finish}

    def _delta(self, index: int, delta: Mapping[str, Any]) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        if delta.get("role") == "assistant":
            shown["role"] = "assistant"
        for name in TEXTS:
            text = delta.get(name)
            if isinstance(text, str):
                out = self._push(index, (NAMES.get(name, name),), text)
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
            shown |= {"id": word_of(call["id"]), "type": "function"}
        if given.get("name") is not None:
            function["name"] = word_of(given["name"])
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


def _delta_of(path: Path, text: str) -> dict[str, Any]:
    if len(path) > 1:
        return {"tool_calls": [{"index": path[1], "function": {"arguments": text}}]}
    names = {new: old for old, new in NAMES.items()}
    return {names.get(str(path[0]), str(path[0])): text}


def _finish_of(choice: object) -> bool:
    return isinstance(choice, dict) and bool(choice.get("finish_reason"))


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
