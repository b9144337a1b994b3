"""Every text of a JSON value with its place, without recursion and up to the caps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from approvals.guardrails import limits
from govapp.common.sensitive import mask


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a value, as the way to it: pointers are only written for what is found."""

    parent: Place | None
    segment: str

    @property
    def pointer(self) -> str:
        parts: list[str] = []
        place: Place | None = self
        while place is not None:
            parts.append(place.segment)
            place = place.parent
        return "".join(f"/{each}" for each in reversed(parts))


@dataclass(frozen=True, slots=True)
class Piece:
    """One text: `named` is the nearest name above it, `in_name` whether it is a name itself."""

    place: Place | None
    text: str
    named: str = ""
    in_name: bool = False

    @property
    def pointer(self) -> str:
        return self.place.pointer if self.place else ""


@dataclass(slots=True)
class Walk:
    """The texts of a value. `is_whole` says whether all of it was looked at."""

    pieces: list[Piece] = field(default_factory=list)
    nodes: int = 0
    characters: int = 0
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class Node:
    """A value at its place, below the name that it has or its list has."""

    place: Place | None
    value: Any
    named: str
    depth: int


def segment_of(name: str, index: int) -> str:
    """Return one name as a part of a JSON pointer (RFC 6901).

    A name that is too long is cut and told apart by its position in the object: pointers stay
    short, so that a hostile name is not repeated thousands of times. A name that is personal or
    a secret itself is masked alike: pointers are kept and shown where the text may not be.
    """
    masked = "" if "@" in name else mask(name)
    if masked != name:
        name = f"{masked}…{index}"
    if len(name) > limits.SEGMENT_CHARACTERS:
        name = f"{name[: limits.SEGMENT_CHARACTERS]}…{index}"
    return name.replace("~", "~0").replace("/", "~1")


def as_text(item: str | int | float) -> str:
    """Return a text or number as it is looked through: 4111111111111111.0 is a card number too."""
    if isinstance(item, str):
        return item
    if isinstance(item, int):
        return format(item, "d") if item.bit_length() < limits.INTEGER_BITS else ""
    return format(item, ".0f") if item.is_integer() and abs(item) < 1e21 else repr(item)


def is_text(item: object) -> bool:
    """Whether a value is looked through as a text: texts and numbers are."""
    return isinstance(item, str | int | float) and not isinstance(item, bool)


def walk(value: Any) -> Walk:
    """Return the texts, numbers and names of a JSON value, in order of the document."""
    done = Walk()
    stack: list[Iterator[Node]] = [iter([Node(None, value, "", 0)])]
    while stack and done.is_whole:
        node = next(stack[-1], None)
        if node is None:
            stack.pop()
            continue
        done.nodes += 1
        if done.nodes > limits.NODES or node.depth > limits.DEPTH:
            done.is_whole = False
        elif isinstance(node.value, dict):
            stack.append(_members(done, node, node.value))
        elif isinstance(node.value, list | tuple):
            stack.append(_items(node, node.value))
        elif is_text(node.value):
            _take(done, Piece(node.place, as_text(node.value), node.named))
    return done


def _members(done: Walk, node: Node, item: dict[Any, Any]) -> Iterator[Node]:
    for index, (key, each) in enumerate(item.items()):
        name = str(key)
        place = Place(node.place, segment_of(name, index))
        _take(done, Piece(place, name, in_name=True))
        yield Node(place, each, name, node.depth + 1)


def _items(node: Node, item: list[Any] | tuple[Any, ...]) -> Iterator[Node]:
    return (
        Node(Place(node.place, str(index)), each, node.named, node.depth + 1)
        for index, each in enumerate(item)
    )


def _take(done: Walk, piece: Piece) -> None:
    done.characters += len(piece.text)
    if done.characters > limits.CHARACTERS:
        done.is_whole = False
        return
    done.pieces.append(piece)
