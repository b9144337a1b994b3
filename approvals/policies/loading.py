"""From YAML or JSON text to a Policy, with the line and column of every problem in YAML.

Text comes from people and through the API, so it is read as events on a stack of our own: no
tags, no anchors and aliases, no duplicate keys, nothing that recurses. Plain scalars follow the
core schema of YAML 1.2, so that `no` is a word (and Norway) and `010` is not eight.
"""

from __future__ import annotations

import json
import math
from typing import Final, Never

import yaml

from approvals.policies import limits
from approvals.policies.decimals import read_float
from approvals.policies.parsing import build_policy
from approvals.policies.policy import Policy
from approvals.policies.positions import Position
from approvals.policies.problems import PolicyInvalid, Problem
from approvals.policies.yaml_events import YamlReader

_TOO_LARGE: Final = f"write at most {limits.DOCUMENT_BYTES // 1024} KiB; split the policy"


def load_policy(text: str) -> Policy:
    """Read a policy from YAML or JSON text. Raises PolicyInvalid."""
    _check_text(text)
    if text.lstrip().startswith("{"):
        # JSON proper is read as JSON: YAML 1.1 parsers trip over some of its strings.
        try:
            document = _read_json(text)
        except json.JSONDecodeError:
            pass
        else:
            return build_policy(document, Position().locate)
    reader = YamlReader()
    document = _read_yaml(reader, text)
    return build_policy(document, reader.position.locate)


def dump_policy(policy: Policy) -> str:
    """The normalised document as YAML; `load_policy` reads the same policy from it."""
    return yaml.safe_dump(policy.document, sort_keys=False, allow_unicode=True, width=100)


def _check_text(text: str) -> None:
    # A character takes at least one byte, so an enormous text is not even encoded.
    if len(text) > limits.DOCUMENT_BYTES:
        _refuse(_TOO_LARGE)
    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        column = error.start - text.rfind("\n", 0, error.start)
        _refuse("remove the broken Unicode character (half of a surrogate pair)", line, column)
    if size > limits.DOCUMENT_BYTES:
        _refuse(_TOO_LARGE)
    if not text.strip():
        _refuse("the document is empty; begin with version: 1")


def _refuse(
    message: str, line: int | None = None, column: int | None = None, pointer: str = ""
) -> Never:
    raise PolicyInvalid([Problem(pointer, message, line, column)])


def _read_json(text: str) -> object:
    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        result = dict(pairs)
        if len(result) != len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            _refuse(f"the key {twice} is written twice in one object; remove one")
        return result

    def constant(name: str) -> object:
        _refuse(f"{name} is not JSON; write a number")

    def integer(digits: str) -> object:
        return int(digits) if len(digits) <= limits.NUMBER_CHARACTERS else math.inf

    try:
        return json.loads(
            text,
            object_pairs_hook=unique,
            parse_constant=constant,
            parse_int=integer,
            parse_float=read_float,
        )
    except RecursionError:
        _refuse(f"nest at most {limits.DOCUMENT_DEPTH} deep")


def _read_yaml(reader: YamlReader, text: str) -> object:
    try:
        return reader.read(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        said = error.problem or error.context or "it cannot be read"
        message = f"this is not valid YAML: {said}; check indentation and quotes around here"
        if mark is None:
            _refuse(message)
        _refuse(message, mark.line + 1, mark.column + 1)
    except yaml.YAMLError as error:
        said = str(error).splitlines()[0]
        _refuse(f"this is not valid YAML: {said}; remove the character that does not belong")
