"""Who is away and who stands in: entering it, changing it, taking it from a calendar."""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from govapp.common import clock
from govapp.common.forms import refusals_on
from tenants import rules
from tenants.absence_strip import WEEKS, draw_strip
from tenants.departures import what_would_break
from tenants.forms_absences import AbsenceForm, CalendarForm, ChosenForm, StandInForm
from tenants.http import PageRequest
from tenants.models import Absence, Membership
from tenants.selectors import member_named
from tenants.selectors.absences import (
    absences_between,
    get_absence,
    stand_ins_away,
)
from tenants.services.absences import (
    Imported,
    Preview,
    cancel_absence,
    change_absence,
    enter_absence,
    import_calendar,
    preview_calendar,
)
from tenants.spans import span_in_words
from tenants.views.common import flash_refusal, posted

_PAGE_OR_POST: Final = ["GET", "HEAD", "POST"]
_AHEAD: Final = timedelta(days=366)
_MOST_TOLD: Final = 3


@require_safe
def absences(request: PageRequest, slug: str) -> HttpResponse:
    """Show who is away in the next weeks, the reader's own absences, and whom they stand in for."""
    now, me = clock.now(), request.membership
    zone = ZoneInfo(request.tenant.time_zone)
    found = list(absences_between(now, now + 2 * _AHEAD))
    gone = stand_ins_away(found)
    rows = [_row(each, gone.get(each, []), request, zone, now) for each in found]
    context = {
        "nav": "people",
        "strip": draw_strip(
            (each for each in found if each.starts_at < now + timedelta(weeks=WEEKS)),
            now=now,
            zone=zone,
        ),
        "mine": [row for row in rows if row["absence"].member_id == me.pk],
        "lent": [row for row in rows if row["absence"].stand_in_id == me.pk],
        "others": [row for row in rows if row["absence"].member_id != me.pk],
    }
    return render(request, "tenants/absences/list.html", context)


@require_http_methods(_PAGE_OR_POST)
def absence_new(request: PageRequest, slug: str) -> HttpResponse:
    """Enter an absence: one's own, and owners anybody's (`?member=`)."""
    chosen = member_named(request.GET.get("member", ""))
    initial = {"member": chosen.pk} if chosen else {}
    form = AbsenceForm(posted(request), initial=initial, **_whose(request))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            made = enter_absence(
                actor=request.membership, member=form.member_or_actor, **form.values
            )
            _tell(request, made, "is entered")
            return redirect("absences", slug)
    return _page(request, "form", form)


@require_http_methods(_PAGE_OR_POST)
def absence_detail(request: PageRequest, slug: str, absence: str) -> HttpResponse:
    """Change or cancel one absence that is not over."""
    found = get_absence(absence)
    may_change = _may_change(request.membership, found)
    rules.require(may_change, "Only the person themselves and owners change an absence.")
    initial = AbsenceForm.initial_of(found)
    form = AbsenceForm(posted(request), initial=initial, **_whose(request, chooses=False))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            made = change_absence(actor=request.membership, absence=found, **form.values)
            _tell(request, made, "is changed")
            return redirect("absences", slug)
    is_open = found.cancelled_at is None and found.ends_at > clock.now()
    return _page(request, "form", form, absence=found, is_open=is_open)


@require_POST
def absence_cancel(request: PageRequest, slug: str, absence: str) -> HttpResponse:
    """End an absence now, or before it has begun."""
    found = get_absence(absence)
    with flash_refusal(request):
        cancel_absence(actor=request.membership, absence=found)
        messages.success(request, f"The absence of {found.member.user.name} is cancelled.")
    return redirect("absences", slug)


@require_http_methods(_PAGE_OR_POST)
def absence_calendar(request: PageRequest, slug: str) -> HttpResponse:
    """Take absences from a calendar file: first what it has to offer, then what is chosen of it."""
    if request.method == "POST" and "file" in request.POST:
        return _take(request)
    files = request.FILES if request.method == "POST" else None
    form = CalendarForm(posted(request), files, **_whose(request))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            ics = form.cleaned_data["ics"]
            preview = preview_calendar(
                actor=request.membership, member=form.member_or_actor, ics=ics
            )
            return _offer(request, form, ics, preview)
    return _page(request, "calendar", form)


def _take(request: PageRequest) -> HttpResponse:
    try:
        ics = b64decode(request.POST["file"], validate=True)
    except (NotBase64, ValueError):
        ics = b""
    keys = request.POST.getlist("chosen")
    form = ChosenForm(request.POST, keys=keys, **_whose(request))
    if form.is_valid():
        with refusals_on(form):
            taken = import_calendar(
                actor=request.membership,
                member=form.member_or_actor,
                ics=ics,
                stand_in=form.cleaned_data["stand_in"],
                chosen=keys,
            )
            _tell_imported(request, taken)
            return redirect("absences", request.tenant.slug)
    preview = None
    if "member" not in form.errors:
        with refusals_on(form):
            member = form.member_or_actor
            preview = preview_calendar(actor=request.membership, member=member, ics=ics)
    if preview is None:
        return _page(request, "calendar", CalendarForm(None, **_whose(request)), refused=form)
    return _offer(request, form, ics, preview, chosen=keys, status=422)


def _offer(
    request: PageRequest,
    form: StandInForm,
    ics: bytes,
    preview: Preview,
    *,
    chosen: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    zone = ZoneInfo(request.tenant.time_zone)
    rows = [
        {
            "key": one.entry.key,
            "title": one.entry.title,
            "when": span_in_words(one.entry.starts_at, one.entry.ends_at, zone),
            "why_not": one.why_not,
            "checked": one.entry.key in chosen if chosen is not None else one.entry.is_likely,
        }
        for one in preview.offered
    ]
    context = {
        "nav": "people",
        "form": form,
        "member": form.member_or_actor,
        "stand_in": form.cleaned_data.get("stand_in"),
        "file": b64encode(ics).decode(),
        "rows": rows,
        "takes_any": any(not row["why_not"] for row in rows),
        "remarks": preview.remarks,
    }
    return render(request, "tenants/absences/preview.html", context, status=status)


def _whose(request: PageRequest, *, chooses: bool = True) -> dict[str, Any]:
    may_manage = rules.may_manage_people(request.membership)
    return {"actor": request.membership, "chooses": chooses and may_manage}


def _page(request: PageRequest, name: str, form: StandInForm, **more: Any) -> HttpResponse:
    status = 422 if request.method == "POST" else 200
    context = {"nav": "people", "form": form, **more}
    return render(request, f"tenants/absences/{name}.html", context, status=status)


def _may_change(actor: Membership, absence: Absence) -> bool:
    return actor.pk == absence.member_id or rules.may_manage_people(actor)


def _row(
    absence: Absence, gone: list[Absence], request: PageRequest, zone: ZoneInfo, now: Any
) -> dict[str, Any]:
    may_change = _may_change(request.membership, absence)
    return {
        "absence": absence,
        "when": span_in_words(absence.starts_at, absence.ends_at, zone),
        "is_now": absence.starts_at <= now,
        "gone": [span_in_words(each.starts_at, each.ends_at, zone) for each in gone],
        "may_change": may_change,
        "note": absence.note if may_change else "",
    }


def _tell(request: PageRequest, absence: Absence, did: str) -> None:
    zone = ZoneInfo(request.tenant.time_zone)
    name = absence.member.user.name
    when = span_in_words(absence.starts_at, absence.ends_at, zone)
    messages.success(request, f"The absence of {name} {did}: {when}.")
    if absence.stand_in is None:
        for sentence in what_would_break(absence.member)[:_MOST_TOLD]:
            messages.warning(request, f"While nobody stands in for {name}: {sentence}")
        return
    for other in stand_ins_away([absence])[absence]:
        gone = span_in_words(other.starts_at, other.ends_at, zone)
        stand_in = absence.stand_in.user.name
        messages.warning(request, f"{stand_in} is away as well, {gone}: nobody stands in then.")


def _tell_imported(request: PageRequest, taken: Imported) -> None:
    count = len(taken.entered)
    noun = "absence is" if count == 1 else "absences are"
    if count:
        messages.success(request, f"{count} {noun} entered.")
    if taken.left_out:
        messages.warning(
            request, f"{len(taken.left_out)} left out: entered already, or overlapping another."
        )
