"""The formats in which events leave: pure, one line an event, no Django."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from audit.exporting.cloudevents import cloud_event
from audit.exporting.ocsf import OcsfChain
from audit.exporting.spreadsheet import HEADER, row_of


@dataclass(frozen=True, slots=True)
class Exported:
    """One event on its way out: what was hashed, what it says, and where it stands in the tree."""

    canonical: bytes
    body: Mapping[str, Any]
    index: int
    leaf_hash: bytes
    is_filled: bool = True  # `body` has its personal texts; otherwise it is what was hashed


Line = Callable[[Exported], bytes]


@dataclass(frozen=True, slots=True)
class FileKind:
    """What can be taken out of the record: how it is called, and how its file is."""

    slug: str
    title: str
    hint: str
    extension: str
    content_type: str


@dataclass(frozen=True, slots=True)
class Format(FileKind):
    """A format: `begin(origin)` gives the function that writes one event, ended by a newline."""

    begin: Callable[[str], Line]
    header: bytes = b""


def _jsonl(_origin: str) -> Line:
    return lambda event: event.canonical + b"\n"


def _csv(_origin: str) -> Line:
    return lambda event: row_of(event.body, event.index)


def _cloudevents(origin: str) -> Line:
    return lambda event: cloud_event(
        event.body, origin=origin, index=event.index, leaf_hash=event.leaf_hash
    )


def _ocsf(origin: str) -> Line:
    chain = OcsfChain(origin)
    return lambda event: chain.line(event.body, event.canonical, event.index, event.leaf_hash)


FORMATS: Final[Mapping[str, Format]] = {
    each.slug: each
    for each in (
        Format(
            "jsonl",
            "JSON lines",
            "Each line is the bytes that were hashed: what a verifier wants.",
            "jsonl",
            "application/jsonl",
            _jsonl,
        ),
        Format(
            "csv",
            "CSV for a spreadsheet",
            "One row an event. No cell is run as a formula.",
            "csv",
            "text/csv; charset=utf-8",
            _csv,
            HEADER,
        ),
        Format(
            "ocsf",
            "OCSF 1.9 for a SIEM",
            "With record_integrity: each event has its fingerprint and names the one before.",
            "ocsf.jsonl",
            "application/jsonl",
            _ocsf,
        ),
        Format(
            "cloudevents",
            "CloudEvents 1.0",
            "For event buses. Index and hash of the leaf are extensions.",
            "cloudevents.jsonl",
            "application/jsonl",
            _cloudevents,
        ),
    )
}

PACK: Final = FileKind(
    "evidence-pack",
    "Evidence pack",
    "The events with proofs, keys and two verifiers that need neither us nor a network.",
    "zip",
    "application/zip",
)

KINDS: Final[Mapping[str, FileKind]] = {**FORMATS, PACK.slug: PACK}
"""Everything that an export can be: the formats, and the evidence pack."""
