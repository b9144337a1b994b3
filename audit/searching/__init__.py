"""How the record is searched: texts as words, events as entries. Pure but for the masks."""

from audit.searching.entries import SearchEntry, entry_of, outcome_words
from audit.searching.words import Asked, asked_for, looks_like_id, words_in

__all__ = [
    "Asked",
    "SearchEntry",
    "asked_for",
    "entry_of",
    "looks_like_id",
    "outcome_words",
    "words_in",
]
