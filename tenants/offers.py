"""What there is to choose from: of this floor, and of the floor above, which registers it here.

Pages offer what exists in place of a field in which somebody has to write an id.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from tenants.enums import KillScope

MOST: Final = 10


@dataclass(frozen=True)
class Offer:
    """One thing to choose: what stands for it, what people call it, and what tells it apart."""

    ref: str
    name: str
    note: str = ""

    def has(self, words: str) -> bool:
        """Whether each of these words is part of it."""
        said = f"{self.ref} {self.name} {self.note}".casefold()
        return all(word in said for word in words.casefold().split())


@dataclass(frozen=True)
class Offered:
    """What of a kind was found, and whether there is more."""

    offers: list[Offer]
    has_more: bool


# Takes the words that are searched for ("" for all) and how many at most.
Reader = Callable[[str, int], list[Offer]]
_readers: Final[dict[KillScope, Reader]] = {}


def register_offers(kind: KillScope, read: Reader) -> None:
    """Have `read` asked for what there is of a kind."""
    _readers[kind] = read


def read_offers(kind: KillScope, words: str = "", *, at_most: int = MOST) -> Offered:
    """Return what of a kind has these words in its name or id. One statement."""
    found = _readers[kind](words, at_most + 1)
    return Offered(found[:at_most], len(found) > at_most)


def name_of(kind: KillScope, ref: str) -> str:
    """Return what people call the thing with this id, the id itself when it is not known."""
    found = _readers[kind](ref, 1)
    return next((offer.name for offer in found if offer.ref == ref), ref)


def with_patterns(categories: Iterable[tuple[str, str]]) -> list[Offer]:
    """Return categories (key and name, by key), those that share a beginning led by all of it."""
    rows = list(categories)
    shared = Counter(above for key, _ in rows for above in _above(key))
    offers: list[Offer] = []
    for key, name in rows:
        offers += [
            Offer(f"{above}.*", f"Every category under {above}")
            for above in _above(key)
            if shared.pop(above, 1) > 1
        ]
        offers.append(Offer(key, name))
    return offers


def _above(key: str) -> list[str]:
    parts = key.split(".")
    return [".".join(parts[:depth]) for depth in range(1, len(parts))]
