"""Printing: what a validator would take for a fault is printed again, and stays the same report."""

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import page
import pytest
from pypdf import PdfReader

from audit.reports import render
from audit.reports.render import ENDS_UNCLEARLY, write_pdf

# The library leaves its colour profile to the garbage collector; ours runs in a process of its own.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

MADE_AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
HTML = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>A report</title>"
    "<h1>A report</h1><p>Two words."
)


class UnclearAtFirst:
    """Finds an unclear end in the first file that it looks at, and in no other."""

    def __init__(self) -> None:
        self.looked = 0

    def search(self, _pdf: bytes) -> bool:
        self.looked += 1
        return self.looked == 1


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "report.html").write_text(HTML)
    (tmp_path / "events.jsonl").write_text('{"a":1}\n')
    return tmp_path


def test_a_file_that_ends_unclearly_is_printed_again(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = write_pdf(directory, made_at=MADE_AT)
    unclear = UnclearAtFirst()
    monkeypatch.setattr(render, "ENDS_UNCLEARLY", unclear)
    again = write_pdf(directory, made_at=MADE_AT)
    assert (unclear.looked, again == plain) == (2, False)
    for pdf in (plain, again):
        for profile in ("3a", "ua1"):
            assert page.validate_pdf_bytes(pdf, profile=profile).failures == []
        reader = PdfReader(BytesIO(pdf))
        assert reader.attachments == {"events.jsonl": [b'{"a":1}\n']}


def test_the_same_page_gives_the_same_bytes(directory: Path) -> None:
    assert write_pdf(directory, made_at=MADE_AT) == write_pdf(directory, made_at=MADE_AT)


@pytest.mark.parametrize(
    ("end", "is_unclear"),
    [
        (b"\xe3\n\nendstream", True),
        (b"\xe3\r\nendstream", True),
        (b"\xe3\r\r\nendstream", True),
        (b"\xe3\nendstream", False),
    ],
)
def test_what_is_unclear(end: bytes, is_unclear: bool) -> None:
    assert bool(ENDS_UNCLEARLY.search(end)) is is_unclear
