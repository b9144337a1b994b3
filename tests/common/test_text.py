"""What a payload hides is printed; what it says is left alone."""

import unicodedata
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govapp.common.text import find_hidden, reveal


def kinds(text: str) -> list[tuple[int, str, str]]:
    return [(h.index, h.code_point, h.kind) for h in find_hidden(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Pay EUR 48,200 to Northwind",
        "two\nlines and\ta tab",
        "Grüße aus Zürich, naïve café",
        "привет мир",
        "Καλημέρα κόσμε",
        "東京の支払い",
        "5 ÷ 3 → “quoted” … €",
        "το έργο και τον",
        "\u0430 и он",
        "Δt in μm, 12 m², naïve Ørsted, I\u015f\u0131k",
        "USB-кабель и Wi-Fi",
    ],
)
def test_ordinary_text_of_any_language_is_unmarked(text: str) -> None:
    assert find_hidden(text) == []
    assert reveal(text) == escape(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a\u200bb", [(1, "U+200B", "invisible")]),
        ("a\u00adb", [(1, "U+00AD", "invisible")]),
        ("a\u00a0b", [(1, "U+00A0", "invisible")]),
        ("a\u2028b", [(1, "U+2028", "invisible")]),
        ("a\u3164b", [(1, "U+3164", "invisible")]),
        ("a\ufe0fb", [(1, "U+FE0F", "invisible")]),
        ("a\U000e0041b", [(1, "U+E0041", "invisible")]),
        ("a\ue000b", [(1, "U+E000", "invisible")]),
        ("a\ud800b", [(1, "U+D800", "invisible")]),
        ("\u202eabc\u202c", [(0, "U+202E", "bidirectional"), (4, "U+202C", "bidirectional")]),
        ("\u2066abc\u2069", [(0, "U+2066", "bidirectional"), (4, "U+2069", "bidirectional")]),
        (
            "a\x00b\x1b\r",
            [(1, "U+0000", "control"), (3, "U+001B", "control"), (4, "U+000D", "control")],
        ),
        ("a\u0301\u0302\u0303\u0304", [(3, "U+0303", "invisible"), (4, "U+0304", "invisible")]),
    ],
)
def test_hidden_characters_are_found(text: str, found: list[tuple[int, str, str]]) -> None:
    assert kinds(text) == found


def test_a_lookalike_inside_a_latin_word_is_found() -> None:
    (hidden,) = find_hidden("N\u043erthwind")
    assert (hidden.code_point, hidden.kind, hidden.looks_like) == ("U+043E", "confusable", "o")


def test_a_word_of_lookalikes_alone_is_found() -> None:
    assert [h.looks_like for h in find_hidden("\u0430\u0440\u0440\u04cf\u0435")] == list("apple")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("B\u0430\u043d\u043a", [(1, "a"), (2, ""), (3, "")]),
        (
            "Pay \u0410\u0440\u0440\u04cf\u0435 (яблоко)",
            [(4, "A"), (5, "p"), (6, "p"), (7, "l"), (8, "e")],
        ),
        ("\ua4e0orthwind", [(0, "N")]),
        ("\u0262oogle", [(0, "G")]),
        ("Pa\u0251l", [(2, "a")]),
        ("INV\u0665", [(3, "")]),
        ("\u0391\u0392\u0395 Ltd", [(0, "A"), (1, "B"), (2, "E")]),
    ],
)
def test_a_letter_of_another_script_in_a_word_is_found(
    text: str, found: list[tuple[int, str]]
) -> None:
    assert [(each.index, each.looks_like) for each in find_hidden(text)] == found


def test_a_letter_without_a_twin_says_that_it_is_of_another_script() -> None:
    assert 'title="CYRILLIC SMALL LETTER KA, of another script"' in reveal("Ban\u043a")


def test_full_width_letters_are_found() -> None:
    assert [h.looks_like for h in find_hidden("\uff30\uff41\uff59")] == ["P", "a", "y"]


def test_the_mark_names_the_character_and_what_it_looks_like() -> None:
    assert reveal("p\u0430y") == (
        'p<mark class="reveal reveal--confusable" '
        'title="CYRILLIC SMALL LETTER A, looks like “a”">\u0430[U+0430]</mark>y'
    )
    assert reveal("\u202e") == (
        '<mark class="reveal reveal--bidirectional" title="RIGHT-TO-LEFT OVERRIDE, bidirectional">'
        "U+202E RIGHT-TO-LEFT OVERRIDE</mark>"
    )


def test_markup_is_escaped() -> None:
    assert reveal('<b onclick="x">&\'') == "&lt;b onclick=&quot;x&quot;&gt;&amp;&#x27;"


@given(st.text(st.characters(), max_size=60))
def test_nothing_hidden_comes_through(text: str) -> None:
    shown = reveal(text)
    assert shown.encode("utf-8").decode("utf-8") == shown
    unseen = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert [c for c in shown if unicodedata.category(c) in unseen and c not in "\n\t"] == []


@given(st.text(st.sampled_from("<>&\"'/=x \u200b\u202e\u0430a"), max_size=40))
def test_only_our_own_element_is_ever_made(text: str) -> None:
    shown = reveal(text)
    marks = len(find_hidden(text))
    assert shown.count("<") == 2 * marks
    assert shown.count('<mark class="reveal ') == marks
