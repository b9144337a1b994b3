"""JSON that a person writes: read with the place of every mistake."""

import json
from typing import Any

from yaml import YAMLError

from approvals.policies import PolicyInvalid, Problem
from approvals.policies.checking import Finding
from approvals.policies.yaml_events import YamlReader


def pretty(value: Any) -> str:
    """Return JSON as a person edits it."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def read_json(text: str) -> Any:
    """Return what the text says; an empty one says `{}`. Raises `PolicyInvalid` with the place."""
    try:
        return json.loads(text or "{}", object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        message = f"this is not JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        raise PolicyInvalid([Problem("", message, error.lineno, error.colno)]) from None
    except RecursionError:
        raise PolicyInvalid([Problem("", "this is nested too deeply", None, None)]) from None
    except ValueError as error:
        raise PolicyInvalid([Problem("", str(error))]) from None


def place_of(text: str, pointer: str) -> tuple[int | None, int | None]:
    """Return line and column of what a JSON pointer names, as far as the text can be followed."""
    reader = YamlReader()
    try:
        reader.read(text)
    except (PolicyInvalid, YAMLError):  # JSON is not always YAML; the pointer has to do then
        return None, None
    return reader.position.locate(Finding(pointer, ""))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice} is written twice in one object; remove one")
    return found
