"""Embeddings as they go on to the agent: numbers, and nothing that could be anything else."""

import re
from collections.abc import Mapping
from typing import Any, Final

from approvals.gateway.shapes import BadAnswer, usage_words
from approvals.gateway.tokens import usage_in

_BASE64: Final = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_MOST: Final = 2_048
_NAME: Final = 200


def read_embeddings(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer with vectors. Raises `BadAnswer` when it is none."""
    given = body.get("data")
    if not isinstance(given, list) or len(given) > _MOST:
        raise BadAnswer("there are no embeddings.")
    data = [
        {"object": "embedding", "index": index, "embedding": _vector(each)}
        for index, each in enumerate(given)
    ]
    shown: dict[str, Any] = {"object": "list", "data": data}
    if isinstance(model := body.get("model"), str):
        shown["model"] = model[:_NAME]
    if used := usage_in(body):
        shown["usage"] = usage_words(used)
    return shown


def _vector(each: object) -> list[float] | str:
    vector = each.get("embedding") if isinstance(each, dict) else None
    if isinstance(vector, str) and _BASE64.fullmatch(vector):
        return vector
    if isinstance(vector, list) and all(type(number) in (int, float) for number in vector):
        return vector
    raise BadAnswer("an embedding is no list of numbers.")
