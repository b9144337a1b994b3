"""The main fields of a payload, for one line of a list.

What the category's display names comes first; a row is short, so it says what it leaves out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from approvals.selectors.payload_shown import ShownField, meaning_of, show_payload
from govapp.common.formats import money_text
from govapp.common.sensitive import kind_of_name, last_name, mask, mask_of

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
    if shown.subject:
        found.append(ShownField("Subject", shown.subject))
    found += shown.head
    if shown.url:
        found.append(ShownField("Call", f"{shown.method} {shown.url}"))
    if shown.body:
        found.append(ShownField("Text" if shown.kind == "email" else "Statement", shown.body))
    if shown.estimate:
        found.append(ShownField("Rows", shown.estimate))
    if shown.diff:
        found.append(ShownField("Change", "\n".join(line.whole for line in shown.diff)))
    found += [ShownField(block.title, block.text) for block in shown.blocks]
    # Stable: those that the category names by a label of its own, then the rest as they come.
    found += sorted(shown.fields, key=lambda field: not field.hint)
    found = [_masked(field) for field in found]
    cut = [field for field in found[:_AT_MOST] if len(field.value) > _CHARACTERS]
    more = max(len(found) - _AT_MOST, 0) + len(cut)
    return Brief(tuple(_shortened(field) for field in found[:_AT_MOST]), more)


def _amount(payload: Any, display: Mapping[str, Any], amount: str, currency: str) -> ShownField:
    labels = display.get("fields")
    label = labels.get(meaning_of(payload, display).amount) if isinstance(labels, dict) else None
    term = str(label.get("label", "")) if isinstance(label, dict) else ""
    # A plain blank between them: one that does not break would be shown as a hidden character.
    return ShownField(term or "Amount", f"{currency} {money_text(amount)}".strip())


def _masked(field: ShownField) -> ShownField:
    """Before it is cut: half of a card number would not be known for one."""
    kind = kind_of_name(last_name(field.guard))
    value = mask_of(kind, field.value) if kind else mask(field.value)
    return replace(field, value=value, guard="")


def _shortened(field: ShownField) -> ShownField:
    if len(field.value) <= _CHARACTERS:
        return field
    return replace(field, value=field.value[: _CHARACTERS - 1] + "…")
