"""Whom a text mentions: `@Alice Moreau`, `@alice@example.com`, or `@Alice` when there is one."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

MOST: Final = 20  # people told by one contribution


def find_mentions(text: str, people: Sequence[tuple[str, str, str]]) -> list[str]:
    """Return the ids of those whom the text mentions, in the order of `people`.

    `people` are (id, name, e-mail address). A first name counts only when nobody shares it, and
    a name inside of a longer word is none.
    """
    if "@" not in text:
        return []
    low = text.casefold()
    first = Counter(_first(name) for _, name, _ in people)
    found = []
    for ident, name, email in people:
        handles = [name.casefold(), email.casefold()]
        if first[_first(name)] == 1:
            handles.append(_first(name))
        if any(_is_in(handle, low) for handle in handles if handle):
            found.append(ident)
    return found[:MOST]


def _first(name: str) -> str:
    return name.casefold().split(" ", 1)[0]


def _is_in(handle: str, text: str) -> bool:
    return re.search(rf"(?<!\w)@{re.escape(handle)}(?![\w@]|[.-]\w)", text) is not None
