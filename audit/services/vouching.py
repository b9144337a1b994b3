"""Asking others to vouch for the directory log: witnesses cosign it, authorities stamp it.

Never inside a transaction that waits for the network, and never in the way of the ledger: who does
not answer is asked again later, with growing pauses, and a page says since when. One process asks
one voucher at a time: the row's `next_at` is also its lease.
Sources: C2SP tlog-witness, RFC 3161.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Max

from audit.merkle.cosignature import WitnessKey
from audit.merkle.note import NoteInvalid, parse_signature, text_of
from audit.merkle.tiles import TileInvalid, prove_consistency
from audit.models import (
    Cosignature,
    DirectoryCheckpoint,
    TimeStamp,
    Voucher,
    VoucherKind,
)
from audit.selectors.directory import Asked, asked_vouchers, read_directory_tile
from audit.stamps import load_roots
from audit.transports.time_stamp import stamp_text
from audit.transports.vouching import VouchingFailed
from audit.transports.witness import SizeUnexpected, add_checkpoint
from govapp.common import clock
from govapp.common.queue import enqueue_on_commit

log = structlog.get_logger(__name__)

LEASE: Final = timedelta(seconds=60)
"""Longer than a call to a voucher and back may take."""

FIRST_PAUSE: Final = timedelta(seconds=10)
LONGEST_PAUSE: Final = timedelta(hours=1)
_AHEAD: Final = timedelta(minutes=5)
"""How far a witness's clock may be ahead of ours."""


def ask_due_vouchers() -> list[str]:
    """Queue a task for each witness and authority whose turn it is; return their names."""
    names = [asked.name for asked in asked_vouchers()]
    with transaction.atomic():
        _make_rows()
        due = Voucher.objects.filter(name__in=names, next_at__lte=clock.now()).order_by("name")
        found = [name for name in due.values_list("name", flat=True) if _wanted(name) is not None]
        for name in found:
            enqueue_on_commit("audit.ask_voucher", name=name)
    return found


def ask_voucher(*, name: str, is_pressing: bool = False) -> str:
    """Ask one voucher for the newest checkpoint that it does not know; return what came of it.

    The words are "" when there is nothing to ask or somebody else is asking. `is_pressing` does
    not wait for its turn. Failures are kept in its row, and not raised.
    """
    asked = next((each for each in asked_vouchers() if each.name == name), None)
    if asked is None:
        return ""  # taken out of the settings meanwhile
    wanted = _claim(asked, is_pressing=is_pressing)
    if wanted is None:
        return ""
    try:
        at = _VOUCH[asked.kind](asked, wanted)
    except VouchingFailed as error:
        _keep_failure(asked, str(error))
        return str(error)
    return f"vouches for size {wanted.size}, {at.isoformat(timespec='seconds')}"


def pause_after(attempts: int) -> timedelta:
    """Return how long to wait after so many failures in a row."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * (1 << min(attempts - 1, 12)))


def _make_rows() -> None:
    rows = [Voucher(name=each.name, kind=each.kind) for each in asked_vouchers()]
    known = set(Voucher.objects.values_list("name", flat=True))
    missing = [row for row in rows if row.name not in known]
    Voucher.objects.bulk_create(missing, ignore_conflicts=True)


def _wanted(name: str) -> DirectoryCheckpoint | None:
    """Return the checkpoint that this voucher is to be asked about; None when it knows it."""
    voucher = Voucher.objects.get(name=name)
    newest = DirectoryCheckpoint.objects.order_by("-size")
    if voucher.kind == VoucherKind.AUTHORITY and settings.LEDGER_WITNESSES:
        # What is both cosigned and stamped is the strongest evidence, if it can be had.
        cosigned = Cosignature.objects.aggregate(size=Max("checkpoint_id"))["size"]
        if cosigned is not None and cosigned > voucher.size:
            return newest.get(size=cosigned)
    return newest.filter(size__gt=voucher.size).first()


def _claim(asked: Asked, *, is_pressing: bool) -> DirectoryCheckpoint | None:
    """Take the lease and return what is wanted; None when it is not our turn."""
    with transaction.atomic():
        _make_rows()
        now = clock.now()
        rows = Voucher.objects.select_for_update(skip_locked=True).filter(name=asked.name)
        row = (rows if is_pressing else rows.filter(next_at__lte=now)).first()
        if row is None:
            return None
        wanted = _wanted(asked.name)
        if wanted is not None:
            row.next_at = now + LEASE
            row.save(update_fields=["next_at"])
        return wanted


def _cosign(asked: Asked, wanted: DirectoryCheckpoint) -> datetime:
    """Get and keep a cosignature; a witness that stands elsewhere is followed, once."""
    known = Voucher.objects.values_list("size", flat=True).get(name=asked.name)
    try:
        lines = _submit(asked.url, known, wanted)
    except SizeUnexpected as where:
        if where.size > wanted.size:
            raise VouchingFailed(
                f"It has cosigned size {where.size}, our directory has {wanted.size}: the"
                " directory was cut short or restored from an old copy."
            ) from where
        try:
            lines = _submit(asked.url, where.size, wanted)
        except SizeUnexpected as error:
            raise VouchingFailed("Its size changes between two calls.") from error
    line, at = _verified(WitnessKey.decode(asked.name), lines, wanted)
    if at > clock.now() + _AHEAD:
        raise VouchingFailed("Its cosignature is dated in the future.")
    with transaction.atomic():
        row = Cosignature(checkpoint=wanted, vkey=asked.name, line=line, witnessed_at=at)
        Cosignature.objects.bulk_create([row], ignore_conflicts=True)
        _keep_success(asked, wanted, pause=timedelta(0))
    return at


def _verified(
    key: WitnessKey, lines: tuple[str, ...], wanted: DirectoryCheckpoint
) -> tuple[str, datetime]:
    """Return the line of the configured key and its time; other lines are not ours to judge."""
    for line in lines:
        if parse_signature(line)[:2] == (key.name, key.key_id):
            try:
                return line, datetime.fromtimestamp(key.verify(line, wanted.note), UTC)
            except (NoteInvalid, ValueError, OverflowError, OSError) as error:
                raise VouchingFailed(f"Its cosignature was not accepted: {error}.") from error
    raise VouchingFailed("Its answer has no cosignature by the configured key.")


def _submit(url: str, old_size: int, wanted: DirectoryCheckpoint) -> tuple[str, ...]:
    try:
        proof = prove_consistency(old_size, wanted.size, read_directory_tile)
    except TileInvalid as error:
        raise VouchingFailed("The directory's stored tree is broken: run verify_ledger.") from error
    return add_checkpoint(url, old_size=old_size, proof=proof, note=wanted.note)


def _stamp(asked: Asked, wanted: DirectoryCheckpoint) -> datetime:
    try:
        roots = load_roots(settings.LEDGER_TSA_ROOTS)
    except (OSError, ValueError) as error:
        raise VouchingFailed("The root certificates (LEDGER_TSA_ROOTS) cannot be read.") from error
    stamp = stamp_text(asked.url, text_of(wanted.note), roots=roots)
    with transaction.atomic():
        row = TimeStamp(
            checkpoint=wanted,
            url=asked.url,
            authority=stamp.authority,
            token=stamp.token,
            stamped_at=stamp.at,
        )
        TimeStamp.objects.bulk_create([row], ignore_conflicts=True)
        pause = timedelta(seconds=settings.LEDGER_TSA_EVERY_SECONDS)
        _keep_success(asked, wanted, pause=pause)
    return stamp.at


def _keep_success(asked: Asked, wanted: DirectoryCheckpoint, *, pause: timedelta) -> None:
    now = clock.now()
    Voucher.objects.filter(name=asked.name).update(
        size=wanted.size, vouched_at=now, attempts=0, failure="", next_at=now + pause
    )
    log.info("ledger.vouched", voucher=asked.words, size=wanted.size)


def _keep_failure(asked: Asked, words: str) -> None:
    with transaction.atomic():
        row = Voucher.objects.select_for_update().get(name=asked.name)
        row.attempts += 1
        row.failure = words[:500]
        row.next_at = clock.now() + pause_after(row.attempts)
        row.save(update_fields=["attempts", "failure", "next_at"])
    log.warning("ledger.not_vouched", voucher=asked.words, attempts=row.attempts, reason=words)


_VOUCH: Final = {VoucherKind.WITNESS: _cosign, VoucherKind.AUTHORITY: _stamp}
