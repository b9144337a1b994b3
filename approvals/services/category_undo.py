"""Whether what a category says of taking back can work: faults are said when it is written."""

from collections.abc import Mapping
from typing import Any

from approvals.models import ActionCategory
from approvals.undoing import UndoInvalid, first_names, read_undo
from govapp.common.errors import FieldError, Invalid


def check_undo(value: Any) -> None:
    """Raise `Invalid` for what is no declaration, whatever categories there are."""
    if not isinstance(value, dict):
        raise _invalid("", "Write a JSON object.")
    try:
        read_undo(value)
    except UndoInvalid as fault:
        raise _invalid(fault.pointer, fault.detail) from None


def require_possible_undo(category: ActionCategory) -> None:
    """Raise `Invalid` when no action of this category could be taken back as it says.

    The other category has to be there and in use; fields come from what the payload may have, and
    everything that the other one's payload must have is given.
    """
    undo = read_undo(category.undo)
    if undo is None:
        return
    other = category
    if undo.category != category.key:
        found = ActionCategory.objects.filter(key=undo.category, is_archived=False).first()
        if found is None:
            raise _invalid("/category", f"There is no category {undo.category} in use.")
        other = found
    closed = _closed_names(category.payload_schema)
    for name, first in first_names(undo).items():
        if closed is not None and first not in closed:
            detail = f"{name} comes from {first}, which a payload of {category.key} cannot have."
            raise _invalid(f"/payload/{name}", detail)
    required = other.payload_schema.get("required", ())
    if missing := [each for each in required if each not in undo.payload]:
        raise _invalid("/payload", f"{other.key} needs {', '.join(missing)} as well.")


def _closed_names(schema: Mapping[str, Any]) -> frozenset[str] | None:
    """The names that a payload may have, None when it may have others than the schema names."""
    is_closed = schema.get("additionalProperties") is False and not schema.get("patternProperties")
    return frozenset(schema.get("properties", {})) if is_closed else None


def _invalid(pointer: str, detail: str) -> Invalid:
    return Invalid("The category is not valid.", errors=[FieldError(f"/undo{pointer}", detail)])
