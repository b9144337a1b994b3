"""Having a pack made and taken, as the page does."""

from typing import Any
from uuid import UUID

from audit.actors import Actor
from audit.models import ExportJob
from audit.selectors.events import EventFilter
from audit.services.export_jobs import read_export, request_export, take_export, write_export
from govapp.common.tenancy import tenant_transaction

AUDREY = Actor("person", "mem_audrey", "Audrey Auditor")


def asked(tenant_id: UUID, wanted: EventFilter, **options: Any) -> ExportJob:
    with tenant_transaction(tenant_id):
        return request_export(actor=AUDREY, wanted=wanted, export_format="evidence-pack", **options)


def made(tenant_id: UUID, wanted: EventFilter, **options: Any) -> ExportJob:
    return written(asked(tenant_id, wanted, **options))


def written(job: ExportJob) -> ExportJob:
    write_export(tenant_id=job.tenant_id, job_id=job.pk)
    with tenant_transaction(job.tenant_id):
        return ExportJob.objects.get(pk=job.pk)


def taken(job: ExportJob) -> bytes:
    assert (job.status, job.failure) == ("ready", "")
    with tenant_transaction(job.tenant_id):
        take_export(actor=AUDREY, job_id=job.pk)
    return b"".join(read_export(tenant_id=job.tenant_id, job_id=job.pk))
