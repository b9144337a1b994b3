"""Evidence packs by page: what will be in one is shown before it is made, in the background."""

from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from audit.exporting import PACK
from audit.packs.contents import REDACTABLE
from audit.selectors import events
from audit.selectors.choices import event_choices
from audit.selectors.pack_preview import PackPreview, preview_pack, reports_for
from audit.selectors.packs import Chosen
from audit.services.export_jobs import request_export
from audit.views.filters import LABELS, filter_of
from audit.views.pages import reader_of, record_page, zone_of
from govapp.common.errors import Conflict, NotFound
from govapp.common.ids import InvalidId, parse_public_id

KINDS: Final = {
    "name": ("Names and addresses", "of people; their ids stay"),
    "words": ("What people wrote", "reasons, remarks, comments"),
    "content": ("What agents asked for", "payloads, summaries, reasons"),
}
_ON_THE_PAGE: Final = {"type", "actor", "request", "since", "until"}


@require_safe
@record_page
def pack_new(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Choose what goes into a pack, and see what that is."""
    wanted, redact = filter_of(request), request.GET.getlist("redact")
    wanted.condition()
    preview, hindrance = _preview(wanted, frozenset(redact) & set(REDACTABLE))
    counts = {each.kind: each.count for each in preview.values} if preview else {}
    choices = event_choices()
    context: dict[str, Any] = {
        "nav": "audit",
        "filters": asdict(wanted),
        "hidden": [(name, value) for name, value in wanted.chosen().items()
                   if name not in _ON_THE_PAGE],
        "types": choices.types,
        "actors": choices.actors,
        "kinds": [
            {"slug": kind, "title": title, "hint": hint, "is_left_out": kind in redact,
             "count": counts.get(kind, 0)}
            for kind, (title, hint) in KINDS.items()
        ],
        "reports": reports_for(wanted),
        "report": request.GET.get("report", ""),
        "preview": preview,
        "hindrance": hindrance,
        "query": _filter_query(request),
        "zone": zone_of(request),
    }  # fmt: skip
    return render(request, "audit/pack_new.html", context)


@require_POST
@record_page
def audit_pack(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Ask for the pack of the present filter; it is made in the background."""
    try:
        request_export(
            actor=reader_of(request).as_actor(),
            wanted=filter_of(request),
            export_format=PACK.slug,
            redact=request.POST.getlist("redact"),
            report_id=_report(request.POST.get("report", "")),
        )
        messages.success(request, "The evidence pack is being made; take it here when it is done.")
    except Conflict as error:
        messages.error(request, error.detail)
    return redirect(reverse("export_list", args=[slug]))


def _preview(wanted: events.EventFilter, redact: frozenset[str]) -> tuple[PackPreview | None, str]:
    """Return what would go along, or why there can be no pack."""
    try:
        return preview_pack(wanted, Chosen(redact)), ""
    except Conflict as error:
        return None, error.detail


def _report(name: str) -> UUID | None:
    if not name:
        return None
    try:
        return parse_public_id("rep", name)
    except InvalidId as error:
        raise NotFound("There is no such report.") from error


def _filter_query(request: HttpRequest) -> str:
    """The filter alone, as the addresses of the explorer carry it."""
    query = request.GET.copy()
    for name in set(query) - set(LABELS):
        del query[name]
    return query.urlencode()
