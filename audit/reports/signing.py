"""Signing a finished report: PAdES B-T, or B-LTA with a trust store (ETSI EN 319 142-1).

A signature is an incremental update: the file up to it keeps its bytes. PDF/A-3 and PDF/UA-1 both
hold afterwards only with an invisible field out of bounds that has the print flag, with the XMP
metadata left alone, and without a VRI dictionary (design page audit.md, "Report").
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

import structlog
from pyhanko.pdf_utils.generic import StreamObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import InvisSigSettings, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, Signer
from pyhanko.sign.signers.pdf_signer import (
    DSSContentSettings,
    PdfTimeStamper,
    SigDSSPlacementPreference,
    TimestampDSSContentSettings,
)
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.timestamps.common_utils import TimestampRequestError
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import PathError

from audit.models import ReportSignature
from audit.reports.render import ENDS_UNCLEARLY

log = structlog.get_logger(__name__)

_FIELD: Final = "Signature"
_DIGEST: Final = "sha256"
_INVISIBLE: Final = InvisSigSettings(set_print_flag=True, box_out_of_bounds=True)

# Other room, other bytes: a table of places that ends unclearly is written again.
_ROOM: Final = (None, 30_000, 30_002, 30_006)


class _Untouched(IncrementalPdfFileWriter):
    """A writer that leaves the metadata as it is: their digest would differ at each signing."""

    def _update_meta(self) -> None:
        """Rewrite neither the XMP packet nor the modification date."""

    def add_object(self, obj: Any, *args: Any, **named: Any) -> Any:
        """Write certificates and revocation lists in hexadecimal.

        Their last byte is chance, and one that reads as the end of a line is counted as such by
        validators that look for `endstream`.
        """
        if type(obj) is StreamObject:
            obj.apply_filter("/ASCIIHexDecode")
        return super().add_object(obj, *args, **named)


@dataclass(frozen=True, slots=True)
class Stamping:
    """Which time-stamping authorities are asked, in order, and what they are checked against.

    With a `trust` (roots, and where revocation is looked up; made anew for each file) the file gets
    all that is needed to check it when the authorities are gone.
    """

    stampers: tuple[TimeStamper, ...] = ()
    trust: Callable[[], ValidationContext] | None = None


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed file, at which level, and whose certificate signed it."""

    content: bytes
    level: ReportSignature
    signed_by: str


def sign_pdf(pdf: bytes, *, signer: Signer, stamping: Stamping, reason: str = "") -> Signed:
    """Return the file with a signature appended; the bytes before it are `pdf`.

    As much is reached as can be: when what an archive needs cannot be fetched, the signature is
    time-stamped only, and when no authority answers, it has no time stamp. The level says which.
    Raises `pyhanko.sign.general.SigningError` when the certificate may not sign.
    """
    subject = _subject(signer)
    for stamper, trust, level in _attempts(stamping):
        try:
            return Signed(_sign(pdf, signer, stamper, trust, reason), level, subject)
        except (SigningError, PathError, TimestampRequestError, OSError) as error:
            log.warning("report.signature_lower", wanted=level.value, reason=str(error)[:200])
    return Signed(_sign(pdf, signer, None, None, reason), ReportSignature.B, subject)


def _attempts(
    stamping: Stamping,
) -> Iterator[tuple[TimeStamper, ValidationContext | None, ReportSignature]]:
    if stamping.trust is not None:
        for stamper in stamping.stampers:
            yield stamper, stamping.trust(), ReportSignature.LTA
    for stamper in stamping.stampers:
        yield stamper, None, ReportSignature.T


def _sign(
    pdf: bytes,
    signer: Signer,
    stamper: TimeStamper | None,
    trust: ValidationContext | None,
    reason: str,
) -> bytes:
    metadata = PdfSignatureMetadata(
        field_name=_FIELD,
        md_algorithm=_DIGEST,
        subfilter=SigSeedSubFilter.PADES,
        reason=reason or None,
        embed_validation_info=trust is not None,
        validation_context=trust,
        dss_settings=DSSContentSettings(
            include_vri=False, placement=SigDSSPlacementPreference.TOGETHER_WITH_SIGNATURE
        ),
    )
    place = SigFieldSpec(
        sig_field_name=_FIELD,
        on_page=0,
        invis_sig_settings=_INVISIBLE,
        readable_field_name="Signature of the installation that made this report",
    )
    signing = PdfSigner(metadata, signer=signer, timestamper=stamper, new_field_spec=place)
    for room in _ROOM:
        output = BytesIO()
        signing.sign_pdf(_Untouched(BytesIO(pdf)), output=output, bytes_reserved=room)
        if not ENDS_UNCLEARLY.search(output.getbuffer(), len(pdf)):
            break
    if stamper is None or trust is None:
        return output.getvalue()
    return _stamp(output, stamper, trust)


def _stamp(signed: BytesIO, stamper: TimeStamper, trust: ValidationContext) -> bytes:
    """Stamp the whole of a signed file; pyHanko's own last step would rewrite the metadata."""
    stamping = PdfTimeStamper(
        stamper,
        field_name="ArchiveTimeStamp",
        invis_settings=_INVISIBLE,
        readable_field_name="Time stamp of the whole file",
    )
    size = signed.getbuffer().nbytes
    for room in _ROOM:
        output = BytesIO()
        stamping.timestamp_pdf(
            _Untouched(BytesIO(signed.getvalue())),
            _DIGEST,
            trust,
            bytes_reserved=room,
            output=output,
            dss_settings=TimestampDSSContentSettings(include_vri=False, update_before_ts=True),
        )
        if not ENDS_UNCLEARLY.search(output.getbuffer(), size):
            break
    return output.getvalue()


def _subject(signer: Signer) -> str:
    certificate = signer.signing_cert
    return str(certificate.subject.human_friendly) if certificate is not None else ""
