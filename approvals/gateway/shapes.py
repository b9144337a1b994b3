"""The shapes of OpenAI's answers, as far as they go on to an agent."""

from collections.abc import Mapping
from typing import Any, Final

from approvals.gateway.tokens import Usage

TEXTS: Final = ("content", "refusal", "reasoning_content", "reasoning")
NAMES: Final = {"content": "answer"}
"""What rules of the guardrails call a text that the protocol calls otherwise."""
_HEAD: Final = ("id", "object", "created", "model", "system_fingerprint", "service_tier")
_WORD: Final = 200
_FINISHES: Final = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})


class BadAnswer(ValueError):
    """What the model's service sent is no answer of this protocol."""


def usage_words(used: Usage) -> dict[str, int]:
    """Return what was used as OpenAI's answers say it."""
    return {
        "prompt_tokens": used.asked,
        "completion_tokens": used.answered,
        "total_tokens": used.total,
    }


def head_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what says which answer this is, or a piece of which."""
    return {
        name: value
        for name in _HEAD
        if isinstance(value := body.get(name), str | int) and len(str(value)) <= _WORD
    }


def finish_in(choice: Mapping[str, Any]) -> str | None:
    """Return why a choice ended, None when it goes on."""
    said = choice.get("finish_reason")
    if said is None:
        return None
    return said if said in _FINISHES else "stop"


def word_of(value: object) -> str:
    """Return a name or id. Raises `BadAnswer` when it is none."""
    if not isinstance(value, str) or len(value) > _WORD or not value.isprintable():
        raise BadAnswer("A name is too long, or none.")
    return value
