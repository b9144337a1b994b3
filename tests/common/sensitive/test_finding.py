"""What is sensitive is found, and what only looks like it is left alone."""

import json
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govapp.common.sensitive import find_sensitive, kind_of_name, mask
from tests.common.sensitive.examples import FOUND, NAMES, PEM, PLAIN


def parts_of(marked: str) -> tuple[str, list[str]]:
    """Return the text without its marks, and what stands between them."""
    return marked.replace("«", "").replace("»", ""), re.findall(r"«(.*?)»", marked, re.DOTALL)


@pytest.mark.parametrize(("kind", "marked"), [row[1:] for row in FOUND], ids=[r[0] for r in FOUND])
def test_what_is_sensitive_is_found(kind: str, marked: str) -> None:
    text, parts = parts_of(marked)
    spans = [(span.kind, text[span.start : span.end]) for span in find_sensitive(text)]
    assert spans == [(kind, part) for part in parts]


@pytest.mark.parametrize("text", [row[1] for row in PLAIN], ids=[row[0] for row in PLAIN])
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert find_sensitive(text) == []


@pytest.mark.parametrize(("name", "kind"), NAMES)
def test_a_name_tells_what_a_field_holds(name: str, kind: str | None) -> None:
    assert kind_of_name(name) == kind


@given(st.text(max_size=200))
def test_spans_are_in_order_inside_the_text_and_apart(text: str) -> None:
    last = 0
    for span in find_sensitive(text):
        assert last <= span.start < span.end <= len(text)
        last = span.end


@given(
    st.text(alphabet=st.characters(exclude_categories=("L", "N", "M", "Cf", "Cs")), max_size=20),
    st.sampled_from([row for row in FOUND if row[0] not in {"sql", "phone-00"}]),
)
def test_it_is_found_whatever_stands_before(before: str, row: tuple[str, str, str]) -> None:
    text, parts = parts_of(row[2])
    masked = mask(f"{before} \n{text}")
    assert [part for part in parts if part in masked] == []


@pytest.mark.parametrize(
    "text", ["eyJ", "4 ", "sk-", "password=", "+1 ", "aws key ", "://a:", "DE89 ", PEM[:31], "1-"]
)
def test_no_repetition_keeps_it_busy(text: str) -> None:
    # Bounded by the time that any test may take: an expression that backtracks would not end.
    assert len(find_sensitive(text * (250_000 // len(text)))) <= 1_000_000


def test_nothing_heavy_is_loaded_for_ordinary_words() -> None:
    code = (
        "import json, sys; from govapp.common.sensitive import find_sensitive;"
        "find_sensitive('Pay EUR 48,200.00 to DE89370400440532013000 for invoice 2291');"
        "print(json.dumps([m for m in ('phonenumbers', 'detect_secrets', 'requests')"
        " if m in sys.modules]))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(found.stdout) == []
