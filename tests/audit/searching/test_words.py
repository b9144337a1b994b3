"""Texts as words: what is kept and what is asked are folded alike, and nothing is an operator."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.searching.lexemes import lexemes, query
from audit.searching.words import MOST_ASKED, Asked, asked_for, looks_like_id, words_in


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Zelda Quist-Öberg", ["zelda", "quist", "oberg"]),
        ("STRASSE Straße", ["strasse", "strasse"]),
        ("Łódź Ærø Þing", ["lodz", "aero", "thing"]),
        ("EUR 48,200.50", ["eur", "48200.50"]),
        ("1'234'567 and 12,34", ["1234567", "and", "12", "34"]),
        ("alice@acme.example", ["alice", "acme", "example"]),
        ("action_request.submitted", ["action_request", "action", "request", "submitted"]),
        ("ar_01m7y759speqp82109zazxznmx", ["ar_01m7y759speqp82109zazxznmx"]),
        ("0190F0AA-1111-7222-8333-444455556666", ["0190f0aa111172228333444455556666"]),
        ("2026-11-21", ["2026", "11", "21"]),
        ("支払い", ["支払い", "払い", "い"]),
        ("___ -- !", []),
    ],
)
def test_words_of_a_text(text: str, words: list[str]) -> None:
    assert list(words_in(text)) == words


def test_what_is_in_quotes_is_whole_and_the_rest_goes_on() -> None:
    assert asked_for('pay "North Wind" 48,2') == Asked(("pay", "48"), ("north", "wind", "2"))
    assert asked_for('"open') == Asked(("open",), ())
    assert asked_for(" !!! ").is_empty


def test_a_text_of_too_many_words_is_cut_and_says_so() -> None:
    asked = asked_for(" ".join(f"w{number}" for number in range(MOST_ASKED + 1)))
    assert (len(asked.beginnings), asked.is_cut) == (MOST_ASKED, True)
    assert not asked_for("same " * 50).is_cut


@pytest.mark.parametrize(
    ("text", "is_id"),
    [
        (" AR_01m7y759speqp82109zazxznmx ", True),
        ("0f" * 32, True),
        ("0190f0aa-1111-7222-8333-444455556666", True),
        ("ar_1", False),
        ("ar_01m7y759speqp82109zazxznmx and", False),
        ("marmalade", False),
        ("", False),
    ],
)
def test_what_looks_like_an_id(text: str, is_id: bool) -> None:
    assert looks_like_id(text) == is_id


@given(st.text(max_size=200))
def test_any_text_that_is_kept_is_found_by_its_own_words(text: str) -> None:
    kept = set(words_in(text))
    asked = asked_for(text)
    assert set(asked.beginnings) | set(asked.whole) <= kept


@given(st.text(max_size=80), st.text(max_size=40))
def test_every_lexeme_of_a_query_is_quoted(text: str, value: str) -> None:
    asked = query("abcdef", asked_for(text), {"category": value})
    outside = asked
    for lexeme in lexemes("abcdef", [*asked_for(text).beginnings, *asked_for(text).whole], {}):
        outside = outside.replace(f"'{lexeme}'", "", 1)
    if not value:
        assert set(outside) <= set(": *&")
