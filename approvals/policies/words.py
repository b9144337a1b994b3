"""The words that sentences are built with, kept apart from those that tenants choose."""

from __future__ import annotations

from typing import Final

from approvals.policies.operator_table import BY_NAME, OPERATORS

_GLUE: Final = frozenset({"and", "or", "not", "true", "false", "any", "all", "none"})
_HAS: Final = frozenset(
    word for name in OPERATORS for word in BY_NAME[name].has.split() if word.isalpha()
)
RESERVED: Final = _GLUE | _HAS
