"""Exports of the record, and the searches that somebody kept."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from audit.exporting import FORMATS, KINDS, PACK
from audit.models import ExportJob, ReportStatus
from audit.selectors.exports import format_title, list_exports
from audit.selectors.proofs import verifier_keys
from audit.services import export_jobs, searches
from audit.views.filters import filter_of
from audit.views.pages import reader_of, record_page, repr_digest, zone_of
from govapp.common.errors import Conflict, DomainError, Invalid, NotFound
from govapp.common.ids import InvalidId, parse_public_id
from govapp.common.tenancy import require_tenant_id

_UNDER_WAY = {ReportStatus.QUEUED, ReportStatus.RUNNING}
_LEFT_OUT = {"name": "names", "words": "people's words", "content": "what was asked for"}


@require_safe
@record_page
def export_list(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The exports that were asked for, newest first."""
    rows = list_exports()
    me = reader_of(request).as_actor().id
    context: dict[str, Any] = {
        "nav": "audit",
        "rows": [
            {
                "job": row,
                "title": format_title(row.format),
                "is_mine": row.requested_by_id == me,
                "is_pack": row.format == PACK.slug,
                "left_out": ", ".join(_LEFT_OUT.get(each, each) for each in _redacted(row)),
                "file": _file_name(slug, row),
            }
            for row in rows
        ],
        "keys": verifier_keys(),
        "under_way": [row for row in rows if row.status in _UNDER_WAY],
        "zone": zone_of(request),
    }
    context["written"] = [row for row in context["rows"] if _is_at_hand(row["job"])]
    response = render(request, "audit/export_list.html", context)
    if context["under_way"]:
        # Progress without a script: the page asks for itself again while something is written.
        response["Refresh"] = "2"
    return response


@require_POST
@record_page
def export_create(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Ask for the events of the present filter in a format."""
    try:
        job = export_jobs.request_export(
            actor=reader_of(request).as_actor(),
            wanted=filter_of(request),
            export_format=request.POST.get("format", "jsonl"),
        )
        title = FORMATS[job.format].title
        messages.success(request, f"{title}: being written; take it here when it is done.")
    except (Conflict, Invalid) as error:
        messages.error(request, error.detail)
    return redirect(reverse("export_list", args=[slug]))


@require_POST
@record_page
def export_download(request: HttpRequest, slug: str, export: str) -> HttpResponseBase:
    """The file, once; taking it is recorded."""
    try:
        job = export_jobs.take_export(
            actor=reader_of(request).as_actor(), job_id=_parse("ex", export)
        )
    except NotFound:
        raise
    except DomainError as error:
        messages.error(request, error.detail)
        return redirect(reverse("export_list", args=[slug]))
    name = _file_name(slug, job)
    response = StreamingHttpResponse(
        export_jobs.read_export(tenant_id=require_tenant_id(), job_id=job.pk),
        content_type=KINDS[job.format].content_type,
    )
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Content-Length"] = str(job.size_bytes)
    response["Repr-Digest"] = repr_digest(job.sha256)
    return response


@require_POST
@record_page
def export_cancel(request: HttpRequest, slug: str, export: str) -> HttpResponseBase:
    """Stop an export that is being written."""
    try:
        export_jobs.cancel_export(actor=reader_of(request).as_actor(), job_id=_parse("ex", export))
        messages.success(request, "The export was cancelled.")
    except NotFound:
        raise
    except DomainError as error:
        messages.error(request, error.detail)
    return redirect(reverse("export_list", args=[slug]))


@require_POST
@record_page
def search_keep(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Keep the present filter under a name."""
    try:
        searches.keep_search(
            actor=reader_of(request).as_actor(),
            name=request.POST.get("name", ""),
            wanted=filter_of(request),
        )
        messages.success(request, "The search is kept; only you see it.")
    except (Conflict, Invalid) as error:
        messages.error(request, error.detail)
    return redirect(f"{reverse('audit_log', args=[slug])}?{request.GET.urlencode()}")


@require_POST
@record_page
def search_forget(request: HttpRequest, slug: str, search: str) -> HttpResponseBase:
    """Forget a search that was kept."""
    searches.forget_search(actor=reader_of(request).as_actor(), search_id=_parse("aus", search))
    return redirect(reverse("audit_log", args=[slug]))


def _is_at_hand(job: ExportJob) -> bool:
    """Whether somebody has the file by now, or can take it."""
    return bool(job.sha256) and (job.removed_at is None or job.taken_at is not None)


def _redacted(job: ExportJob) -> list[str]:
    return [str(each) for each in job.options.get("redact", [])]


def _file_name(slug: str, job: ExportJob) -> str:
    what = "evidence" if job.format == PACK.slug else "record"
    extension = KINDS[job.format].extension if job.format in KINDS else "txt"
    return f"{slug}-{what}-{job.requested_at:%Y%m%dT%H%M%SZ}.{extension}"


def _parse(prefix: str, name: str) -> UUID:
    try:
        return parse_public_id(prefix, name)
    except InvalidId as error:
        raise NotFound("There is no such thing.") from error
