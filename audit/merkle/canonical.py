"""The one byte form of an event: what is hashed, stored, and exported as a line of JSONL."""

import json
from collections.abc import Mapping
from typing import Final, TypeAlias
from unicodedata import is_normalized

import msgspec

MAX_BYTES = 60_000
"""Below 65,535, so that an entry always fits the length prefix of a C2SP entry bundle."""

MAX_INTEGER = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly (RFC 8785, RFC 7493 section 2.2)."""

MAX_DEPTH = 64
"""Deeper nesting could exhaust the stack of a verifier written by somebody else."""

_WRITTEN_ANEW: Final = 2
"""How deep an event's own objects lie: the event itself, its actor, its subject, its data."""

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_encode_sorted = msgspec.json.Encoder(order="sorted").encode  # only what `_is_ordinary` let pass


class CanonicalError(ValueError):
    """An event that has no canonical form; `pointer` (RFC 6901) says where, never what."""

    def __init__(self, reason: str, pointer: str) -> None:
        # A pointer may hold the very surrogate that is complained about; it must stay printable.
        self.pointer = pointer.encode("utf-8", "backslashreplace").decode("utf-8")
        self.reason = reason
        super().__init__(f"{reason} at {self.pointer or 'the top of the event'}")


def canonical_bytes(event: Mapping[str, object]) -> bytes:
    """Return the RFC 8785 (JCS) bytes of an event: one line of UTF-8, at most `MAX_BYTES` bytes.

    Stricter than JCS, so that every reader agrees on every value: no floats, integers up to
    2**53 - 1 either way, strings and keys in NFC, mappings, lists and tuples only.

    Raises CanonicalError with a JSON pointer to the first offending place.
    """
    if not isinstance(event, Mapping):
        raise CanonicalError("an event must be an object", "")
    data = encoded(event)
    if len(data) > MAX_BYTES:
        raise CanonicalError(f"{len(data)} bytes are more than the {MAX_BYTES} allowed", "")
    return data


def quick_bytes(event: Mapping[str, object]) -> bytes | None:
    """Return the same of an event in which all is ordinary, as in nearly every one; else None.

    Ordinary are the types of JSON themselves: what is marked (`audit.actors`) is of none of them.
    """
    if type(event) is not dict or not _are_ordinary(event, 1):
        return None
    data = _encode_sorted(event)
    return data if len(data) <= MAX_BYTES else None


def encoded(value: object) -> bytes:
    """Return the same bytes for any value of an event, however many. Raises CanonicalError."""
    # Without floats, RFC 8785 is JSON in this order with the escapes that the encoder writes
    # anyway; the tests compare with another implementation.
    if _is_ordinary(value, 1):
        # ASCII sorts alike in code points and in UTF-16.
        return _encode_sorted(value)
    return _encode(_plain(value, "", 1)).encode()


class Writer:
    """Writes many events as `canonical_bytes` does, what is one object in several of them once.

    An event is a `dict` of few values, of which some are objects of few values; what lies deeper
    (the seats of a stage) is usually the same for thousands of events. Nothing that was written
    may be changed while this is in use.
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        # By identity; the object is kept, so that no other one can come by its number.
        self._known: dict[int, tuple[object, str]] = {}

    def write(self, event: Mapping[str, object]) -> bytes:
        """Return the canonical bytes of an event. Raises CanonicalError."""
        # What is out of the ordinary, or too long, is looked at closely.
        return self.write_quickly(event) or canonical_bytes(event)

    def write_quickly(self, event: Mapping[str, object]) -> bytes | None:
        """Return the same as `quick_bytes`."""
        data = (self._object(event, 1) or "").encode()
        return data if 0 < len(data) <= MAX_BYTES else None

    def _object(self, value: Mapping[str, object], depth: int) -> str | None:
        names = self._names
        for key in value:
            if key not in names:
                if type(key) is not str or not key.isascii():
                    return None
                names[key] = f"{_encode(key)}:"
        parts = []
        for key in sorted(value):
            text = self._value(value[key], depth + 1)
            if text is None:
                return None
            parts.append(names[key] + text)
        return f"{{{','.join(parts)}}}"

    def _value(self, value: object, depth: int) -> str | None:
        kind = type(value)
        if type(value) is str and value.isascii():
            return _encode(value)
        if type(value) is dict and depth <= _WRITTEN_ANEW:
            return self._object(value, depth)
        known = self._known.get(id(value))
        if known is None:
            if not _is_ordinary(value, depth):
                return None
            known = (value, _encode_sorted(value).decode())
            if kind is dict or kind is list:
                self._known[id(value)] = known
        return known[1]


def _is_ordinary(value: object, depth: int) -> bool:
    """Whether nothing can be wrong with a value, as with nearly all of them: told quickly."""
    if type(value) is str:
        # A character above U+D7FF may be half of a pair: `_plain` looks closer.
        return value.isascii() or (max(value) < "\ud800" and is_normalized("NFC", value))
    if type(value) is dict:
        return depth <= MAX_DEPTH and _are_ordinary(value, depth)
    if type(value) is list or type(value) is tuple:
        return depth <= MAX_DEPTH and all(_is_ordinary(item, depth + 1) for item in value)
    if type(value) is int:
        return abs(value) <= MAX_INTEGER
    return value is None or type(value) is bool


def _are_ordinary(items: dict[object, object], depth: int) -> bool:
    for key, item in items.items():
        if type(key) is not str or not key.isascii():
            return False
        # Most values are short ASCII: no call for those.
        if not (type(item) is str and item.isascii()) and not _is_ordinary(item, depth + 1):
            return False
    return True


def _plain(value: object, pointer: str, depth: int) -> Json:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        _check_text(value, "a string", pointer)
        return value
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise CanonicalError("an integer beyond 2**53 - 1 is not exact in JSON", pointer)
        return value
    if isinstance(value, float):
        raise CanonicalError("a float has no single decimal form; write it as a string", pointer)
    if depth > MAX_DEPTH:
        raise CanonicalError(f"nested deeper than {MAX_DEPTH} levels", pointer)
    if isinstance(value, Mapping):
        return _plain_object(value, pointer, depth)
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{pointer}/{at}", depth + 1) for at, item in enumerate(value)]
    raise CanonicalError(f"{type(value).__name__} is not a JSON type", pointer)


def _plain_object(value: Mapping[object, object], pointer: str, depth: int) -> dict[str, Json]:
    plain: dict[str, Json] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise CanonicalError(f"a key is {type(key).__name__}, not a string", pointer)
        below = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
        _check_text(key, "a key", below)
        plain[key] = _plain(item, below, depth + 1)
    return {key: plain[key] for key in sorted(plain, key=_utf_16)}


def _utf_16(key: str) -> bytes:
    """Return what keys are sorted by: their UTF-16 code units (RFC 8785 section 3.2.3)."""
    return key.encode("utf-16-be")


def _check_text(text: str, what: str, pointer: str) -> None:
    if text.isascii():
        return
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise CanonicalError(f"{what} has a lone surrogate", pointer) from None
    if not is_normalized("NFC", text):
        raise CanonicalError(f"{what} is not in Unicode normalisation form C", pointer)
