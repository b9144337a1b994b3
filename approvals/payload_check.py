"""The JSON Schema of a category: compiled once, never fetching anything, always ending."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import jsonschema_rs

# What people and agents are shown; a payload with more faults than this is wrong as a whole.
MOST_ERRORS: Final = 10
_ERROR_CHARACTERS: Final = 300
UNUSABLE: Final = "the schema of the category cannot be used"


@lru_cache(maxsize=512)
def _compile(text: str) -> Any:
    """Compile a schema, found again by its content. No reference is ever fetched.

    The linear-time engine has no look-around and no back references: a pattern that a tenant
    wrote cannot be made to run without end by a payload.
    """
    return jsonschema_rs.validator_for(
        json.loads(text),
        offline=True,
        validate_formats=True,
        mask="the value",  # sentences are stored and mailed; they carry no payload
        pattern_options=jsonschema_rs.RegexOptions(size_limit=1 << 20, dfa_size_limit=1 << 20),
    )


def find_payload_errors(schema: Mapping[str, Any], payload: Mapping[str, Any]) -> tuple[str, ...]:
    """Return one sentence per fault of the payload, at most `MOST_ERRORS`; fails closed."""
    if not schema:
        return ()
    try:
        validator = _compile(json.dumps(schema, sort_keys=True))
        errors = []
        for error in validator.iter_errors(payload):
            errors.append(_sentence(error))
            if len(errors) == MOST_ERRORS:
                break
    except (ValueError, RecursionError):
        return (UNUSABLE,)
    return tuple(errors)


def _sentence(error: jsonschema_rs.ValidationError) -> str:
    place = "/".join(str(part) for part in error.instance_path)
    words = error.message[:_ERROR_CHARACTERS]
    return f"{place}: {words}" if place else words
