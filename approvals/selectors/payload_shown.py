"""A payload as a person reads it, by the category's kind. Every field is shown, whatever it is.

Design: ux page 2, security page "Decisions" (the page renders from canonical data).
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from approvals.selectors.payload_kinds import (
    Block,
    DiffLine,
    count_lines,
    describe_statement,
    is_html,
    read_diff,
    take_call,
    take_estimate,
)
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
    guard: str = ""  # the field's name, which may tell that all of its value is masked


@dataclass(frozen=True)
class HiddenPlace:
    """One kind of hidden character at one place of the payload, and how often."""

    where: str
    character: HiddenCharacter
    times: int


@dataclass(frozen=True)
class ShownPayload:
    """What to draw: a kind, what stands large, and everything else as fields."""

    kind: str
    amount: str = ""
    currency: str = ""
    subject: str = ""
    head: tuple[ShownField, ...] = ()
    body: str = ""
    method: str = ""
    url: str = ""
    host: str = ""
    estimate: str = ""  # rows, as the agent says
    diff: tuple[DiffLine, ...] = ()
    size: str = ""  # of a diff, in words
    blocks: tuple[Block, ...] = ()
    effect: str = ""  # what it does, in words
    remarks: tuple[str, ...] = ()  # what is striking about it
    fields: tuple[ShownField, ...] = ()
    hidden: tuple[HiddenCharacter, ...] = ()
    places: tuple[HiddenPlace, ...] = ()


@dataclass(frozen=True)
class Meaning:
    """Which field of the payload is the amount, its currency, and the target."""

    amount: str
    currency: str
    target: str


def show_payload(
    payload: Any, display: Mapping[str, Any], *, texts: Mapping[str, str] | None = None
) -> ShownPayload:
    """Return what to draw. `texts` (by name) are looked through for hidden characters as well."""
    rest = dict(payload) if isinstance(payload, dict) else {"payload": payload}
    kind = str(display.get("kind", ""))
    named = display.get("fields")
    labels = named if isinstance(named, dict) else {}
    found = [*_hidden_at(texts or {}), *_hidden_at(payload)]
    parts: dict[str, Any] = {}
    if kind in _TAKERS:
        parts = _TAKERS[kind](rest, display, labels)
    shown_kind = kind if parts else "fields"
    return ShownPayload(
        kind=shown_kind,
        fields=tuple(flatten(rest, labels)),
        hidden=tuple(each for _, each in found),
        places=_places(found),
        **parts,
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
    return tuple(each for _, each in _hidden_at(value))


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
    is_said = isinstance(item, str | int | float) and not isinstance(item, bool) and item != ""
    return ShownField(
        term,
        words_of(item),
        hint=path if given else "",
        mono=isinstance(item, list | dict),
        guard=path if is_said else "",
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


def _hidden_at(value: Any) -> list[tuple[str, HiddenCharacter]]:
    return [(where, each) for where, text in _texts(value) for each in find_hidden(text)]


def _places(found: list[tuple[str, HiddenCharacter]]) -> tuple[HiddenPlace, ...]:
    times = Counter((where, each.character) for where, each in found)
    first = {(where, each.character): each for where, each in reversed(found)}
    return tuple(
        HiddenPlace(where, first[where, character], number)
        for (where, character), number in times.items()
    )


def _texts(value: Any) -> Iterator[tuple[str, str]]:
    """Yield every text, and every name of a field, with where it stands."""
    stack: list[tuple[str, Any]] = [("", value)]
    while stack:
        path, item = stack.pop()
        inner: list[tuple[str, Any]] = []
        if isinstance(item, str):
            yield path, item
        elif isinstance(item, dict):
            for key, each in item.items():
                yield f"the name of the field “{key}”", str(key)
                inner.append((f"{path}.{key}" if path else str(key), each))
        elif isinstance(item, list | tuple):
            inner = [(f"{path}[{number}]", each) for number, each in enumerate(item, start=1)]
        stack.extend(reversed(inner))


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
    effect = "It is written as a page; its source is shown" if is_html(rest, body) else ""
    subject = words_of(rest.pop("subject")) if isinstance(rest.get("subject"), str) else ""
    head = [_joined(name, rest.pop(name), labels) for name in names if name in rest]
    text = rest.pop(body) if body else ""
    return {"subject": subject, "head": tuple(head), "body": text, "effect": effect}


def _take_sql(rest: dict[str, Any], display: Any, labels: Any) -> dict[str, Any]:
    name = next((name for name in _SQL if isinstance(rest.get(name), str)), "")
    if not name:
        return {}
    statement = rest.pop(name)
    effect, remarks = describe_statement(statement)
    estimate = take_estimate(rest)
    return {"body": statement, "effect": effect, "estimate": estimate, "remarks": remarks}


def _take_http(rest: dict[str, Any], display: Any, labels: Any) -> dict[str, Any]:
    return take_call(rest) if isinstance(rest.get("url"), str) else {}


def _take_diff(rest: dict[str, Any], display: Any, labels: Any) -> dict[str, Any]:
    name = next((name for name in _DIFF if isinstance(rest.get(name), str)), "")
    if not name:
        return {}
    lines = read_diff(rest.pop(name))
    return {"diff": lines, "size": count_lines(lines)}


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
