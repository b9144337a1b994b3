"""The filter of the record's pages, as their addresses carry it."""

from collections.abc import Mapping
from typing import Final

from django.http import HttpRequest, QueryDict

from audit.searching import outcome_words
from audit.selectors.events import EventFilter, visible, words_of
from audit.views.pages import zone_of

LABELS: Final = {
    "text": "Search",
    "type": "Type",
    "group": "Kind of event",
    "kind": "Who acts",
    "actor": "Who",
    "category": "Category",
    "outcome": "Outcome",
    "agent": "Agent",
    "subject": "Subject",
    "request": "Request",
    "since": "From",
    "until": "To",
}
KIND_WORDS: Final = {"person": "People", "agent": "Agents", "system": "Govapp itself"}
_LONGEST: Final = 200


def filter_of(request: HttpRequest) -> EventFilter:
    """Return the filter that the address names; what is too long is cut. `q` is `text` as well."""
    chosen = {name: request.GET.get(name, "").strip()[:_LONGEST] for name in LABELS}
    chosen["text"] = chosen["text"] or request.GET.get("q", "").strip()[:_LONGEST]
    return EventFilter(**chosen, zone=zone_of(request))


def address(query: QueryDict, **changes: str) -> str:
    """Return this page's address under other filters, at its first page; "" takes one away."""
    changed = query.copy()
    changed.pop("cursor", None)
    for name, value in changes.items():
        changed.pop(name, None)
        if name == "text":
            changed.pop("q", None)
        if value:
            changed[name] = value
    return "?" + changed.urlencode()


def chips_of(
    request: HttpRequest, wanted: EventFilter, names: Mapping[str, str]
) -> list[dict[str, str]]:
    """Return what is set, each in words with the address that takes it away."""
    return [
        {
            "label": LABELS[name],
            "value": said(name, value, names),
            "remove_url": address(request.GET, **{name: ""}),
        }
        for name, value in wanted.chosen().items()
    ]


def said(name: str, value: str, names: Mapping[str, str]) -> str:
    """Say the value of a filter in words; `names` are those of actors by id."""
    if name in {"actor", "agent"}:
        value = names.get(value, value)
    elif name == "type":
        value = words_of(value)
    elif name == "outcome":
        value = outcome_words(value)
    elif name == "kind":
        value = KIND_WORDS.get(value, value)
    return visible(value)
