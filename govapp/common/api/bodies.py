"""Typed request bodies: one msgspec struct is the parser, the check and the schema.

The strict parser has read the JSON already; here it gets its shape. An unknown field is a 400,
because whoever sent it believes that it does something; anything else that does not fit is a 422.
"""

import re
from typing import Final, TypeVar

import msgspec

from govapp.common.errors import FieldError, Invalid, Malformed

_Body = TypeVar("_Body", bound=msgspec.Struct)

_STEP: Final = re.compile(r"\.(\w+)|\[(\d+)\]")
_FIELD: Final = re.compile(r"(unknown|required) field `([^`]*)`")


class RequestBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Base of every body that an agent sends."""


def parse_body(data: object, shape: type[_Body]) -> _Body:
    """Return `data` as a `shape`.

    Raises `Malformed` for a field that does not exist and `Invalid` for one that does not fit;
    both say where, as a JSON pointer (RFC 6901).
    """
    try:
        return msgspec.convert(data, shape)
    except msgspec.ValidationError as error:
        fault = _field_error(str(error))
        if "unknown field" in str(error):
            raise Malformed(
                "The body names a field that does not exist.",
                code="unknown_field",
                errors=[fault],
            ) from error
        raise Invalid("The body is not valid.", errors=[fault]) from error


def _field_error(message: str) -> FieldError:
    """Translate msgspec's sentence and path (`$.sources[1].kind`) for the reader."""
    detail, _, path = message.partition(" - at `$")
    pointer = "".join(f"/{name or index}" for name, index in _STEP.findall(path))
    if found := _FIELD.search(detail):
        kind, name = found.groups()
        pointer += "/" + name.replace("~", "~0").replace("/", "~1")
        detail = "This field does not exist." if kind == "unknown" else "This field is required."
    return FieldError(pointer=pointer, detail=detail if detail.endswith(".") else f"{detail}.")
