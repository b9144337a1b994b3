"""How the file of an export comes into being: in pieces, with signs of life, and to its end.

Nothing that is long happens inside of a transaction. Whoever writes reads in `page()`s and writes
between them; each page and each piece says that the writer is alive, and ends it when somebody
cancelled the job, or erased a person, or when another writer has taken over.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from time import monotonic
from typing import Any, Final

from audit.actors import SYSTEM
from audit.models import ExportJob, ExportPiece, ReportStatus
from audit.services.export_events import record_export, words_of
from audit.services.jobs import end_job
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction

PIECE_BYTES: Final = 1024 * 1024
_BEAT_SECONDS: Final = 1.0
"""Between two pages that only read a little, no sign of life is needed more often."""


class Stopped(Exception):
    """Nobody waits for what this writer writes any more."""


class ExportFile:
    """The file of one job as its writer sees it: written from the beginning to the end, once."""

    def __init__(self, job: ExportJob) -> None:
        self.job = job
        self._digest, self._size, self._number = sha256(), 0, 0
        self._pending = bytearray()
        self._beaten = float("-inf")

    def write(self, data: bytes, /) -> int:
        """Take the next bytes. Raises `Stopped`."""
        self._digest.update(data)
        self._size += len(data)
        self._pending += data
        while len(self._pending) >= PIECE_BYTES:
            with self.page(is_pressing=True):
                self._keep(PIECE_BYTES)
        return len(data)

    def flush(self) -> None:
        """Nothing: what is pending is kept when there is enough of it, and by `finish`."""

    def close(self) -> None:
        """Nothing: only `finish` ends a file."""

    @contextmanager
    def page(
        self, *, step: str = "", progress: int | None = None, is_pressing: bool = False
    ) -> Iterator[None]:
        """Open a transaction to read or write a little; with `step`, say how far it is (per cent).

        What only reads may go without a sign of life now and then; `is_pressing` may not. Raises
        `Stopped`.
        """
        with tenant_transaction(self.job.tenant_id):
            if step or is_pressing or monotonic() - self._beaten > _BEAT_SECONDS:
                self._beat(step, progress)
            yield

    def finish(self, *, count: int, event_type: str, told: Mapping[str, Any]) -> None:
        """Keep what is left, and say that the file is there: `told` is kept and recorded.

        Raises `Stopped`.
        """
        with self.page(step="Finishing", progress=99):
            self._keep(len(self._pending))
            job = ExportJob.objects.get(pk=self.job.pk)
            job.status, job.progress, job.step = ReportStatus.READY, 100, ""
            job.count, job.size_bytes, job.sha256 = count, self._size, self._digest.hexdigest()
            job.told, job.finished_at = dict(told), clock.now()
            job.save()
            record_export(
                job,
                SYSTEM,
                event_type,
                f"The export {words_of(job)} was written: {count} events, SHA-256 {job.sha256}.",
                count=count,
                bytes=self._size,
                sha256=job.sha256,
                ledger_size=job.ledger_size,
                **told,
            )

    def _keep(self, size: int) -> None:
        if size:
            data = bytes(self._pending[:size])
            ExportPiece.objects.create(job_id=self.job.pk, number=self._number, data=data)
            del self._pending[:size]
            self._number += 1

    def _beat(self, step: str, progress: int | None) -> None:
        changed: dict[str, Any] = {"beat_at": clock.now()}
        if step:
            changed["step"] = step
        if progress is not None:
            changed["progress"] = min(99, progress)
        # Its row stays locked to the end of the page: nobody cancels or empties it meanwhile.
        alive = ExportJob.objects.filter(
            pk=self.job.pk, status=ReportStatus.RUNNING, started_at=self.job.started_at
        ).update(**changed)
        if not alive:
            raise Stopped
        self._beaten = monotonic()


def fail_export(job: ExportJob, why: str) -> None:
    """Say that there will be no file, and why. Inside a transaction."""
    end_job(job, ReportStatus.FAILED, why)
    record_export(
        job, SYSTEM, "export.failed", f"The export {words_of(job)} failed: {why}", reason=why
    )
