"""What of an event a person would search: as words, and as the few values that facets count."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from audit.schema import find_type
from audit.searching.words import words_in
from govapp.common.sensitive import is_said, kind_of_name, mask

MOST_WORDS: Final = 600
"""Words kept of one event: a payload of 60,000 bytes is found by how it begins."""

_LONGEST_TEXT: Final = 2_000
_MOST_TEXT: Final = 20_000
_LONGEST_VALUE: Final = 100
_ENDS: Final = frozenset(
    {"allowed", "blocked", "approved", "denied", "returned", "expired", "cancelled", "failed"}
)
_VERDICTS: Final = {
    "approve": "approved", "deny": "denied", "reject": "rejected", "return": "returned",
    "confirm": "confirmed",
}  # fmt: skip
# Words of ours in the data: they would be found in every event of a type.
_DULL: Final = frozenset({"cut", "kind", "channel", "format"})


@dataclass(frozen=True)
class SearchEntry:
    """One event as it is searched. Texts that were erased are not in it; sensitive ones neither."""

    words: tuple[str, ...]
    group: str
    category: str
    outcome: str
    agent: str


def entry_of(body: Mapping[str, Any]) -> SearchEntry:
    """Return what is searched of an event as it is read, its places filled."""
    kind = str(body.get("type", ""))
    data = body.get("data")
    data = data if isinstance(data, Mapping) else {}
    group, words = _type_words(kind)
    texts = mask("\n".join(_cut(_texts(body))))
    found = dict.fromkeys(words_in(" ".join((*_ids(body), kind, words))))
    for word in words_in(texts):
        if len(found) >= MOST_WORDS:
            break
        found[word] = None
    return SearchEntry(
        words=tuple(found),
        group=group,
        category=_value(data.get("category")),
        outcome=_outcome(kind, data),
        agent=_agent(body, data),
    )


def outcome_words(outcome: str) -> str:
    """Say an outcome in words."""
    return outcome.replace("_", " ").capitalize()


def _type_words(kind: str) -> tuple[str, str]:
    try:
        found = find_type(kind)
    except KeyError:
        return "Other", ""
    return found.group, found.words


def _ids(body: Mapping[str, Any]) -> Iterator[str]:
    """What is compared as it is: ids say nothing about anybody."""
    for name in ("id", "request", "correlation", "key"):
        yield str(body.get(name) or "")
    for link in body.get("delegation") or ():
        yield str(link["id"])
    for name in ("actor", "subject", "on_behalf_of", "run"):
        part = body.get(name)
        if isinstance(part, Mapping):
            yield f"{part.get('id', '')} {part.get('type', '') or part.get('kind', '')}"


def _texts(body: Mapping[str, Any]) -> Iterator[str]:
    yield str(body.get("summary", ""))
    for name in ("actor", "subject", "on_behalf_of"):
        part = body.get(name)
        if isinstance(part, Mapping):
            yield str(part.get("name") or part.get("label") or "")
    yield from _leaves(body.get("data"))


def _leaves(value: Any, name: str = "") -> Iterator[str]:
    """Texts and numbers of a JSON value, without those whose name says that they are masked."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            if not (kind_of_name(str(key)) and is_said(each)):
                yield from _leaves(each, str(key))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _leaves(each, name)
    elif isinstance(value, str | int) and not isinstance(value, bool) and name not in _DULL:
        yield str(value)


def _cut(texts: Iterable[str]) -> Iterator[str]:
    left = _MOST_TEXT
    for text in texts:
        if left <= 0:
            return
        piece = text[: min(_LONGEST_TEXT, left)]
        left -= len(piece)
        yield piece


def _outcome(kind: str, data: Mapping[str, Any]) -> str:
    for name in ("verdict", "outcome"):
        if isinstance(said := data.get(name), str) and said:
            return _VERDICTS.get(said, _value(said))
    last = kind.rpartition(".")[2]
    return last if last in _ENDS else ""


def _agent(body: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    for part in (body.get("actor"), body.get("subject")):
        if isinstance(part, Mapping) and "agent" in (part.get("kind"), part.get("type")):
            return _value(part.get("id"))
    agent = data.get("agent")
    return _value(agent.get("id") if isinstance(agent, Mapping) else agent)


def _value(value: Any) -> str:
    """A short text that facets may count; anything else is none."""
    is_short = isinstance(value, str) and len(value) <= _LONGEST_VALUE and value.isprintable()
    return value if is_short else ""
