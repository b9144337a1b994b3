"""The events of an export's life: one place for exports and evidence packs."""

from collections.abc import Mapping

from audit.actors import Actor, Subject
from audit.exporting import PACK
from audit.models import ExportJob
from audit.services.ledger import record
from audit.services.query_words import marked_query


def words_of(job: ExportJob) -> str:
    """Say what an export is of: "as csv (type vote.cast)"."""
    chosen = ", ".join(f"{name} {value}" for name, value in job.query.items()) or "no filter"
    return f"as {job.format} ({chosen})"


def record_export(
    job: ExportJob, actor: Actor, event_type: str, summary: str, **data: object
) -> None:
    """Record one step of an export, with what it is of."""
    record(
        event_type=event_type,
        actor=actor,
        subject=Subject("export", job.public_id, _label(job)),
        summary=summary,
        data={
            "format": job.format,
            "query": marked_query(job.query, job.requested_by_id),
            "time_zone": job.time_zone,
            **_pack_options(job.format, job.options),
            **data,
        },
    )


def _label(job: ExportJob) -> str:
    return PACK.title if job.format == PACK.slug else f"Events as {job.format}"


def _pack_options(slug: str, options: Mapping[str, object]) -> dict[str, object]:
    if slug != PACK.slug:
        return {}
    return {"redacted": options.get("redact", []), "report": options.get("report", "")}
