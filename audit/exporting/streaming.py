"""The formats in which a stream sends events: pure, one line an event, without its newline.

A stream goes on for years and begins again after a failure, so what a format remembers from one
event to the next (the chain of OCSF) is kept outside and given back.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from audit.exporting import Exported
from audit.exporting.cef import cef_line
from audit.exporting.cloudevents import cloud_event
from audit.exporting.ocsf import OcsfChain

Chain = tuple[str, str] | None
"""The last event that was accepted: its id, and its fingerprint."""
Write = Callable[[Sequence[Exported], str, Chain], tuple[list[bytes], list[Chain]]]


@dataclass(frozen=True, slots=True)
class StreamFormat:
    """A format: `write(events, origin, chain)` gives a line for each event, and the chain then."""

    slug: str
    title: str
    hint: str
    write: Write
    for_webhooks: bool = True


def _each(line: Callable[[Exported, str], bytes]) -> Write:
    def write(
        events: Sequence[Exported], origin: str, chain: Chain
    ) -> tuple[list[bytes], list[Chain]]:
        return [line(event, origin).rstrip(b"\n") for event in events], [chain] * len(events)

    return write


def _jsonl(event: Exported, _origin: str) -> bytes:
    """The bytes that were hashed; with the texts filled in, which hash otherwise, its place."""
    if not event.is_filled:
        return event.canonical
    ledger = {"index": str(event.index), "leaf_hash": event.leaf_hash.hex()}
    whole = {**event.body, "ledger": ledger}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()


def _cloudevents(event: Exported, origin: str) -> bytes:
    return cloud_event(event.body, origin=origin, index=event.index, leaf_hash=event.leaf_hash)


def _cef(event: Exported, _origin: str) -> bytes:
    return cef_line(event.body, index=event.index, leaf_hash=event.leaf_hash)


def _ocsf(events: Sequence[Exported], origin: str, chain: Chain) -> tuple[list[bytes], list[Chain]]:
    writer, lines, chains = OcsfChain(origin, chain), [], []
    for event in events:
        line = writer.line(event.body, event.canonical, event.index, event.leaf_hash)
        lines.append(line.rstrip(b"\n"))
        chains.append(writer.previous)
    return lines, chains


FORMATS: Final[Mapping[str, StreamFormat]] = {
    each.slug: each
    for each in (
        StreamFormat(
            "jsonl",
            "JSON lines",
            "Each line is the bytes that were hashed, as long as texts stay here.",
            _each(_jsonl),
        ),
        StreamFormat(
            "ocsf",
            "OCSF 1.9",
            "With record_integrity: each event has its fingerprint and names the one before.",
            _ocsf,
        ),
        StreamFormat(
            "cloudevents",
            "CloudEvents 1.0",
            "Index and hash of the leaf are extensions.",
            _each(_cloudevents),
        ),
        StreamFormat(
            "cef",
            "CEF",
            "For older receivers of syslog: the sentence and who, without the details.",
            _each(_cef),
            for_webhooks=False,
        ),
    )
}
