"""What an agent asks of a model, in OpenAI's shapes, read before any of it is sent on.

Unknown parameters are passed on: models have their own. Refused is what could not be looked
through (pictures, sound, tokens), what would tell what the guardrails hold back (logprobs), and
what is known to cost otherwise than the price and the limit of the answer say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

Kind = Literal["chat", "embeddings"]

CATEGORIES: Final[dict[str, str]] = {
    "model.chat": "Calls of a chat model",
    "model.embeddings": "Calls of an embedding model",
}
"""What `Asked.category` may be, and what each is called: no tenant has to set these up."""
MOST_CHOICES: Final = 8
MOST_TOKENS: Final = 1_000_000
MOST_INPUTS: Final = 2_048
_NAME: Final = 200
_ROLES: Final = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_TEXT_PARTS: Final = frozenset({"text", "refusal"})
_LIMITS: Final = ("max_completion_tokens", "max_tokens")
# Searches, other tiers, other models, answers that are paid for and not shown, other limits.
_COSTS_OTHERWISE: Final = (
    "web_search_options", "search_parameters", "plugins", "service_tier", "models", "best_of",
    "prediction", "max_output_tokens",
)  # fmt: skip


class NotAccepted(ValueError):
    """A request that is not passed on; `param` names the parameter, as OpenAI's errors do."""

    def __init__(self, param: str, sentence: str) -> None:
        super().__init__(sentence)
        self.param = param
        self.sentence = sentence


@dataclass(frozen=True)
class Asked:
    """One request. `most_output` is how many tokens each answer may have, None when not said."""

    kind: Kind
    model: str
    body: Mapping[str, Any]
    streams: bool = False
    wants_usage: bool = False
    choices: int = 1
    most_output: int | None = None

    @property
    def category(self) -> str:
        """What rules of the guardrails, kills and budgets know it by."""
        return f"model.{self.kind}"


def read_asked(kind: Kind, body: Mapping[str, Any]) -> Asked:
    """Return what is asked. Raises `NotAccepted`."""
    model = body.get("model")
    if not isinstance(model, str) or not 0 < len(model) <= _NAME or not _is_visible(model):
        raise NotAccepted("model", "Name the model.")
    for name in _COSTS_OTHERWISE:
        # The tier "default" is the one that the price is for.
        if body.get(name) is not None and (name, body[name]) != ("service_tier", "default"):
            said = f"{name} is not passed on: it would cost otherwise. Leave it out."
            raise NotAccepted(name, said)
    return _chat(model, body) if kind == "chat" else _embeddings(model, body)


def to_send(asked: Asked, body: Mapping[str, Any], *, most_output: int) -> dict[str, Any]:
    """Return what is sent on: bounded by tokens, so that a budget can be reserved beforehand.

    A stream always tells what it used; whoever did not ask for that is not told.
    """
    sent = dict(body)
    if asked.kind == "chat":
        for name in _LIMITS:
            if sent.get(name, 0) is None:
                del sent[name]
        if asked.most_output is None:
            sent["max_completion_tokens"] = most_output
        if asked.streams:
            sent["stream_options"] = {"include_usage": True}
    return sent


def _chat(model: str, body: Mapping[str, Any]) -> Asked:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise NotAccepted("messages", "Send a list of messages.")
    for number, each in enumerate(messages):
        _check_message(each, f"messages[{number}]")
    for name in ("logprobs", "top_logprobs"):
        if body.get(name):
            raise NotAccepted(
                name, f"{name} is not passed on: it would tell what is held back. Leave it out."
            )
    if "audio" in (body.get("modalities") or ()) or body.get("audio"):
        raise NotAccepted("modalities", "Only text can be looked through: ask for no sound.")
    limits = [_whole(body, name, MOST_TOKENS) for name in _LIMITS if body.get(name) is not None]
    if len(limits) > 1:
        said = f"Give one of {' and '.join(_LIMITS)}: services differ in which of them they heed."
        raise NotAccepted("max_tokens", said)
    _check_tools(body.get("tools"))
    options = body.get("stream_options") or {}
    if not isinstance(options, dict):
        raise NotAccepted("stream_options", "An object.")
    return Asked(
        "chat",
        model,
        body,
        streams=_flag(body, "stream"),
        wants_usage=_flag(options, "include_usage"),
        choices=_whole(body, "n", MOST_CHOICES) or 1,
        most_output=limits[0] if limits else None,
    )


def _check_tools(tools: object) -> None:
    """Only functions, which the agent carries out: what the service carries out costs more."""
    if tools is None:
        return
    if not isinstance(tools, list):
        raise NotAccepted("tools", "A list.")
    for number, each in enumerate(tools):
        if not isinstance(each, dict) or each.get("type") != "function":
            raise NotAccepted(f"tools[{number}]", "Only functions are passed on.")


def _check_message(message: object, param: str) -> None:
    if not isinstance(message, dict):
        raise NotAccepted(param, "Each message is an object.")
    if message.get("role") not in _ROLES:
        raise NotAccepted(f"{param}.role", f"One of {', '.join(sorted(_ROLES))}.")
    content = message.get("content")
    if content is None or isinstance(content, str):
        return
    if not isinstance(content, list):
        raise NotAccepted(f"{param}.content", "A text, or a list of parts.")
    for number, part in enumerate(content):
        if not isinstance(part, dict) or part.get("type") not in _TEXT_PARTS:
            raise NotAccepted(
                f"{param}.content[{number}]",
                "Only text can be looked through: pictures, sound and files are not passed on.",
            )


def _embeddings(model: str, body: Mapping[str, Any]) -> Asked:
    given = body.get("input")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not 0 < len(texts) <= MOST_INPUTS:
        raise NotAccepted("input", f"A text, or a list of up to {MOST_INPUTS} texts.")
    if not all(isinstance(each, str) for each in texts):
        raise NotAccepted("input", "Send texts: tokens cannot be looked through.")
    if body.get("stream"):
        raise NotAccepted("stream", "Embeddings are not streamed.")
    return Asked("embeddings", model, body)


def _is_visible(text: str) -> bool:
    return all("!" <= each <= "~" for each in text)


def _flag(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise NotAccepted(name, "True or false.")
    return bool(value)


def _whole(body: Mapping[str, Any], name: str, most: int) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise NotAccepted(name, f"A whole number from 1 to {most}.")
    return value
