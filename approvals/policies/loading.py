"""From YAML or JSON text to a Policy, with the line and column of every problem in YAML.

Text comes from people and through the API, so it is read as events on a stack of our own: no
tags, no anchors and aliases, no duplicate keys, nothing that recurses. Plain scalars follow the
core schema of YAML 1.2, so that `no` is a word (and Norway) and `010` is not eight.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Final, Never

import yaml

from approvals.policies import limits
from approvals.policies.decimals import read_float
from approvals.policies.parsing import build_policy
from approvals.policies.policy import Policy
from approvals.policies.positions import Position
from approvals.policies.problems import PolicyInvalid, Problem
from approvals.policies.yaml_events import YamlReader, resolve_plain

# What YAML 1.2 section 5.1 leaves out of a stream; the parser would not say where it stands.
_NOT_YAML: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TOO_LARGE: Final = f"write at most {limits.DOCUMENT_BYTES // 1024} KiB; split the policy"


def load_policy(text: str) -> Policy:
    """Read a policy from YAML or JSON text. Raises PolicyInvalid."""
    document, position = read_document(text)
    return build_policy(document, position.locate)


def read_document(text: str) -> tuple[object, Position]:
    """The plain data of YAML or JSON text, not yet checked, and where its parts stand.

    Raises PolicyInvalid when the text cannot be read at all.
    """
    _check_text(text)
    if text.lstrip().startswith("{"):
        # JSON proper is read as JSON: YAML 1.1 parsers trip over some of its strings.
        try:
            document = _read_json(text)
        except (json.JSONDecodeError, RecursionError):
            pass  # The YAML reader says where it goes wrong, and counts the depth.
        else:
            return document, Position()
    reader = YamlReader()
    document = _read_yaml(reader, text)
    return document, reader.position


def dump_policy(policy: Policy) -> str:
    """The normalised document as YAML; `load_policy` reads the same policy from it."""
    return dump_document(policy.document)


def dump_document(document: Mapping[str, object]) -> str:
    """Plain data, a policy or half of one, as YAML that `read_document` reads back."""
    return yaml.dump(document, Dumper=PolicyDumper, sort_keys=False, allow_unicode=True, width=100)


class PolicyDumper(yaml.SafeDumper):
    """Quotes also the text that only our reader would take for something else, such as 1e5."""

    def ignore_aliases(self, _data: object) -> bool:
        """Write everything out, since the reader refuses aliases."""
        return True

    def represent_text(self, text: str) -> yaml.ScalarNode:
        """Text in quotes where it would not be read back as text."""
        style = None if resolve_plain(text) == text else "'"
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)


PolicyDumper.add_representer(str, PolicyDumper.represent_text)


def _check_text(text: str) -> None:
    # A character takes at least one byte, so an enormous text is not even encoded.
    if len(text) > limits.DOCUMENT_BYTES:
        _refuse(_TOO_LARGE)
    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError as error:
        place = _place(text, error.start)
        _refuse("remove the broken Unicode character (half of a surrogate pair)", *place)
    if size > limits.DOCUMENT_BYTES:
        _refuse(_TOO_LARGE)
    if not text.strip():
        _refuse("the document is empty; begin with version: 1")


def _place(text: str, index: int) -> tuple[int, int]:
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)


def _refuse(message: str, line: int | None = None, column: int | None = None) -> Never:
    raise PolicyInvalid([Problem("", message, line, column)])


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

    return json.loads(
        text,
        object_pairs_hook=unique,
        parse_constant=constant,
        parse_int=integer,
        parse_float=read_float,
    )


def _read_yaml(reader: YamlReader, text: str) -> object:
    hidden = _NOT_YAML.search(text)
    if hidden:
        shown = f"U+{ord(hidden[0]):04X}"
        _refuse(f"remove the control character {shown}", *_place(text, hidden.start()))
    try:
        return reader.read(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        said = error.problem or error.context or "it cannot be read"
        message = f"this is not valid YAML: {said}; check indentation and quotes around here"
        if mark is None:
            _refuse(message)
        _refuse(message, mark.line + 1, mark.column + 1)
