"""Who did it and to what, as the ledger keeps it: a snapshot, so that it stays true."""

from dataclasses import dataclass
from typing import ClassVar, Literal, Self

from govapp.common.text import ERASED_WORDS

ActorKind = Literal["person", "agent", "system"]
PersonalKind = Literal["name", "words", "content"]


class Personal(str):
    """A person's name or address in an event: the record keeps a commitment to it, not the text.

    `of` is the public id of whoever is erased with it. Wherever the same text occurs in the event
    it is hidden as well. It does not survive formatting: mark the value in `data` or in
    `Entry.personal`, and write the sentence as usual.
    """

    __slots__ = ("of",)

    kind: ClassVar[PersonalKind] = "name"
    of: str

    def __new__(cls, text: str, of: str) -> Self:
        made = super().__new__(cls, text)
        made.of = of
        return made


class Words(Personal):
    """What somebody wrote, a reason or a comment; `of` is the author."""

    __slots__ = ()

    kind: ClassVar[PersonalKind] = "words"


def words_left(text: str, of: str) -> str:
    """Return kept words as their author's, or as nobody's when these were erased meanwhile.

    What was erased is not recorded anew under a key of the person who is gone.
    """
    return text if text == ERASED_WORDS else Words(text, of)


class Content(Personal):
    """What an action request says or asks for; `of` is the request."""

    __slots__ = ()

    kind: ClassVar[PersonalKind] = "content"


@dataclass(frozen=True)
class Actor:
    """Whoever causes an event: kind, public id and name at that time."""

    kind: ActorKind
    id: str
    name: str


@dataclass(frozen=True)
class Subject:
    """What an event is about: its type (`action_request`), public id and a label for people."""

    type: str
    id: str
    label: str


@dataclass(frozen=True)
class RunPlace:
    """Where in the record of a run an event stands: its number, and the digest of the one before.

    The first is 1 and has none before it; `previous` is `sha256:` and the hex of its bytes.
    """

    id: str
    seq: int
    previous: str | None


SYSTEM = Actor(kind="system", id="govapp", name="Govapp")
