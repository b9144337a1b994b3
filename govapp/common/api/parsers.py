"""A strict JSON parser: what a lenient one lets through, two readers understand differently.

Refused with 400: duplicate keys, NaN and infinities, numbers of 2^53 and beyond, NUL characters,
lone surrogates, nesting deeper than 32, anything that is not UTF-8. Refused with 413: bodies over
256 KiB.
"""

import json
from collections.abc import Mapping
from typing import IO, Any, Final, NoReturn

from rest_framework.parsers import BaseParser

from govapp.common.errors import Malformed, TooLarge

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 32
MAX_INTEGER: Final = 2**53 - 1  # the largest that RFC 8785 can write exactly


def parse_strict_json(body: bytes) -> Any:
    """Return the value in `body`; raise `Malformed` or `TooLarge` with what to do."""
    if len(body) > MAX_BYTES:
        raise TooLarge(f"The body is over {MAX_BYTES} bytes.")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("The body is not UTF-8.") from error
    try:
        value = json.loads(
            text,
            object_pairs_hook=_unique_keys,
            parse_constant=_no_constant,
            parse_int=_small_integer,
            parse_float=_finite_float,
        )
    except RecursionError as error:
        raise Malformed(f"The body is nested deeper than {MAX_DEPTH}.") from error
    except json.JSONDecodeError as error:
        raise Malformed(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from error
    _check(value)
    return value


class StrictJSONParser(BaseParser):
    """DRF's door to `parse_strict_json`. The body has to be an object."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        value = parse_strict_json(stream.read(MAX_BYTES + 1))
        if not isinstance(value, dict):
            raise Malformed("The body has to be a JSON object.")
        return value


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise Malformed(f"The key {json.dumps(key)} stands twice in one object.")
        result[key] = value
    return result


def _no_constant(name: str) -> NoReturn:
    raise Malformed(f"{name} is not a JSON number.")


def _small_integer(digits: str) -> int:
    if len(digits) > 17 or abs(int(digits)) > MAX_INTEGER:
        raise Malformed("An integer is 2^53 or beyond; send it as a string.")
    return int(digits)


def _finite_float(digits: str) -> float:
    value = float(digits)
    if abs(value) > MAX_INTEGER or len(digits) > 40:
        raise Malformed("A number is too large or too long; send it as a string.")
    return value


def _check(root: Any) -> None:
    """Walk the value without recursion: depth, NUL, lone surrogates."""
    stack: list[tuple[Any, int]] = [(root, 1)]
    while stack:
        value, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise Malformed(f"The body is nested deeper than {MAX_DEPTH}.")
        if isinstance(value, str):
            _check_text(value)
        elif isinstance(value, dict):
            for key, item in value.items():
                _check_text(key)
                stack.append((item, depth + 1))
        elif isinstance(value, list):
            stack.extend((item, depth + 1) for item in value)


def _check_text(text: str) -> None:
    if "\0" in text:
        raise Malformed("A string holds a NUL character.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Malformed("A string holds half of a surrogate pair.") from error


class YamlTextParser(BaseParser):
    """Takes a YAML document as it is, for whoever reads it by their own rules: `{"source": …}`.

    Refuses bodies over 512 KiB (413) and what is not UTF-8 (400).
    """

    media_type = "application/yaml"
    max_bytes: Final = 512 * 1024

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        body = stream.read(self.max_bytes + 1)
        if len(body) > self.max_bytes:
            raise TooLarge(f"The body is over {self.max_bytes} bytes.")
        try:
            return {"source": body.decode("utf-8")}
        except UnicodeDecodeError as error:
            raise Malformed("The body is not UTF-8.") from error
