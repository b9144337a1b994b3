"""One report as an HTML document, for the printer and for the preview alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

from django.template.loader import render_to_string

from audit.reports.comparing import compare, source_before, words_of
from audit.reports.figures import Line
from audit.reports.kind import Kind, Source
from audit.reports.reading import in_tree
from audit.selectors.events import EventRow, as_rows

STYLE: Final = Path(__file__).resolve().parents[2] / "govapp/static/govapp/report.css"
_LOOKED_AT: Final = 50
_SAID: Final = 3
MOST_ATTACHED_BYTES: Final = 50 * 1024 * 1024


class Attached:
    """The events that a report is made from, as lines of a file; counted without one."""

    def __init__(self, path: Path | None = None) -> None:
        self.events = 0
        self._path, self._bytes = path, 0
        self._file = path.open("wb") if path else None

    def keep(self, line: bytes) -> None:
        """Take one event's canonical line."""
        self.events += 1
        self._bytes += len(line)
        if self._file is not None and self._bytes <= MOST_ATTACHED_BYTES:
            self._file.write(line)

    @property
    def sentence(self) -> str:
        """Say what is attached, and where the rest is."""
        if self._path is None:
            return f"The finished file has all {self.events:,} events that it was made from in it."
        if self._bytes > MOST_ATTACHED_BYTES:
            return "The events are too many to attach; export them from the audit page."
        return (
            f"All {self.events:,} events that this report was made from are attached to this file "
            f"as {self._path.name}."
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()
        if self._path is not None and (not self.events or self._bytes > MOST_ATTACHED_BYTES):
            self._path.unlink()


@dataclass(frozen=True, slots=True)
class Document:
    """A report that was gathered, ready to be laid out."""

    kind: Kind
    source: Source
    found: Mapping[str, Any]
    attached: Attached
    attestations: list[Line]
    compared: str = ""  # the period before, in words

    def html(self, *, stylesheet: str, is_preview: bool = False) -> str:
        """Return the document. Everything from events is escaped by the template."""
        zone = ZoneInfo(self.source.zone)
        context: dict[str, Any] = {
            "report": self.source,
            "kind": self.kind,
            "zone": zone,
            "made_at": self.source.made_at.astimezone(zone),
            "events": self.attached.events,
            "attachment": self.attached.sentence,
            "attestations": self.attestations,
            "compared": self.compared,
            "stylesheet": stylesheet,
            "is_preview": is_preview,
        }
        if self.source.start is not None and self.source.end is not None:
            context["first_day"] = self.source.start.astimezone(zone)
            last = self.source.end - timedelta(microseconds=1)
            context["last_day"] = last.astimezone(zone)
        return render_to_string(self.kind.template, context | dict(self.found))


def gather_document(
    kind: Kind, source: Source, *, directory: Path | None = None, is_compared: bool = False
) -> Document:
    """Read what a report says, inside a transaction; its events go to files of the directory."""
    path = directory / "events.jsonl" if directory and kind.attaches else None
    with Attached(path) as attached:
        found = kind.gather(source, attached.keep)
    words = ""
    if is_compared and source.start is not None:
        former = source_before(source)
        with Attached(directory / "events-before.jsonl" if directory else None) as others:
            before = kind.gather(former, others.keep)
        compare(found.get("figures", ()), before.get("figures", ()))
        words = words_of(former)
    return Document(kind, source, found, attached, attestations_of(kind.slug, source), words)


def attestations_of(slug: str, source: Source) -> list[Line]:
    """Return what officers last attested of this kind of report, newest first."""
    rows = (
        in_tree(source.size)
        .filter(type="report.attested")
        .order_by("-occurred_at", "-id")
        .values_list("id", "occurred_at", "body")[:_LOOKED_AT]
    )
    events = [event for event in as_rows(rows) if _kind_of(event) == slug]
    return [Line(event.occurred_at, event.summary, event.public_id) for event in events[:_SAID]]


def _kind_of(event: EventRow) -> str:
    return str((event.body.get("data") or {}).get("kind", ""))
