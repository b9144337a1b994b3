"""What an event says was changed, from what to what: for a table beside its raw data."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from govapp.common.sensitive import masked_json


class Changed(NamedTuple):
    """One field with its former and its new value, in words; what is sensitive is masked."""

    name: str
    before: str
    after: str


def changed_in(data: Mapping[str, Any]) -> list[Changed]:
    """Return the changes that an event's data tells of; none when it tells of none."""
    return [
        Changed(name.replace("_", " "), _said(name, before), _said(name, after))
        for name, before, after in _found(data)
    ]


def _found(data: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    changes, before, after = data.get("changes"), data.get("before"), data.get("after")
    if isinstance(changes, Mapping):
        yield from _by_name(changes)
    elif isinstance(changes, list):
        yield from _in_a_list(changes)
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys([*before, *after]):
            if before.get(name) != after.get(name):
                yield name, before.get(name), after.get(name)
    elif isinstance(data.get("from"), list) and isinstance(data.get("to"), list):
        yield "value", data["from"], data["to"]


def _by_name(changes: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name, each in changes.items():
        if isinstance(each, Mapping) and each.keys() == {"from", "to"}:
            yield name, each["from"], each["to"]


def _in_a_list(changes: list[Any]) -> Iterator[tuple[str, Any, Any]]:
    for each in changes:
        if isinstance(each, Mapping) and {"field", "before", "after"} <= each.keys():
            yield str(each["field"]), each["before"], each["after"]


def _said(name: str, value: Any) -> str:
    (shown,) = masked_json({name: value}).values()
    if shown is None or shown in ("", []):
        return "nothing"
    if isinstance(shown, bool):
        return "yes" if shown else "no"
    if isinstance(shown, list) and all(isinstance(each, str | int) for each in shown):
        return ", ".join(map(str, shown))
    return shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False)
