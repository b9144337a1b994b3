"""RFC 3161 stamps of the directory: asked for, checked, kept; `openssl ts` accepts them."""

import subprocess
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest
from asn1crypto import tsp
from pytest_django.fixtures import Settings

from audit.merkle.note import text_of
from audit.models import DirectoryCheckpoint, TimeStamp, Voucher
from audit.selectors.directory import asked_vouchers
from audit.services.directory import grow_directory
from audit.services.sequencer import sequence_tenant
from audit.services.vouching import ask_due_vouchers, ask_voucher
from audit.stamps import StampInvalid, check_token, load_roots, time_of
from govapp.common import clock
from tests.audit.authority import Authority, make_authority, running_authority
from tests.audit.books import sequenced_tenant, write_events
from tests.conftest import MoveClock

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def made() -> Authority:
    """Keys take a second to make: one authority for all tests."""
    return make_authority()


@pytest.fixture
def authority(db: None, made: Authority, tmp_path: Path, settings: Settings) -> Iterator[Authority]:
    """A time-stamping authority in the settings, with its root, and a directory of one entry."""
    made.change, made.status, made.asked = None, 200, 0
    made.content_type = "application/timestamp-reply"
    with running_authority(made) as running:
        settings.LEDGER_TSA_URLS = [running.url]
        settings.LEDGER_TSA_ROOTS = [running.write_root(tmp_path)]
        sequenced_tenant(3)
        grow_directory()
        yield running


def kept() -> TimeStamp:
    return TimeStamp.objects.select_related("checkpoint").get()


def imprint_of(row: TimeStamp) -> bytes:
    return sha256(text_of(row.checkpoint.note).encode()).digest()


def test_the_newest_checkpoint_is_stamped(authority: Authority) -> None:
    assert ask_voucher(name=authority.url).startswith("vouches for size 1, ")
    row = kept()
    assert (row.checkpoint_id, row.url) == (1, authority.url)
    assert row.authority == "Common Name: Stamps of Example"
    assert row.stamped_at == time_of(bytes(row.token))


def test_openssl_accepts_the_stamp(authority: Authority, tmp_path: Path) -> None:
    ask_voucher(name=authority.url)
    row = kept()
    (tmp_path / "token").write_bytes(bytes(row.token))
    (tmp_path / "text").write_text(text_of(row.checkpoint.note))
    command = ["openssl", "ts", "-verify", "-token_in", "-in", str(tmp_path / "token")]
    command += ["-data", str(tmp_path / "text"), "-CAfile", str(tmp_path / "tsa-root.pem")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Verification: OK" in done.stdout, done.stderr
    (tmp_path / "text").write_text(text_of(row.checkpoint.note) + " ")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Verification: FAILED" in done.stdout


def test_an_authority_is_asked_once_in_its_time(
    authority: Authority, move_clock: MoveClock
) -> None:
    assert ask_due_vouchers() == [authority.url]
    ask_voucher(name=authority.url)
    grow()
    assert ask_due_vouchers() == []
    assert ask_voucher(name=authority.url) == ""
    move_clock(timedelta(seconds=601))
    assert ask_due_vouchers() == [authority.url]
    assert ask_voucher(name=authority.url).startswith("vouches for size 2, ")
    assert authority.asked == 2


def test_nothing_new_is_not_stamped_again(authority: Authority, move_clock: MoveClock) -> None:
    ask_voucher(name=authority.url)
    move_clock(timedelta(days=1))
    assert ask_due_vouchers() == []
    assert ask_voucher(name=authority.url, is_pressing=True) == ""
    assert authority.asked == 1


def grow() -> None:
    sequence_tenant(tenant_id=_grown())
    grow_directory()


def _grown() -> UUID:
    tenant_id = sequenced_tenant(2)
    write_events(tenant_id, 1)
    return tenant_id


def other_nonce(response: tsp.TimeStampResp) -> bytes:
    """The answer to another question, whole and signed."""
    request = tsp.TimeStampReq.load(_QUESTION)
    stamper = _STAMPERS[0].stamper
    answer: bytes = stamper.request_tsa_response(request).dump()
    return answer


def refused(_: tsp.TimeStampResp) -> bytes:
    """A TimeStampResp with status 2 (rejection) and nothing else."""
    return bytes.fromhex("30053003020102")


def one_bit(response: tsp.TimeStampResp) -> bytes:
    """A stamp whose signature was changed in its last bit."""
    answer: bytes = response.dump()
    return answer[:-1] + bytes([answer[-1] ^ 1])


_STAMPERS: list[Authority] = []
_QUESTION = tsp.TimeStampReq(
    {
        "version": "v1",
        "message_imprint": {
            "hash_algorithm": {"algorithm": "sha256"},
            "hashed_message": bytes(32),
        },
        "nonce": 1234567,
        "cert_req": True,
    }
).dump()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (other_nonce, "the answer belongs to another question: its nonce differs"),
        (refused, "the authority did not grant it: rejection"),
        (one_bit, "the authority's signature does not fit the stamp"),
        (lambda _: b"", "the answer is not a time stamp response"),
        (lambda _: b"<html>Welcome</html>", "the answer is not a time stamp response"),
        (lambda _: b"\x30\x03\x02\x01\x00", "the answer is not a time stamp response"),
    ],
)
def test_a_bad_answer_is_not_kept(authority: Authority, change: object, why: str) -> None:
    _STAMPERS[:] = [authority]
    authority.change = change  # type: ignore[assignment]
    assert ask_voucher(name=authority.url) == f"Its time stamp was not accepted: {why}."
    assert TimeStamp.objects.count() == 0
    assert Voucher.objects.get(name=authority.url).attempts == 1


def test_an_answer_of_another_kind_or_status_is_not_read(authority: Authority) -> None:
    authority.content_type = "text/html"
    assert ask_voucher(name=authority.url) == ("Its answer is of another kind than a time stamp.")
    authority.status = 500
    assert ask_voucher(name=authority.url, is_pressing=True) == "It answered with status 500."


def test_an_endless_answer_is_cut_off(authority: Authority) -> None:
    authority.change = lambda _: bytes(70_000)
    assert ask_voucher(name=authority.url) == "The answer is longer than 65536 bytes."


def test_another_root_does_not_vouch(
    authority: Authority, tmp_path: Path, settings: Settings
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    settings.LEDGER_TSA_ROOTS = [make_authority().write_root(other)]
    assert ask_voucher(name=authority.url) == (
        "Its time stamp was not accepted: no configured root vouches for the authority's"
        " certificate."
    )


def test_a_certificate_for_another_purpose_does_not_stamp(
    authority: Authority, tmp_path: Path, settings: Settings
) -> None:
    with running_authority(make_authority(purpose=False)) as wrong:
        other = tmp_path / "other"
        other.mkdir()
        settings.LEDGER_TSA_URLS = [wrong.url]
        settings.LEDGER_TSA_ROOTS = [wrong.write_root(other)]
        assert "no configured root vouches" in ask_voucher(name=wrong.url)
    assert TimeStamp.objects.count() == 0


def test_without_roots_nothing_is_accepted(
    authority: Authority, tmp_path: Path, settings: Settings
) -> None:
    settings.LEDGER_TSA_ROOTS = []
    assert "no root certificate is configured" in ask_voucher(name=authority.url)
    settings.LEDGER_TSA_ROOTS = [tmp_path / "missing.pem"]
    assert ask_voucher(name=authority.url, is_pressing=True) == (
        "The root certificates (LEDGER_TSA_ROOTS) cannot be read."
    )


def test_a_stored_token_is_checked_against_what_it_is_over(authority: Authority) -> None:
    ask_voucher(name=authority.url)
    row, roots = kept(), load_roots([*_roots(authority)])
    token = bytes(row.token)
    stamp = check_token(token, imprint_of(row), roots=roots, moment=time_of(token))
    assert stamp.at == row.stamped_at
    with pytest.raises(StampInvalid, match="over something else"):
        check_token(token, sha256(b"else").digest(), roots=roots)
    with pytest.raises(StampInvalid, match="cannot be read"):
        check_token(b"nonsense", imprint_of(row), roots=roots)


def _roots(authority: Authority) -> list[Path]:
    from django.conf import settings

    return list(settings.LEDGER_TSA_ROOTS)


def test_two_authorities_stamp_the_same_checkpoint(
    authority: Authority, tmp_path: Path, settings: Settings
) -> None:
    with running_authority(make_authority("Second Stamps")) as second:
        other = tmp_path / "other"
        other.mkdir()
        settings.LEDGER_TSA_URLS = [authority.url, second.url]
        settings.LEDGER_TSA_ROOTS = [*settings.LEDGER_TSA_ROOTS, second.write_root(other)]
        for asked in asked_vouchers():
            ask_voucher(name=asked.name)
    checkpoint = DirectoryCheckpoint.objects.get()
    assert checkpoint.time_stamps.count() == 2
    assert clock.now() > checkpoint.signed_at
