"""Reports: asked for, watched, cancelled, downloaded."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from audit.models import Report, ReportEvery, ReportStatus
from audit.selectors.events import parse_day, start_of_day
from audit.selectors.reports import list_reports, list_schedules
from audit.services.report_schedules import schedule_report, unschedule_report
from audit.services.reports import cancel_report, download_report, request_report
from audit.views.pages import reader_of, record_page, repr_digest, zone_of
from govapp.common import clock
from govapp.common.errors import DomainError, NotFound
from govapp.common.ids import InvalidId, parse_public_id, public_id

_UNDER_WAY = {ReportStatus.QUEUED, ReportStatus.RUNNING}


@require_http_methods(["GET", "HEAD", "POST"])
@record_page
def report_list(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The form for a new report, and those made before."""
    today = clock.now().astimezone(ZoneInfo(zone_of(request))).date()
    if request.method == "POST":
        return _ask(request, slug, today)
    rows = list_reports()
    context: dict[str, Any] = {
        "nav": "reports",
        "rows": rows,
        "schedules": list_schedules(),
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
def schedule_create(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Have the report made each month or quarter."""
    try:
        schedule_report(
            actor=reader_of(request).as_actor(),
            every=request.POST.get("every", ""),
            zone=zone_of(request),
        )
        messages.success(request, "The report comes by itself from now on.")
    except DomainError as error:
        messages.error(request, error.detail)
    return redirect(reverse("report_list", args=[slug]))


@require_POST
@record_page
def schedule_remove(request: HttpRequest, slug: str, schedule: str) -> HttpResponseBase:
    """Have no more of them made; those that are made stay."""
    try:
        ident = parse_public_id("rsc", schedule)
    except InvalidId as error:
        raise NotFound("There is no such schedule.") from error
    unschedule_report(actor=reader_of(request).as_actor(), schedule_id=ident)
    messages.success(request, "No more of these reports are made.")
    return redirect(reverse("report_list", args=[slug]))


def _ask(request: HttpRequest, slug: str, today: date) -> HttpResponseBase:
    try:
        start, end = _period(request, today)
        request_report(actor=reader_of(request).as_actor(), period_start=start, period_end=end)
        messages.success(request, "The report is being made; it appears below when it is done.")
    except DomainError as error:
        messages.error(request, error.detail)
    return redirect(reverse("report_list", args=[slug]))


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
