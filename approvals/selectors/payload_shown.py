"""A payload as a person reads it, by the category's kind. Every field is shown, whatever it is.

Design: ux page 2, security page "Decisions" (the page renders from canonical data).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from govapp.common.text import HiddenCharacter, find_hidden

KINDS: Final = ("money", "fields", "email", "sql", "http", "diff")
_NOTHING: Final = "empty"
# Names that agents use for the same thing; a category's display may name its own.
_AMOUNT: Final = ("amount", "total", "value")
_CURRENCY: Final = ("currency",)
_TARGET: Final = ("payee", "beneficiary", "recipient", "to", "iban", "account", "customer", "table")
_SQL: Final = ("statement", "sql", "query")
_DIFF: Final = ("diff", "patch")
_BODY: Final = ("body", "text", "content", "html")


@dataclass(frozen=True)
class ShownField:
    """One value of the payload: its words, and where it stands."""

    term: str
    value: str
    hint: str = ""
    mono: bool = False
    trusted: bool = False


@dataclass(frozen=True)
class DiffLine:
    op: str
    text: str


@dataclass(frozen=True)
class ShownPayload:
    """What to draw: a kind, what stands large, and everything else as fields."""

    kind: str
    amount: str = ""
    currency: str = ""
    head: tuple[ShownField, ...] = ()
    body: str = ""
    diff: tuple[DiffLine, ...] = ()
    fields: tuple[ShownField, ...] = ()
    hidden: tuple[HiddenCharacter, ...] = ()


@dataclass(frozen=True)
class Meaning:
    """Which field of the payload is the amount, its currency, and the target."""

    amount: str
    currency: str
    target: str


def show_payload(
    payload: Any, display: Mapping[str, Any], *, texts: tuple[str, ...] = ()
) -> ShownPayload:
    """Return what to draw. `texts` are looked through for hidden characters as well."""
    rest = dict(payload) if isinstance(payload, dict) else {"payload": payload}
    kind = str(display.get("kind", ""))
    named = display.get("fields")
    labels = named if isinstance(named, dict) else {}
    hidden = find_all_hidden([payload, list(texts)])
    parts: dict[str, Any] = {}
    if kind in _TAKERS:
        parts = _TAKERS[kind](rest, display, labels)
    shown_kind = kind if parts else "fields"
    return ShownPayload(
        kind=shown_kind, fields=tuple(flatten(rest, labels)), hidden=hidden, **parts
    )


def meaning_of(payload: Any, display: Mapping[str, Any]) -> Meaning:
    """Return which top-level fields are the amount and the target; "" where there is none."""
    fields = payload if isinstance(payload, dict) else {}
    return Meaning(
        amount=_name(fields, display, "amount", _AMOUNT),
        currency=_name(fields, display, "currency", _CURRENCY),
        target=_name(fields, display, "target", _TARGET),
    )


def find_all_hidden(value: Any) -> tuple[HiddenCharacter, ...]:
    """Return every hidden or look-alike character in any key or text of a JSON value."""
    return tuple(each for text in _texts(value) for each in find_hidden(text))


def flatten(value: Mapping[str, Any], labels: Mapping[str, Any]) -> Iterator[ShownField]:
    """Return every leaf with its path; nothing is left out, an empty list says so."""
    # A stack and not recursion: how deep an agent may nest is not decided here.
    stack: list[tuple[str, Any]] = [(str(key), item) for key, item in value.items()][::-1]
    while stack:
        path, item = stack.pop()
        inner: list[tuple[str, Any]] = []
        if isinstance(item, dict):
            inner = [(f"{path}.{key}", each) for key, each in item.items()]
        elif isinstance(item, list):
            inner = [(f"{path}[{number}]", each) for number, each in enumerate(item, start=1)]
        if inner:
            stack.extend(reversed(inner))
        else:
            yield _leaf(path, item, labels)


def _leaf(path: str, item: Any, labels: Mapping[str, Any]) -> ShownField:
    label = labels.get(path)
    given = str(label.get("label", "")) if isinstance(label, dict) else ""
    term = given or (path if set(path) & set(".[") else path.replace("_", " ").capitalize())
    return ShownField(
        term, words_of(item), hint=path if given else "", mono=isinstance(item, list | dict)
    )


def words_of(item: Any) -> str:
    """Return a JSON value in words; text as it is."""
    match item:
        case None | "" | [] | {}:
            return _NOTHING
        case True:
            return "yes"
        case False:
            return "no"
        case _:
            return str(item)


def _texts(value: Any) -> Iterator[str]:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            stack.extend(item.keys())
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)


def _name(
    fields: Mapping[str, Any], display: Mapping[str, Any], key: str, usual: tuple[str, ...]
) -> str:
    asked = display.get(key)
    names = (asked, *usual) if isinstance(asked, str) else usual
    return next((name for name in names if isinstance(fields.get(name), str | int | float)), "")


def _take_money(rest: dict[str, Any], display: Any, labels: Any) -> dict[str, Any]:
    found = meaning_of(rest, display)
    if not found.amount:
        return {}
    amount = words_of(rest.pop(found.amount))
    currency = words_of(rest.pop(found.currency)) if found.currency else ""
    return {"amount": amount, "currency": currency}


def _take_email(rest: dict[str, Any], display: Any, labels: Any) -> dict[str, Any]:
    names = [name for name in ("from", "to", "cc", "bcc", "reply_to", "subject") if name in rest]
    body = next((name for name in _BODY if isinstance(rest.get(name), str)), "")
    if not names and not body:
        return {}
    head = [_joined(name, rest.pop(name), labels) for name in names]
    return {"head": tuple(head), "body": rest.pop(body) if body else ""}


def _take_sql(rest: dict[str, Any], display: Any, labels: Any) -> dict[str, Any]:
    name = next((name for name in _SQL if isinstance(rest.get(name), str)), "")
    return {"body": rest.pop(name)} if name else {}


def _take_http(rest: dict[str, Any], display: Any, labels: Any) -> dict[str, Any]:
    if not isinstance(rest.get("url"), str):
        return {}
    method = words_of(rest.pop("method", "GET"))
    return {"body": f"{method} {rest.pop('url')}"}


def _take_diff(rest: dict[str, Any], display: Any, labels: Any) -> dict[str, Any]:
    name = next((name for name in _DIFF if isinstance(rest.get(name), str)), "")
    if not name:
        return {}
    return {"diff": tuple(_diff_line(line) for line in rest.pop(name).split("\n"))}


def _diff_line(line: str) -> DiffLine:
    is_head = line.startswith(("+++", "---"))
    op = "same" if is_head else {"+": "add", "-": "del"}.get(line[:1], "same")
    return DiffLine(op, line)


def _joined(name: str, item: Any, labels: Mapping[str, Any]) -> ShownField:
    plain = isinstance(item, list) and all(isinstance(each, str) for each in item)
    return _leaf(name, ", ".join(item) if plain and item else item, labels)


_TAKERS: Final = {
    "money": _take_money,
    "email": _take_email,
    "sql": _take_sql,
    "http": _take_http,
    "diff": _take_diff,
}
