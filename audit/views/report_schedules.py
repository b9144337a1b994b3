"""Reports that come by themselves: set up, sent as links, stopped."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from audit.services.report_schedules import schedule_report, set_delivery, unschedule_report
from audit.views.pages import reader_of, record_page, zone_of
from govapp.common.errors import DomainError, NotFound
from govapp.common.ids import InvalidId, parse_public_id


@require_POST
@record_page
def schedule_delivery(request: HttpRequest, slug: str, schedule: str) -> HttpResponseBase:
    """Send me a link to each of them, or no more."""
    set_delivery(
        actor=reader_of(request).as_actor(),
        schedule_id=_parse_schedule(schedule),
        wanted=request.POST.get("wanted") == "1",
    )
    messages.success(request, "Changed.")
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
            kind=request.POST.get("kind", "oversight"),
        )
        messages.success(request, "The report comes by itself from now on.")
    except DomainError as error:
        messages.error(request, error.detail)
    return redirect(reverse("report_list", args=[slug]))


@require_POST
@record_page
def schedule_remove(request: HttpRequest, slug: str, schedule: str) -> HttpResponseBase:
    """Have no more of them made; those that are made stay."""
    ident = _parse_schedule(schedule)
    unschedule_report(actor=reader_of(request).as_actor(), schedule_id=ident)
    messages.success(request, "No more of these reports are made.")
    return redirect(reverse("report_list", args=[slug]))


def _parse_schedule(name: str) -> UUID:
    try:
        return parse_public_id("rsc", name)
    except InvalidId as error:
        raise NotFound("There is no such schedule.") from error
