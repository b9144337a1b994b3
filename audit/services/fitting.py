"""What an event holds of values that are too large for it: their digest and their length."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from audit.merkle.canonical import MAX_BYTES, encoded


def cut(value: object) -> dict[str, Any]:
    """Return what stands for a value: the SHA-256 and number of its bytes, and that it was cut;
    for a list also how many items it has.

    The bytes are a text's UTF-8 in NFC, as the record keeps it, or the canonical JSON (RFC 8785)
    of anything else. Whoever has the value, from the row that keeps it whole, can prove that it
    is the one that was meant.
    """
    full = value.encode() if isinstance(value, str) else encoded(value)
    mark = {"sha256": sha256(full).hexdigest(), "bytes": len(full), "cut": True}
    return mark | {"items": len(value)} if isinstance(value, list) else mark


def fitted(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a normalised event whose canonical bytes are few enough, cutting what is largest.

    Only values of `data` are cut, the largest first, and only as many as have to be. Raises
    `CanonicalError` for a value without a canonical form.
    """
    excess = len(encoded(body)) - MAX_BYTES
    data = dict(body["data"])
    sizes = {name: len(encoded(value)) for name, value in data.items()}
    for name in sorted(sizes, key=lambda name: -sizes[name]):
        if excess <= 0:
            break
        mark = cut(data[name])
        excess -= sizes[name] - len(encoded(mark))
        data[name] = mark
    return {**body, "data": data}
