"""How long the record is kept: what would go, what is held, and what went."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from audit.models import HoldKind, LegalHold, Pruning, PruningStatus
from audit.pruners import PRUNERS
from audit.readers import check_may_keep, may_keep
from audit.selectors.events import parse_day, start_of_day
from audit.selectors.holds import holds_in_force, list_holds, what_is_held
from audit.selectors.proofs import prove_event
from audit.selectors.pruned import find_pruned, pruned_upto
from audit.selectors.retention import older_than, retention_of_tenant
from audit.selectors.streams import unsent_upto
from audit.services.holds import Scope, place_hold, release_hold
from audit.services.retention import ask_pruning, confirm_pruning, withdraw_pruning
from audit.views.pages import reader_of, record_page, zone_of
from govapp.common import clock
from govapp.common.errors import Conflict, Forbidden, Invalid, NotFound
from govapp.common.ids import InvalidId, parse_public_id, public_id

_SHOWN = 50


@require_http_methods(["GET", "HEAD", "POST"])
@record_page
def audit_retention(request: HttpRequest, slug: str) -> HttpResponseBase:
    """What would go before it goes; POST asks for it."""
    reader = reader_of(request)
    if request.method == "POST":
        check_may_keep(reader)
        try:
            pruning = ask_pruning(actor=reader.as_actor(), reason=request.POST.get("reason", ""))
            messages.success(request, _asked_words(pruning))
        except (Conflict, Invalid) as error:
            messages.error(request, error.detail)
        return redirect(reverse("audit_retention", args=[slug]))
    retention = retention_of_tenant()
    before = retention.before(clock.now())
    going = older_than(before) if before else None
    prunings = list(Pruning.objects.order_by("-asked_at", "-id")[:_SHOWN])
    context: dict[str, Any] = {
        "nav": "audit",
        "retention": retention,
        "before": before,
        "going": going,
        "others": _others(before),
        "unsent": unsent_upto(going.last_index if going else None),
        "holds": _shown(holds_in_force()),
        "open": next((each for each in prunings if each.finished_at is None), None),
        "prunings": [each for each in prunings if each.finished_at is not None],
        "upto": pruned_upto(),
        "may_keep": may_keep(reader),
        "me": reader.as_actor().id,
        "zone": zone_of(request),
    }
    response = render(request, "audit/retention.html", context)
    if context["open"] and context["open"].status == PruningStatus.RUNNING:
        # Progress without a script: the page asks for itself again while something goes.
        response["Refresh"] = "2"
    return response


@require_POST
@record_page
def pruning_confirm(request: HttpRequest, slug: str, pruning: str) -> HttpResponseBase:
    """Let a pruning begin that somebody else has asked for."""
    return _decide(request, slug, pruning, confirm_pruning, "It begins now.")


@require_POST
@record_page
def pruning_withdraw(request: HttpRequest, slug: str, pruning: str) -> HttpResponseBase:
    """Let a pruning that waits not be done."""
    return _decide(request, slug, pruning, withdraw_pruning, "It will not be done.")


@require_http_methods(["GET", "HEAD", "POST"])
@record_page
def hold_list(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The legal holds; POST places one."""
    reader = reader_of(request)
    said: dict[str, str] = {}
    if request.method == "POST":
        check_may_keep(reader)
        try:
            hold = _placed(request)
            messages.success(request, f"Held from now on: {what_is_held(hold)}.")
            return redirect(reverse("hold_list", args=[slug]))
        except (Invalid, NotFound) as error:
            messages.error(request, error.detail)
            said = {name: str(value) for name, value in request.POST.items()}
    context = {
        "nav": "audit",
        "holds": _shown(list_holds()),
        "kinds": HoldKind.choices,
        "said": said or {"kind": request.GET.get("kind", ""), "ref": request.GET.get("ref", "")},
        "may_keep": may_keep(reader),
        "me": reader.as_actor().id,
        "zone": zone_of(request),
    }
    return render(request, "audit/holds.html", context, status=422 if said else 200)


@require_POST
@record_page
def hold_release(request: HttpRequest, slug: str, hold: str) -> HttpResponseBase:
    """Release a hold that somebody else has placed."""
    check_may_keep(reader_of(request))
    ident = _parse("lh", hold)
    try:
        release_hold(
            actor=reader_of(request).as_actor(),
            hold_id=ident,
            reason=request.POST.get("reason", ""),
        )
        messages.success(request, "Released: it goes its way again.")
    except (Conflict, Invalid, Forbidden) as error:
        messages.error(request, error.detail)
    return redirect(reverse("hold_list", args=[slug]))


def pruned_event_page(request: HttpRequest, event_id: UUID) -> HttpResponseBase:
    """What is left of an event that was pruned. Raises `NotFound` when it never was there."""
    found = find_pruned(event_id)
    if found is None:
        raise NotFound("There is no such event.")
    context = {
        "nav": "audit",
        "name": public_id("ev", event_id),
        "pruned": found,
        "inclusion": prove_event(event_id),
        "zone": zone_of(request),
    }
    return render(request, "audit/event_pruned.html", context, status=410)


def _decide(
    request: HttpRequest, slug: str, pruning: str, decide: Callable[..., Pruning], done: str
) -> HttpResponseBase:
    reader = reader_of(request)
    check_may_keep(reader)
    try:
        decide(actor=reader.as_actor(), pruning_id=_parse("prn", pruning))
        messages.success(request, done)
    except Conflict as error:
        messages.error(request, error.detail)
    return redirect(reverse("audit_retention", args=[slug]))


def _placed(request: HttpRequest) -> LegalHold:
    kind = request.POST.get("kind", "")
    if kind not in HoldKind.values:
        raise Invalid("Say what is to be held.")
    zone, given = zone_of(request), request.POST
    scope = Scope(HoldKind(kind))
    if kind in {HoldKind.SUBJECT, HoldKind.REQUEST}:
        scope = Scope(HoldKind(kind), given.get("ref", "").strip())
    if kind == HoldKind.PERIOD:
        first, last = (_day(given.get(name, "")) for name in ("first", "last"))
        scope = Scope(
            HoldKind.PERIOD,
            starts_at=first and start_of_day(first, zone),
            ends_at=last and start_of_day(last + timedelta(days=1), zone),
        )
    return place_hold(
        actor=reader_of(request).as_actor(),
        scope=scope,
        matter=given.get("matter", ""),
        reason=given.get("reason", ""),
    )


def _day(text: str) -> Any:
    return parse_day(text) if text else None


def _others(before: datetime | None) -> list[tuple[str, int]]:
    if before is None:
        return []
    return [each for pruner in PRUNERS for each in pruner.counts(before) if each[1]]


def _shown(holds: list[LegalHold]) -> list[dict[str, Any]]:
    return [{"hold": each, "what": what_is_held(each)} for each in holds]


def _asked_words(pruning: Pruning) -> str:
    if pruning.status == PruningStatus.ASKED:
        return "Asked for: it begins when somebody else confirms it."
    return "It begins now."


def _parse(prefix: str, name: str) -> UUID:
    try:
        return parse_public_id(prefix, name)
    except InvalidId as error:
        raise NotFound("There is no such thing.") from error
