"""What of an event is searched: its words without what is masked, and the values of facets."""

from typing import Any

import pytest

from audit.searching.entries import MOST_WORDS, entry_of


def event(kind: str = "x.y", **data: Any) -> dict[str, Any]:
    return {
        "id": "ev_1",
        "type": kind,
        "actor": {"kind": "agent", "id": "ag_payer", "name": "The payer"},
        "subject": {"type": "invoice", "id": "in_7", "label": "Invoice seven"},
        "summary": "It paid.",
        "data": data,
    }


def test_words_come_from_the_sentence_the_names_the_ids_and_the_data() -> None:
    entry = entry_of(event("vote.cast", reason="Looks fine", amount=4200, is_final=True))
    wanted = {"paid", "payer", "ag_payer", "invoice", "seven", "in_7", "looks", "4200", "cast"}
    assert wanted <= set(entry.words)
    assert "true" not in entry.words
    assert entry.group == "Requests and votes"


def test_what_the_page_masks_is_no_word() -> None:
    entry = entry_of(event(password="swordfish", note="to DE89370400440532013000, please"))
    assert "please" in entry.words
    assert [word for word in entry.words if word in {"swordfish", "de89370400440532013000"}] == []


@pytest.mark.parametrize(
    ("kind", "data", "outcome"),
    [
        ("vote.cast", {"verdict": "approve"}, "approved"),
        ("vote.cast", {"verdict": "deny"}, "denied"),
        ("action_request.expired", {}, "expired"),
        ("execution.reported", {"outcome": "succeeded"}, "succeeded"),
        ("drill.vote.cast", {"verdict": "approve"}, "approved"),
        ("agent.changed", {}, ""),
        ("x.y", {"outcome": {"cut": True}}, ""),
    ],
)
def test_outcomes(kind: str, data: dict[str, Any], outcome: str) -> None:
    assert entry_of(event(kind, **data)).outcome == outcome


def test_the_agent_is_who_acts_what_it_is_about_or_what_the_data_names() -> None:
    assert entry_of(event()).agent == "ag_payer"
    told = event(agent={"id": "ag_9", "name": "nine"}) | {"actor": {"kind": "person", "id": "m"}}
    assert entry_of(told).agent == "ag_9"
    assert entry_of(told | {"subject": {"type": "agent", "id": "ag_3"}}).agent == "ag_3"


def test_an_event_of_any_shape_has_an_entry() -> None:
    for body in ({}, {"data": [1]}, {"actor": None, "data": None}, {"type": 7, "summary": None}):
        assert entry_of(body).category == ""


def test_a_large_event_keeps_a_bounded_number_of_words() -> None:
    entry = entry_of(event(rows=[f"word{number}" for number in range(5_000)]))
    assert len(entry.words) == MOST_WORDS
