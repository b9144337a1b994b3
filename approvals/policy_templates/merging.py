"""A template's rules beside rules that there are: nothing of theirs is changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from approvals.policy_templates.template import Document


@dataclass(frozen=True)
class Merged:
    """The whole document, and which of its rules came from the template.

    `added` maps their ids to those that they have in the template. `already` are the template's
    ids of rules that stood there word for word.
    """

    document: Document
    added: Mapping[str, str]
    already: tuple[str, ...]


def merge_document(live: Mapping[str, Any], built: Document, *, prefix: str) -> Merged:
    """Add the template's flows and rules to `live`, both normalised; its default is kept.

    A name that is taken by something else gets `prefix` in front, and then a number.
    """
    flows: dict[str, Any] = dict(live.get("flows", {}))
    names = {}
    for name, flow in built["flows"].items():
        names[name] = _settle(name, flow, flows, prefix)
        flows[names[name]] = flow
    rules = list(live["rules"])
    known = {rule["id"]: rule for rule in rules}
    added: dict[str, str] = {}
    already: list[str] = []
    for rule in built["rules"]:
        moved = dict(rule)
        if "flow" in rule:
            moved["flow"] = names[rule["flow"]]
        ident = rule["id"]
        if _is_there(moved, known, prefix):
            already.append(ident)
            continue
        moved["id"] = _free(ident, known, prefix)
        known[moved["id"]] = moved
        added[moved["id"]] = ident
        rules.append(moved)
    return Merged({**live, "flows": flows, "rules": rules}, added, tuple(already))


def _settle(name: str, flow: Any, flows: Mapping[str, Any], prefix: str) -> str:
    """Return the name of the same flow if it is there, else one that is free."""
    for each in _candidates(name, prefix):
        if flows.get(each, flow) == flow:
            return each
    raise AssertionError  # there is always another number


def _is_there(rule: Mapping[str, Any], known: Mapping[str, Any], prefix: str) -> bool:
    for ident in _candidates(rule["id"], prefix):
        if ident not in known:
            return False
        if known[ident] == {**rule, "id": ident}:
            return True
    raise AssertionError


def _free(name: str, taken: Collection[str], prefix: str) -> str:
    return next(each for each in _candidates(name, prefix) if each not in taken)


def _candidates(name: str, prefix: str) -> Iterator[str]:
    yield name
    yield f"{prefix}-{name}"
    yield from (f"{prefix}-{name}-{number}" for number in count(2))
