"""Changing fields of a payload: which may change, and what the difference is. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from approvals.digests import canonical_json
from govapp.common.errors import FieldError, Invalid

MOST_CHANGES: Final = 50
_MISSING: Final = object()


@dataclass(frozen=True)
class FieldChange:
    """One field of a payload, by its dotted path. `before` is None as well when it was not there.

    `before` and `after` are JSON values.
    """

    field: str
    before: Any
    after: Any

    def to_dict(self) -> dict[str, Any]:
        """The change as JSON, as a revision keeps it."""
        return {"field": self.field, "before": self.before, "after": self.after}


def apply_changes(
    payload: Mapping[str, Any], changes: Mapping[str, Any], *, editable: Sequence[str]
) -> tuple[dict[str, Any], tuple[FieldChange, ...]]:
    """Return the payload with the changes, and those that change something, by path.

    Raises `Invalid` with every fault: a field that the category does not let anybody change, a
    path that leads through something that is no object, a value that is not JSON.
    """
    if len(changes) > MOST_CHANGES:
        raise _invalid([_fault("", f"Change at most {MOST_CHANGES} fields.")])
    errors, made = [], []
    changed = deepcopy(dict(payload))
    for path in sorted(changes):
        if path not in editable:
            errors.append(_fault(path, "The category does not let an approver change this field."))
            continue
        try:
            made += _set(changed, path, changes[path])
        except Invalid as invalid:
            errors.append(_fault(path, invalid.detail))
    if errors:
        raise _invalid(errors)
    return changed, tuple(made)


def difference(
    before: Mapping[str, Any], after: Mapping[str, Any], fields: Iterable[str]
) -> tuple[FieldChange, ...]:
    """Return what differs of these fields between two payloads."""
    pairs = ((path, find_value(before, path), find_value(after, path)) for path in fields)
    return tuple(FieldChange(*each) for each in pairs if not _is_same(each[1], each[2]))


def find_value(payload: Mapping[str, Any], path: str) -> Any:
    """Return what a dotted path leads to; None when it leads to nothing."""
    value: Any = payload
    for segment in path.split("."):
        value = value.get(segment) if isinstance(value, Mapping) else None
    return value


def _set(payload: dict[str, Any], path: str, value: Any) -> list[FieldChange]:
    *parents, last = path.split(".")
    place: Any = payload
    for segment in parents:
        place = place.get(segment) if isinstance(place, dict) else None
    if not isinstance(place, dict):
        raise Invalid("The action has no such field.")
    former = place.get(last, _MISSING)
    canonical_json(value)  # raises what it is that cannot be bound
    if former is not _MISSING and _is_same(former, value):
        return []
    place[last] = deepcopy(value)
    return [FieldChange(path, None if former is _MISSING else former, value)]


def _is_same(first: Any, second: Any) -> bool:
    """As the digest sees it: true is not 1, and 1.0 is."""
    return canonical_json(first) == canonical_json(second)


def _fault(path: str, detail: str) -> FieldError:
    return FieldError(f"/changes/{path}", detail)


def _invalid(errors: list[FieldError]) -> Invalid:
    return Invalid(errors[0].detail, errors=errors)
