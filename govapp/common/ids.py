"""Identifiers: UUIDv7 inside, `prefix_` + 26 Crockford base-32 characters outside.

The outside form tells a person what an id is of, and sorts by time like the UUID itself.
"""

from typing import Final, TypeAlias
from uuid import UUID

import uuid_utils
from uuid_utils.compat import uuid7

FreshId: TypeAlias = UUID | uuid_utils.UUID

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES: Final = {character: value for value, character in enumerate(_ALPHABET)}
_LENGTH: Final = 26
# Two characters at a time: half the work of what every event does several times.
_PAIRS: Final = [first + second for first in _ALPHABET for second in _ALPHABET]
_SHIFTS: Final = range(5 * (_LENGTH - 2), -1, -10)


class InvalidId(ValueError):
    """The text is not an identifier of the kind that was asked for."""


def new_id() -> UUID:
    """Return a fresh UUIDv7 (RFC 9562)."""
    return uuid7()


def new_ids(count: int) -> list[uuid_utils.UUID]:
    """Return so many fresh ones, in order, as their generator makes them: for arrays of hundreds.

    They have `hex`, `int` and their text, like `UUID`, at a tenth of its cost; they equal none.
    """
    make = uuid_utils.uuid7
    return [make() for _ in range(count)]


def public_id(prefix: str, value: FreshId) -> str:
    """Return the outside form of an id, for example `ar_01jb…`."""
    number = value.int
    return f"{prefix}_{''.join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])}"


def parse_public_id(prefix: str, text: str) -> UUID:
    """Return the UUID inside `text`; raise `InvalidId` when it is not a `prefix` id."""
    head, _, tail = text.partition("_")
    if head != prefix or len(tail) != _LENGTH or tail[0] not in "01234567":
        raise InvalidId(f"This is not an id of the form {prefix}_….")
    number = 0
    for character in tail:
        value = _VALUES.get(character)
        if value is None:
            raise InvalidId(f"This is not an id of the form {prefix}_….")
        number = number << 5 | value
    return UUID(int=number)
