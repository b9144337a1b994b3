"""The canonical bytes of events that are alike: encoded once, then filled in."""

import re
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Final

from audit.merkle.canonical import CanonicalError, encoded

Path = tuple[str, ...]

# Ids and times: JSON writes them as they are, and nothing in them can have to be hidden.
_PLAIN: Final = re.compile(r"[0-9A-Za-z_.:+-]*")


def are_plain(texts: Sequence[str]) -> bool:
    """Whether each of these texts may be filled in."""
    return _PLAIN.fullmatch("".join(texts)) is not None


class Template:
    """Writes events that differ in the texts at a few places, as `canonical_bytes` does.

    Made of one of them, and of the path of each place (the names from the top on): there the
    event has a text. Raises `CanonicalError` when it has none, or when the event cannot be
    written; a length is not looked at here.
    """

    def __init__(self, event: Mapping[str, object], paths: Sequence[Path]) -> None:
        places = {path: number for number, path in enumerate(paths)}
        found: list[int] = []
        parts = list(_parts(event, (), places, found))
        if sorted(found) != list(range(len(paths))):
            raise CanonicalError("a place to fill is missing", "")
        self._format = b"".join(parts)
        # A single place would be taken out of its tuple.
        self._in_order = itemgetter(*found) if len(found) > 1 else tuple

    def fill(self, texts: Sequence[bytes]) -> bytes:
        """Return the bytes of the event with these texts, which `are_plain`, one for each path."""
        return self._format % self._in_order(texts)


def _parts(
    value: object, path: Path, places: Mapping[Path, int], found: list[int]
) -> Iterator[bytes]:
    """Yield the format piece by piece, and note which place comes next."""
    if path in places:
        if not isinstance(value, str):
            raise CanonicalError("a place to fill is no text", "/" + "/".join(path))
        found.append(places[path])
        yield b'"%s"'
        return
    below = any(each[: len(path)] == path for each in places)
    if not below or not isinstance(value, Mapping):
        yield encoded(value).replace(b"%", b"%%")
        return
    # Sorted, and its names looked at, by the same writer as everything else.
    names = _sorted_names(value)
    yield b"{"
    for at, name in enumerate(names):
        yield b"," if at else b""
        yield encoded(name).replace(b"%", b"%%") + b":"
        yield from _parts(value[name], (*path, name), places, found)
    yield b"}"


def _sorted_names(value: Mapping[str, object]) -> list[str]:
    if any(type(name) is not str or not name.isascii() for name in value):
        raise CanonicalError("an object with places to fill has names of its own", "")
    # ASCII sorts alike in code points and in UTF-16.
    return sorted(value)
