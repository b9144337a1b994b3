"""What goes wrong, in the shape of OpenAI's errors, so that its clients understand it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_TYPES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "invalid_request_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
}
# What the tenant's key may not do is no matter of the agent's.
_OF_KEY: Final = frozenset({401, 402, 403, 407})


@dataclass(frozen=True)
class Fault:
    """Why a call came to nothing: a status for the agent, a code, and a sentence.

    `words` are the model's service's own. They are for the agent alone, instead of the sentence,
    and kept nowhere: they may repeat what was asked.
    """

    status: int
    code: str
    sentence: str
    param: str | None = None
    words: str = ""

    @property
    def told(self) -> str:
        """What the agent is told."""
        return self.words or self.sentence

    def to_dict(self) -> dict[str, Any]:
        """The error as OpenAI's clients read it."""
        return error_of(self.status, self.code, self.told, self.param)


def error_of(status: int, code: str, sentence: str, param: str | None = None) -> dict[str, Any]:
    """Return the member `error` of an answer."""
    kind = _TYPES.get(status, "api_error")
    return {"message": sentence, "type": kind, "param": param, "code": code}


def upstream_fault(status: int, body: bytes, *, secrets: tuple[str, ...]) -> Fault:
    """Return what an agent is told of an error of the model's service.

    Its words go on where they are about the request, once `guard_words` has looked through them;
    never the key.
    """
    if status in _OF_KEY:
        said = "The model's service does not accept the key of this organisation."
        return Fault(502, "upstream_refused_key", said)
    if status == 429:
        return Fault(429, "upstream_rate_limited", "The model's service is asked too much.")
    if not 400 <= status < 500:
        return Fault(502, "upstream_failed", f"The model's service failed with status {status}.")
    said = f"The model's service answered with status {status}."
    return Fault(status, "upstream_rejected", said, words=_message_in(body, secrets))


def _message_in(body: bytes, secrets: tuple[str, ...]) -> str:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    error = found.get("error") if isinstance(found, Mapping) else None
    said = error.get("message") if isinstance(error, Mapping) else None
    if not isinstance(said, str):
        return ""
    for secret in secrets:
        said = said.replace(secret, "••••") if secret else said
    return said
