"""Server-sent events as they come in, cut anywhere (HTML, section 9.2.6)."""

import re
from typing import Final

_LINE: Final = re.compile(rb"\r\n|\n|\r")


class BadStream(ValueError):
    """What came in is no event stream, or more of one than is taken."""


class EventReader:
    """Gives the data of each event once it is complete; names and ids do not matter here.

    An event that the end cuts off is none. `at_most` bounds what one event may have in bytes.
    """

    def __init__(self, *, at_most: int = 1024 * 1024) -> None:
        self._at_most = at_most
        self._rest = b""
        self._data: list[str] = []
        self._size = 0
        self._is_first = True

    def feed(self, piece: bytes) -> list[str]:
        """Return the data of the events that this piece completes. Raises `BadStream`."""
        text = self._rest + piece
        # A line may end with two bytes, and the second of them may come with the next piece.
        if text.endswith(b"\r"):
            text, kept = text[:-1], b"\r"
        else:
            kept = b""
        *lines, rest = _LINE.split(text)
        self._rest = rest + kept
        if self._size + len(self._rest) > self._at_most:
            raise BadStream("An event is too long.")
        return [data for line in lines if (data := self._take(line)) is not None]

    def _take(self, line: bytes) -> str | None:
        if not line:
            data, self._data, self._size = self._data, [], 0
            return "\n".join(data) if data else None
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise BadStream("The stream is not UTF-8.") from error
        if self._is_first:
            text, self._is_first = text.removeprefix("\ufeff"), False
        name, _, value = text.partition(":")
        if name == "data":
            self._size += len(line)
            if self._size > self._at_most:
                raise BadStream("An event is too long.")
            self._data.append(value.removeprefix(" "))
        return None
