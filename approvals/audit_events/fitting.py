"""What does not fit into an event: it stands there by its digest, and says so.

An event has a limit in canonical bytes (`audit.merkle.canonical.MAX_BYTES`). Whatever an event
leaves out is whole in the row that the event is about.
"""

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from audit.merkle.canonical import MAX_BYTES

_FRAME: Final = 4_000  # bytes for the ids, kinds, times and names of the event's own fields
_SENTENCE: Final = 1_000  # characters of somebody's words inside of a summary


def fit(data: Mapping[str, Any], *beside: str) -> dict[str, Any]:
    """Return the data with its largest values cut until the event fits.

    `beside` are the texts that the event has outside of its data. A value that is cut becomes
    `{"sha256", "bytes", "cut": true}`: the digest is of the UTF-8 text, or of the JSON text with
    sorted keys and no blanks, as the row has it.
    """
    room = MAX_BYTES - _FRAME - sum(map(_size, beside))
    fitted = dict(data)
    sizes = {key: _size(key) + _size(value) + 2 for key, value in fitted.items()}
    while sum(sizes.values()) > room:
        largest = max(sizes, key=lambda key: sizes[key])
        fitted[largest] = _cut(data[largest])
        size = _size(largest) + _size(fitted[largest]) + 2
        if size >= sizes[largest]:
            break
        sizes[largest] = size
    return fitted


def words(text: str) -> str:
    """Return the beginning of a text for a summary; `data` has the whole."""
    return text if len(text) <= _SENTENCE else f"{text[: _SENTENCE - 1]}…"


def _cut(value: Any) -> dict[str, Any]:
    text = value if isinstance(value, str) else _json(value)
    whole = text.encode()
    return {"sha256": hashlib.sha256(whole).hexdigest(), "bytes": len(whole), "cut": True}


def _size(value: Any) -> int:
    """Return the bytes that this takes in the record, which has its strings in NFC."""
    return len(unicodedata.normalize("NFC", _json(value)).encode())


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
