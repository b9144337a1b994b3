"""Signed reports: valid to tools of others, archive and accessible still, and not to be altered."""

import subprocess
import sys
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import page
import pytest
from asn1crypto import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.generic import StreamObject
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import PdfSignatureStatus, validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pypdf import PdfReader
from pytest_django.fixtures import Settings

from audit.models import ReportSignature, SigningCertificate
from audit.reports.signing import Signed, Stamping, _Untouched, sign_pdf
from audit.services.signers import is_self_made, report_signer, report_stamping
from govapp.common.sealing import unseal
from tests.support.authority import Authority, running_authority
from tests.support.services import ROOT

pytestmark = pytest.mark.django_db

_HTML = (
    '<html lang="en"><head><title>Oversight</title><meta name="description" content="What was">'
    "</head><body><h1>Oversight</h1><p>EUR 48,200 were approved.</p></body></html>"
)


@pytest.fixture(scope="module")
def unsigned(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    directory = tmp_path_factory.mktemp("report")
    (directory / "report.html").write_text(_HTML)
    (directory / "events.jsonl").write_text("{}\n")
    subprocess.run(
        [sys.executable, "-m", "audit.reports.render", directory, "2026-02-01T00:00:00+00:00"],
        cwd=ROOT,
        check=True,
    )
    return (directory / "report.pdf").read_bytes()


@pytest.fixture(scope="module")
def loopback() -> Iterator[Authority]:
    with running_authority() as running:
        yield running


@pytest.fixture
def authority(loopback: Authority) -> Authority:
    loopback.is_silent = False
    return loopback


@pytest.fixture
def configured(authority: Authority, settings: Settings, tmp_path: Path) -> Authority:
    settings.LEDGER_TSA_URLS = [authority.address]
    for name, value in authority.write(tmp_path).items():
        setattr(settings, name, value)
    return authority


def sign(pdf: bytes) -> Signed:
    return sign_pdf(pdf, signer=report_signer(), stamping=report_stamping(), reason="Oversight")


def status_of(content: bytes, *roots: x509.Certificate) -> PdfSignatureStatus:
    reader = PdfFileReader(BytesIO(content))
    (signature,) = reader.embedded_regular_signatures
    trust = ValidationContext(trust_roots=list(roots))
    return validate_pdf_signature(signature, trust, trust)


def root_of(authority: Authority) -> x509.Certificate:
    return x509.Certificate.load(authority.root.certificate.public_bytes(Encoding.DER))


def refused_rules(content: bytes, profile: str) -> list[str]:
    found = page.validate_pdf_bytes(content, profile=profile)
    return sorted({failure.rule_id for failure in found.failures})


def test_the_installation_makes_its_certificate_once_and_seals_the_key(unsigned: bytes) -> None:
    one, two = sign(unsigned), sign(unsigned)
    assert (one.level, one.signed_by) == (ReportSignature.B, two.signed_by)
    row = SigningCertificate.objects.get()
    certificate = x509.Certificate.load(bytes(row.certificate))
    assert certificate.subject.native["common_name"] == "Govapp reports, self-made"
    assert status_of(one.content, certificate).bottom_line
    assert unseal(bytes(row.private_key_sealed)) not in bytes(row.private_key_sealed)
    assert is_self_made()


@pytest.mark.parametrize("profile", ["3a", "ua1"])
def test_a_signed_report_is_still_an_archive_and_accessible(
    configured: Authority, settings: Settings, unsigned: bytes, profile: str
) -> None:
    settings.REPORT_TRUST_ROOTS = ""
    assert refused_rules(unsigned, profile) == []
    assert refused_rules(sign(unsigned).content, profile) == []


def test_an_archive_signature_keeps_both_but_for_its_own_nature(
    configured: Authority, unsigned: bytes
) -> None:
    """The time stamp over all is added after the signature, whose range therefore ends before it.

    "The entire file" of ISO 19005-3, 6.4.3 is the file as it was signed, so this rule of the tool
    is too narrow (docs/reports.md); what it is about holds: each range covers its whole revision.
    """
    content = sign(unsigned).content
    assert refused_rules(content, "ua1") == []
    assert refused_rules(content, "3a") == ["PDFA3A-SIGNATURE-BYTERANGE-001"]
    signature, stamp = PdfFileReader(BytesIO(content)).embedded_signatures
    covered = [each.evaluate_signature_coverage() for each in (signature, stamp)]
    assert covered == [
        SignatureCoverageLevel.ENTIRE_REVISION,
        SignatureCoverageLevel.ENTIRE_FILE,
    ]
    # As it was signed, with nothing behind it yet, the file has no fault at all.
    start, until, rest, length = map(int, signature.byte_range)
    assert start == 0
    assert content[until : until + 1] + content[rest - 1 : rest] == b"<>"
    assert refused_rules(content[: rest + length], "3a") == []


@pytest.mark.parametrize("last", [b"\r", b"\n", b"x"])
def test_a_revocation_list_may_end_in_any_byte(unsigned: bytes, last: bytes) -> None:
    writer = _Untouched(BytesIO(unsigned))
    added = writer.add_object(StreamObject(stream_data=b"DER" + last))
    output = BytesIO()
    writer.write(output)  # type: ignore[no-untyped-call]
    assert b"\n444552%s>\nendstream" % last.hex().encode() in output.getvalue()
    kept = PdfFileReader(BytesIO(output.getvalue())).get_object(added)  # type: ignore[no-untyped-call]
    assert kept.data == b"DER" + last


def test_a_time_stamped_signature_is_valid_to_others(
    configured: Authority, settings: Settings, unsigned: bytes, tmp_path: Path
) -> None:
    settings.REPORT_TRUST_ROOTS = ""
    signed = sign(unsigned)
    assert signed.level == ReportSignature.T
    status = status_of(signed.content, root_of(configured))
    assert (status.bottom_line, status.intact, status.valid) == (True, True, True)
    assert status.timestamp_validity is not None
    assert status.timestamp_validity.trusted
    assert signed.content[: len(unsigned)] == unsigned
    path = tmp_path / "report.pdf"
    path.write_bytes(signed.content)
    said = subprocess.run(["pdfsig", "-nocert", path], capture_output=True, text=True, check=True)
    assert "Signature Validation: Signature is Valid." in said.stdout
    assert "Total document signed" in said.stdout
    assert "ETSI.CAdES.detached" in said.stdout
    checked = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True)
    assert (checked.returncode, "No syntax or stream encoding errors" in checked.stdout) == (
        0,
        True,
    )


def test_an_archive_signature_has_in_it_what_it_is_checked_with(
    configured: Authority, unsigned: bytes
) -> None:
    signed = sign(unsigned)
    assert signed.level == ReportSignature.LTA
    root = PdfFileReader(BytesIO(signed.content)).root
    assert [name in root["/DSS"] for name in ("/Certs", "/CRLs", "/VRI")] == [True, True, False]
    configured.is_silent = True  # nothing is fetched to check it
    assert status_of(signed.content, root_of(configured)).bottom_line


def test_a_signature_leaves_the_metadata_alone(configured: Authority, unsigned: bytes) -> None:
    signed = sign(unsigned).content
    before, after = (PdfFileReader(BytesIO(each)).root for each in (unsigned, signed))
    assert before.raw_get("/Metadata").idnum == after.raw_get("/Metadata").idnum
    assert b"xpacket" not in signed[len(unsigned) :]


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_an_altered_file_is_refused(
    configured: Authority, settings: Settings, unsigned: bytes, tmp_path: Path, place: float
) -> None:
    settings.REPORT_TRUST_ROOTS = ""
    content = sign(unsigned).content
    at = int(len(unsigned) * place)
    changed = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
    path = tmp_path / "report.pdf"
    path.write_bytes(changed)
    said = subprocess.run(["pdfsig", "-nocert", path], capture_output=True, text=True)
    assert "Signature is Valid" not in said.stdout
    assert not _is_valid(changed, root_of(configured))


def test_what_is_added_after_the_signature_is_seen(configured: Authority, unsigned: bytes) -> None:
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(BytesIO(sign(unsigned).content))
    writer.root["/Lang"] = generic.pdf_string("de")
    writer.update_root()  # type: ignore[no-untyped-call]
    output = BytesIO()
    writer.write(output)  # type: ignore[no-untyped-call]
    assert not _is_valid(output.getvalue(), root_of(configured))


def test_without_an_answer_the_file_is_signed_and_says_so(
    configured: Authority, unsigned: bytes
) -> None:
    configured.is_silent = True
    signed = sign(unsigned)
    assert signed.level == ReportSignature.B
    assert status_of(signed.content, root_of(configured)).timestamp_validity is None


def test_the_next_authority_is_asked_when_one_is_silent(
    configured: Authority, settings: Settings, unsigned: bytes
) -> None:
    settings.LEDGER_TSA_URLS = ["http://127.0.0.1:1/", configured.address]
    settings.REPORT_TRUST_ROOTS = ""
    assert sign(unsigned).level == ReportSignature.T


def test_no_authority_is_asked_without_one(unsigned: bytes) -> None:
    signed = sign_pdf(unsigned, signer=report_signer(), stamping=Stamping())
    assert signed.level == ReportSignature.B


def _is_valid(content: bytes, root: x509.Certificate) -> bool:
    try:
        return bool(status_of(content, root).bottom_line)
    except Exception:
        return False


def test_no_stream_ends_in_what_reads_as_the_end_of_a_line(tmp_path: Path) -> None:
    """One attachment in 128 would, by chance: these two are such."""
    for number, text in enumerate(_ending_in(b"\r\n")):
        directory = tmp_path / str(number)
        directory.mkdir()
        (directory / "report.html").write_text(_HTML)
        (directory / "events.jsonl").write_bytes(text)
        subprocess.run(
            [sys.executable, "-m", "audit.reports.render", directory, "2026-02-01T00:00:00+00:00"],
            cwd=ROOT,
            check=True,
        )
        content = (directory / "report.pdf").read_bytes()
        assert refused_rules(content, "3a") == []
        ((attached,),) = PdfReader(BytesIO(content)).attachments.values()
        assert attached == text


def _ending_in(ends: bytes) -> Iterator[bytes]:
    """Return for each byte a text whose compressed form ends in it (its Adler-32 does)."""
    for end in ends:
        yield next(
            text
            for text in (b'{"n":"%d"}\n' % number for number in range(10_000))
            if zlib.adler32(text) & 0xFF == end
        )
