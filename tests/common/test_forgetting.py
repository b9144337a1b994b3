"""What names somebody: whole words, and an address only by itself."""

import json

import pytest
from django.db import connection

from govapp.common.forgetting import replace_words, whole_words_in_json

pytestmark = pytest.mark.django_db
SMITH = "smith@acme.co"
OTHERS = (
    "j.smith@acme.co",
    "mary-smith@acme.co",
    "o'smith@acme.co",
    "tag+smith@acme.co",
    "_smith@acme.co",
    "blacksmith@acme.co",
    "smith@acme.co.uk",
    "smith@acme.co-op.example",
    "smith@acme.com",
)
HERS = (
    "smith@acme.co",
    "Sent to smith@acme.co.",
    "Sent to smith@acme.co. Then it was done",
    "<smith@acme.co>, mailto:smith@acme.co?subject=x",
    "- smith@acme.co - asked",
    "'smith@acme.co', -smith@acme.co, to=smith@acme.co",
    "Ask...smith@acme.co...soon",
    "Dear all,\nsmith@acme.co\nasked",
    "Dear all,\n-smith@acme.co\tasked",
)


@pytest.mark.parametrize("text", OTHERS)
def test_a_longer_address_is_somebody_else(text: str) -> None:
    assert replace_words(text, SMITH, "gone") == text
    assert not found_in_json(f"Ask {text}, please")
    assert not found_in_json(f"Ask\n{text}\nplease")


@pytest.mark.parametrize("text", HERS)
def test_an_address_is_found_in_sentences(text: str) -> None:
    assert replace_words(text, SMITH, "gone") == text.replace(SMITH, "gone")
    assert found_in_json(text)


def test_a_name_is_found_as_whole_words() -> None:
    said = "Ed approved it. -Ed's friend Edward"
    assert replace_words(said, "Ed", "gone") == "gone approved it. -gone's friend Edward"


def found_in_json(text: str) -> bool:
    with connection.cursor() as cursor:
        written = json.dumps({"note": text})
        cursor.execute("SELECT %s::jsonb::text ~ %s", [written, whole_words_in_json(SMITH)])
        return bool(cursor.fetchone()[0])
