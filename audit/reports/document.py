"""One report as an HTML document, for the printer and for the preview alike."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

from django.template.loader import render_to_string

from audit.reports.kind import Kind, Source

STYLE: Final = Path(__file__).resolve().parents[2] / "govapp/static/govapp/report.css"
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
        if self._path is not None and self._bytes > MOST_ATTACHED_BYTES:
            self._path.unlink()


def html_of(
    kind: Kind,
    source: Source,
    found: Mapping[str, Any],
    *,
    attached: Attached,
    stylesheet: str,
    is_preview: bool = False,
) -> str:
    """Return the document. Everything from events is escaped by the template."""
    zone = ZoneInfo(source.zone)
    context: dict[str, Any] = {
        "report": source,
        "kind": kind,
        "zone": zone,
        "made_at": source.made_at.astimezone(zone),
        "events": attached.events,
        "attachment": attached.sentence,
        "stylesheet": stylesheet,
        "is_preview": is_preview,
    }
    if source.start is not None and source.end is not None:
        context["first_day"] = source.start.astimezone(zone)
        context["last_day"] = (source.end - timedelta(microseconds=1)).astimezone(zone)
    return render_to_string(kind.template, context | dict(found))
