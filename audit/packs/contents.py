"""What goes into a pack, as whoever makes one hands it over."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from audit.merkle.tiles import ReadTile

REDACTABLE: Final = ("name", "words", "content")
"""Kinds of personal values: people's names and addresses, what people wrote, what was asked."""

SINGLE_PROOFS: Final = 500
"""So many events have a proof of their own, for tools of others; all have one together."""


@dataclass(frozen=True, slots=True)
class PackedLeaf:
    """A leaf of the tree, with the bytes that it is the hash of unless these were pruned."""

    index: int
    leaf_hash: bytes
    event: bytes | None


@dataclass(frozen=True, slots=True)
class PackedValue:
    """What became of one personal value: opened, or `withheld` as "redacted" or "erased"."""

    event: str
    number: int
    of: str
    salt: bytes = b""
    value: str = ""
    withheld: str = ""
    kind: str = ""  # for whoever counts: a pack says it in the event


@dataclass(frozen=True, slots=True)
class KeySpan:
    """A key of the log (a vkey) and the sizes of the tree that it signed, both included."""

    vkey: str
    from_size: int
    until_size: int | None = None


@dataclass(frozen=True, slots=True)
class Vouching:
    """That others vouch for a checkpoint of the log: a directory, witnesses, time stamps."""

    entry: bytes
    index: int
    path: Sequence[bytes]
    directory_note: str
    directory_vkey: str
    witness_vkeys: Sequence[str]
    time_stamps: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class PackedReport:
    """A report that goes along, and the event that records its SHA-256."""

    pdf: bytes
    event: str


@dataclass(frozen=True, kw_only=True)
class PackContents:
    """Everything that a pack is made of.

    `leaves` is called twice, `values` once; both yield in the order of the tree. `scope` is
    {"kind": "complete", "first": .., "last": ..} or {"kind": "selection"}, the latter with the
    instants "from" and "until" of its period; `supporting` are indices that nobody asked for and
    that the rest leans on: the events that introduce keys, prunings, the report's.
    """

    origin: str
    size: int
    root: bytes
    note: str
    keys: Sequence[KeySpan]
    read_tile: ReadTile
    leaves: Callable[[], Iterator[PackedLeaf]]
    values: Callable[[], Iterator[PackedValue]]
    scope: Mapping[str, Any]
    supporting: frozenset[int]
    query: Mapping[str, str]
    time_zone: str
    exporter: Mapping[str, str]
    made_at: datetime
    older_notes: Sequence[tuple[int, str]] = ()
    vouching: Vouching | None = None
    report: PackedReport | None = None
    redacted: frozenset[str] = field(default_factory=frozenset)
