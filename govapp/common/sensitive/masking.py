"""What a person reads in place of something sensitive, until they ask for it.

Masked is what nobody had to decide about: whoever draws a page says nothing, and it is masked.
Only inside `shown_plainly` it is not, and only the view that has recorded who asked goes there.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from govapp.common.sensitive.finding import find_sensitive
from govapp.common.sensitive.names import kind_of_name
from govapp.common.sensitive.spans import KIND_WORDS, Kind

_plainly: ContextVar[bool] = ContextVar("shown_plainly", default=False)
# Of these the last characters tell two apart without giving either away.
_WITH_END: Final[frozenset[Kind]] = frozenset({"card", "iban", "phone"})
_END: Final = {"card": 4, "iban": 4, "phone": 2}
DOTS: Final = "••••"


@contextmanager
def shown_plainly() -> Iterator[None]:
    """Mask nothing inside: for the one answer in which somebody asked to see it."""
    token = _plainly.set(True)
    try:
        yield
    finally:
        _plainly.reset(token)


def is_shown_plainly() -> bool:
    """Whether nothing is masked at this place."""
    return _plainly.get()


def mask_of(kind: Kind, text: str) -> str:
    """Return what stands in place of `text`: "[IBAN ••••3000]", "[secret ••••]"."""
    end = ""
    if kind in _WITH_END:
        end = "".join(each for each in text if each.isalnum())[-_END[kind] :]
    return f"[{KIND_WORDS[kind]} {DOTS}{end}]"


def mask(text: str) -> str:
    """Return the text with everything sensitive masked, wherever this is called."""
    parts, last = [], 0
    for span in find_sensitive(text):
        parts += [text[last : span.start], mask_of(span.kind, text[span.start : span.end])]
        last = span.end
    return "".join(parts) + text[last:]


def masked(text: str) -> str:
    """Return the text masked, except inside `shown_plainly`."""
    return text if _plainly.get() else mask(text)


def masked_json(value: Any) -> Any:
    """Return a JSON value with its texts and names masked, except inside `shown_plainly`."""
    return value if _plainly.get() else _mask_json(value, None)


def kinds_in(value: Any) -> frozenset[Kind]:
    """Return which kinds of sensitive things any name or text of a JSON value holds."""
    found: set[Kind] = set()
    stack: list[Any] = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            for key, each in item.items():
                named = kind_of_name(str(key))
                if named and is_said(each):
                    found.add(named)
                stack += [str(key), each]
        elif isinstance(item, list | tuple):
            stack.extend(item)
        elif isinstance(item, str) or (isinstance(item, int) and not isinstance(item, bool)):
            found.update(span.kind for span in find_sensitive(str(item)))
    return frozenset(found)


def is_said(value: Any) -> bool:
    """Whether a field holds a text or a number of its own: what its name says is masked then."""
    return isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""


def _mask_json(value: Any, named: Kind | None) -> Any:
    if named and is_said(value):
        return mask_of(named, str(value))
    if isinstance(value, dict):
        return _mask_object(value)
    if isinstance(value, list):
        return [_mask_json(each, named) for each in value]
    if isinstance(value, str):
        return _mask_text(value)
    if isinstance(value, int) and not isinstance(value, bool):
        text = str(value)
        shown = mask(text)
        return value if shown == text else shown
    return value


def _mask_object(value: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for key, each in value.items():
        name = mask(str(key))
        # Two names may look the same once they are masked; neither field is left out.
        name = name if name not in shown else f"{name} ({len(shown) + 1})"
        shown[name] = _mask_json(each, kind_of_name(str(key)))
    return shown


def _mask_text(text: str) -> str:
    """Mask a text; the record keeps JSON as text, whose names tell as much as its values."""
    if text.startswith("{"):
        try:
            inner = json.loads(text)
        except (ValueError, RecursionError):
            return mask(text)
        shown = _mask_json(inner, None)
        if shown != inner:
            return json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
    return mask(text)
