"""Personal data and secrets in what agents write, as people of this floor read it.

The detectors are tools of the lowest floor, because the record's pages need them as well
(`govapp.common.sensitive`); what belongs to requests and messages stands here.
"""

from govapp.common.sensitive import KIND_WORDS, Kind, Span, find_sensitive, kinds_in, mask
from govapp.common.text import find_hidden

__all__ = ["Kind", "Span", "find_sensitive", "for_message", "kinds_in", "kinds_in_words", "mask"]


def for_message(text: str) -> str:
    """Return an agent's words for a message that leaves the house: masked, nothing hidden.

    What cannot be seen is written out (⟨U+202E⟩). For e-mail, chat and push alike: a message is
    read on other people's servers, so nothing can ask it to show more. Cut it afterwards, not
    before: half of a card number would not be known for one.
    """
    text = mask(text)
    parts, last = [], 0
    for hidden in find_hidden(text):
        if hidden.kind == "confusable":
            continue
        parts.append(f"{text[last : hidden.index]}⟨U+{ord(text[hidden.index]):04X}⟩")
        last = hidden.index + 1
    return "".join(parts) + text[last:]


def kinds_in_words(kinds: frozenset[Kind]) -> list[str]:
    """Return kinds in words, the gravest first: "private key", "IBAN"."""
    return [words for kind, words in KIND_WORDS.items() if kind in kinds]
