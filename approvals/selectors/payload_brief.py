"""The main fields of a payload, for one line of a list.

What the category's display names comes first; a row is short, so it says what it leaves out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from approvals.selectors.payload_shown import ShownField, meaning_of, show_payload
from govapp.common.formats import money_text

# Larger payloads are not read for a list at all: fifty of them would be megabytes.
BRIEF_BYTES: Final = 8 * 1024
_AT_MOST: Final = 6
_CHARACTERS: Final = 80


@dataclass(frozen=True)
class Brief:
    """What a row shows. `more` is how many fields it leaves out or cuts short."""

    fields: tuple[ShownField, ...] = ()
    more: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether somebody who reads the row has read the whole payload."""
        return not self.more


TOO_LARGE: Final = Brief(more=1)


def brief_payload(payload: Any, display: Mapping[str, Any]) -> Brief:
    """Return what a row shows of a payload. None stands for one that is too large to be read."""
    if payload is None:
        return TOO_LARGE
    shown = show_payload(payload, display)
    found: list[ShownField] = []
    if shown.amount:
        found.append(_amount(payload, display, shown.amount, shown.currency))
    found += shown.head
    if shown.body:
        found.append(ShownField("Text" if shown.kind == "email" else "Statement", shown.body))
    if shown.diff:
        found.append(ShownField("Change", "\n".join(line.text for line in shown.diff)))
    # Stable: those that the category names by a label of its own, then the rest as they come.
    found += sorted(shown.fields, key=lambda field: not field.hint)
    cut = [field for field in found[:_AT_MOST] if len(field.value) > _CHARACTERS]
    more = max(len(found) - _AT_MOST, 0) + len(cut)
    return Brief(tuple(_shortened(field) for field in found[:_AT_MOST]), more)


def _amount(payload: Any, display: Mapping[str, Any], amount: str, currency: str) -> ShownField:
    labels = display.get("fields")
    label = labels.get(meaning_of(payload, display).amount) if isinstance(labels, dict) else None
    term = str(label.get("label", "")) if isinstance(label, dict) else ""
    # A plain blank between them: one that does not break would be shown as a hidden character.
    return ShownField(term or "Amount", f"{currency} {money_text(amount)}".strip())


def _shortened(field: ShownField) -> ShownField:
    if len(field.value) <= _CHARACTERS:
        return field
    return ShownField(field.term, field.value[: _CHARACTERS - 1] + "…", field.hint)
