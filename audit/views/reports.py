"""Reports: asked for, watched, cancelled, downloaded."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from audit.models import Report, ReportAttestation, ReportEvery, ReportStatus
from audit.readers import may_attest
from audit.reports.document import gather_document
from audit.reports.kinds import KINDS, Needs
from audit.reports.reading import source_of
from audit.selectors.events import parse_day, start_of_day
from audit.selectors.proofs import latest_checkpoint
from audit.selectors.reports import ReportRow, attestations_of, list_reports, list_schedules
from audit.services.attestations import USUAL, attest_report
from audit.services.reports import cancel_report, check_period, download_report, request_report
from audit.services.signers import is_self_made
from audit.views.pages import reader_of, record_page, repr_digest, zone_of
from govapp.common import clock
from govapp.common.errors import Conflict, DomainError, Forbidden, Malformed, NotFound
from govapp.common.ids import InvalidId, parse_public_id, public_id

MOST_IN_PREVIEW: Final = 3000
_UNDER_WAY = {ReportStatus.QUEUED, ReportStatus.RUNNING}


@require_http_methods(["GET", "HEAD", "POST"])
@record_page
def report_list(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The form for a new report, and those made before."""
    today = clock.now().astimezone(ZoneInfo(zone_of(request))).date()
    if request.method == "POST":
        return _ask(request, slug, today)
    rows = list_reports()
    reader = reader_of(request).as_actor().id
    attested = attestations_of(rows)
    context: dict[str, Any] = {
        "nav": "reports",
        "rows": [
            (row, attested.get(row.id, []), _may_attest(request, row, attested)) for row in rows
        ],
        "kinds": [kind for kind in KINDS.values() if kind.needs is Needs.PERIOD],
        "kind": request.GET.get("kind", "oversight"),
        "statement": USUAL,
        "is_self_made": is_self_made(),
        "schedules": [
            (each, KINDS[each.kind], reader in each.recipients) for each in list_schedules()
        ],
        "every": ReportEvery.choices,
        "under_way": [row for row in rows if row.status in _UNDER_WAY],
        "presets": _presets(today),
        "since": request.GET.get("since", "") or _presets(today)[1]["since"],
        "until": request.GET.get("until", "") or _presets(today)[1]["until"],
        "zone": zone_of(request),
    }
    response = render(request, "audit/report_list.html", context)
    if context["under_way"]:
        # Progress without a script: the page asks for itself again while something is made.
        response["Refresh"] = "3"
    return response


@require_POST
@record_page
def report_download(request: HttpRequest, slug: str, report: str) -> HttpResponseBase:
    """The finished PDF; taking it is recorded."""
    found = download_report(actor=reader_of(request).as_actor(), report_id=_parse(report))
    response = HttpResponse(bytes(found.content or b""), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{slug}-{_file_name(found)}.pdf"'
    response["Repr-Digest"] = repr_digest(found.sha256)
    return response


@require_POST
@record_page
def report_cancel(request: HttpRequest, slug: str, report: str) -> HttpResponseBase:
    """Stop a report that is being made."""
    try:
        cancel_report(actor=reader_of(request).as_actor(), report_id=_parse(report))
        messages.success(request, "The report was cancelled.")
    except NotFound:
        raise
    except DomainError as error:
        messages.error(request, error.detail)
    return redirect(reverse("report_list", args=[slug]))


@require_POST
@record_page
def report_preview(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The report as it would be printed, from the same template; nothing is kept."""
    kind = KINDS.get(request.POST.get("kind", "oversight"))
    if kind is None or kind.needs is not Needs.PERIOD:
        raise NotFound("There is no such kind of report.")
    today = clock.now().astimezone(ZoneInfo(zone_of(request))).date()
    start, end = check_period(*_period(request, today))
    checkpoint = latest_checkpoint()
    if checkpoint is None:
        raise Conflict("Nothing stands in the record yet; try again in a few seconds.")
    source = replace(source_of(checkpoint.size), start=start, end=end, most_events=MOST_IN_PREVIEW)
    document = gather_document(kind, source, is_compared=bool(request.POST.get("compare")))
    return HttpResponse(document.html(stylesheet=static("govapp/report.css"), is_preview=True))


@require_POST
@record_page
def report_attest(request: HttpRequest, slug: str, report: str) -> HttpResponseBase:
    """An officer vouches for a finished report."""
    if not may_attest(reader_of(request)):
        raise Forbidden("Reports are attested by owners and compliance officers.")
    try:
        attest_report(
            actor=reader_of(request).as_actor(),
            report_id=_parse(report),
            statement=request.POST.get("statement", ""),
        )
        messages.success(request, "Your attestation stands in the record.")
    except NotFound:
        raise
    except DomainError as error:
        messages.error(request, error.detail)
    return redirect(reverse("report_list", args=[slug]))


def _ask(request: HttpRequest, slug: str, today: date) -> HttpResponseBase:
    try:
        kind = request.POST.get("kind", "oversight")
        wanted = _wanted(request, kind, today)
        request_report(actor=reader_of(request).as_actor(), kind=kind, **wanted)
        messages.success(request, "The report is being made; it appears below when it is done.")
    except DomainError as error:
        messages.error(request, error.detail)
    return redirect(reverse("report_list", args=[slug]))


def _wanted(request: HttpRequest, kind: str, today: date) -> dict[str, Any]:
    """Return what the kind needs, from the form: a request, or a period."""
    if kind in KINDS and KINDS[kind].needs is Needs.REQUEST:
        try:
            return {"request_id": parse_public_id("ar", request.POST.get("request", ""))}
        except InvalidId as error:
            raise Malformed(str(error)) from error
    start, end = _period(request, today)
    is_compared = bool(request.POST.get("compare"))
    return {"period_start": start, "period_end": end, "is_compared": is_compared}


def _may_attest(
    request: HttpRequest, row: ReportRow, attested: Mapping[UUID, list[ReportAttestation]]
) -> bool:
    """Say whether the reader may attest a finished report, and has not."""
    reader = reader_of(request)
    done = {each.attested_by_id for each in attested.get(row.id, [])}
    return (
        row.status == ReportStatus.READY and may_attest(reader) and reader.as_actor().id not in done
    )


def _period(request: HttpRequest, today: date) -> tuple[datetime, datetime]:
    """Return the period that the form names: a preset's key, or two days, both included."""
    zone = zone_of(request)
    chosen = next(
        (p for p in _presets(today) if p["key"] == request.POST.get("preset")),
        {"since": request.POST.get("since", ""), "until": request.POST.get("until", "")},
    )
    end = parse_day(chosen["until"]) + timedelta(days=1)
    return start_of_day(parse_day(chosen["since"]), zone), start_of_day(end, zone)


def _presets(today: date) -> list[dict[str, str]]:
    first = today.replace(day=1)
    last_month = first - timedelta(days=1)
    quarter = first.replace(month=3 * ((first.month - 1) // 3) + 1)
    rows = (
        ("week", "Last 7 days", today - timedelta(days=6), today),
        ("month", "Last 30 days", today - timedelta(days=29), today),
        ("last_month", f"{last_month:%B %Y}", last_month.replace(day=1), last_month),
        ("quarter", "This quarter", quarter, today),
        ("year", "This year", today.replace(month=1, day=1), today),
    )
    return [
        {"key": key, "words": words, "since": f"{since}", "until": f"{until}"}
        for key, words, since, until in rows
    ]


def _file_name(report: Report) -> str:
    if report.period_start is None or report.period_end is None:
        return f"{report.kind}-{public_id('ar', report.request_id or report.pk)}"
    return f"{report.kind}-{report.period_start:%Y%m%d}-{report.period_end:%Y%m%d}"


def _parse(name: str) -> UUID:
    try:
        return parse_public_id("rep", name)
    except InvalidId as error:
        raise NotFound("There is no such report.") from error
