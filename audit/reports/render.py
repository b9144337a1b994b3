"""HTML to PDF in a process of its own: `python -m audit.reports.render <directory>`.

The process caps its own memory and processor time before it reads anything, knows neither Django
nor the database, and may read exactly the files that the report wrote into the directory. One file
is tagged PDF/A-3a and PDF/UA-1 at once; WeasyPrint writes one identifier, the other is added here.
"""

import base64
import re
import resource
import sys
import zlib
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

MEMORY_BYTES: Final = 1_500 * 1024 * 1024
PROCESSOR_SECONDS: Final = 180

# A compressed stream that ends, by chance, in a byte that reads as the end of a line: its length is
# right, and yet validators that look for `endstream` count one less.
ENDS_UNCLEARLY: Final = re.compile(rb"[\r\n]\r?\nendstream")
_MOST_ATTEMPTS: Final = 6

_TYPES: Final = {".css": "text/css", ".svg": "image/svg+xml"}

_UA = """<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" \
pdfuaid:part="1"/><rdf:Description rdf:about="" \
xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" \
xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" \
xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#"><pdfaExtension:schemas><rdf:Bag>\
<rdf:li rdf:parseType="Resource"><pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/\
</pdfaSchema:namespaceURI><pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>\
<pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema><pdfaSchema:property><rdf:Seq>\
<rdf:li rdf:parseType="Resource"><pdfaProperty:category>internal</pdfaProperty:category>\
<pdfaProperty:description>PDF/UA version identifier</pdfaProperty:description>\
<pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer\
</pdfaProperty:valueType></rdf:li></rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag>\
</pdfaExtension:schemas></rdf:Description>"""


def write_pdf(directory: Path, *, made_at: datetime) -> bytes:
    """Return the PDF of `report.html` in the directory, with `*.jsonl` beside it attached.

    `made_at` stands in for every date, so that the same input gives the same bytes.
    """
    from weasyprint import HTML

    for attempt in range(_MOST_ATTEMPTS):
        with ExitStack() as files:
            html = HTML(
                string=(directory / "report.html").read_text(),
                base_url=f"{directory.as_uri()}/",
                url_fetcher=_fetcher(directory),
            )
            pdf: bytes = html.write_pdf(
                pdf_variant="pdf/a-3a",
                pdf_tags=True,
                attachments=_attachments(directory, made_at, files),
                pdf_identifier=made_at.isoformat().encode(),
                finisher=partial(_finish, attempt),
            )
        # Small objects and the table of places are packed by the library: with something else
        # among them they have other bytes.
        if not ENDS_UNCLEARLY.search(pdf):
            break
    return pdf


def _attachments(directory: Path, made_at: datetime, files: ExitStack) -> list[Any]:
    from weasyprint import Attachment

    return [
        Attachment(
            file_obj=files.enter_context(file.open("rb")),
            name=file.name,
            description="The events that this report was made from, one canonical JSON a line",
            created=made_at,
            modified=made_at,
            relationship="Source",
        )
        for file in sorted(directory.glob("*.jsonl"))
    ]


def _fetcher(directory: Path) -> Any:
    """Return a fetcher that denies all but the files directly inside the directory."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class OwnFilesOnly(URLFetcher):  # type: ignore[misc]
        """WeasyPrint's own would open file:// and http:// addresses that an event contains."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            parts = urlsplit(url)
            wanted = Path(unquote(parts.path))
            own = parts.scheme == "file" and not parts.netloc and wanted.parent == directory
            if not own or wanted.suffix not in _TYPES or wanted.is_symlink():
                raise ValueError("A report may load its own files only.")
            headers = {"Content-Type": _TYPES[wanted.suffix]}
            return URLFetcherResponse(url, wanted.read_bytes(), headers)

    return OwnFilesOnly()


def _finish(attempt: int, _document: Any, pdf: Any) -> None:
    """Do to the finished objects what WeasyPrint has no option for."""
    import pydyf

    _identify_as_ua(pdf)
    if attempt:
        pdf.info["Attempt"] = pydyf.String(f"{attempt}")
    for item in pdf.objects:
        if isinstance(item, pydyf.Stream) and item.compress:
            _end_clearly(item)


def _end_clearly(stream: Any) -> None:
    """Let no compressed stream end with a byte that reads as the end of a line.

    Its length would be right, and yet validators that look for `endstream` count one byte less.
    One in 128 ends so, by chance: such a one is written in ASCII besides, which ends in "~>".
    """
    stream.compress = False
    _, _, rest = stream.data.partition(b"\nstream\n")
    raw = rest.removesuffix(b"\nendstream")
    stream.compress = True
    if zlib.adler32(raw) & 0xFF in b"\r\n":  # the last byte of what zlib writes
        stream.stream = [base64.a85encode(zlib.compress(raw, 9)) + b"~>"]
        stream.extra["Filter"] = "[/ASCII85Decode /FlateDecode]"
        stream.compress = False


def _identify_as_ua(pdf: Any) -> None:
    """Add the PDF/UA-1 identifier, with the schema that PDF/A wants for it, to the metadata."""
    for item in pdf.objects:
        if getattr(item, "extra", {}).get("Type") == "/Metadata":
            (content,) = item.stream
            item.compress = False  # PDF/A: metadata can be read by who knows no filters
            item.stream = [content.replace(b"</rdf:RDF>", _UA.encode() + b"</rdf:RDF>", 1)]
            return
    raise RuntimeError("The PDF has no metadata to name it by.")


def main(arguments: list[str]) -> int:
    """Render one directory: its `report.html` becomes `report.pdf`."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    directory = Path(arguments[0])
    made_at = datetime.fromisoformat(arguments[1]).astimezone(UTC)
    (directory / "report.pdf").write_bytes(write_pdf(directory, made_at=made_at))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
