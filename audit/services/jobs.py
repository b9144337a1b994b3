"""What reports and exports have in common: rows that a worker makes a file for."""

from typing import TypeVar
from uuid import UUID

import structlog

from audit.models import ExportJob, Report, ReportStatus
from govapp.common import clock
from govapp.common.errors import NotFound

log = structlog.get_logger(__name__)
Job = TypeVar("Job", Report, ExportJob)


def lock_job(kind: type[Job], job_id: UUID) -> Job:
    """Lock and return a job of the bound tenant. Raises `NotFound`."""
    job = kind.objects.select_for_update().filter(pk=job_id).first()
    if job is None:
        raise NotFound(f"There is no such {_name(kind)}.")
    return job


def end_job(job: Report | ExportJob, status: ReportStatus, why: str = "") -> None:
    """Write that there will be no file: it failed, for this reason, or somebody cancelled it."""
    job.status, job.failure, job.step = status, why, ""
    job.finished_at = clock.now()
    job.save(update_fields=["status", "failure", "step", "finished_at"])
    if status == ReportStatus.FAILED:
        log.warning("job.failed", kind=_name(type(job)), job=str(job.pk), reason=why)


def _name(kind: type[Report] | type[ExportJob]) -> str:
    return "report" if kind is Report else "export"
