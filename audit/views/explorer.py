"""The explorer of the record: the list, one event with its proof, one request in words."""

import base64
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from audit.exporting import FORMATS
from audit.readers import may_stream
from audit.selectors import events
from audit.selectors.choices import event_choices
from audit.selectors.pasted import find_pasted
from audit.selectors.proofs import (
    Inclusion,
    check_event,
    inclusion_json,
    verifier_keys,
)
from audit.selectors.pruned import pruned_sentence
from audit.selectors.search_index import Lag, search_lag
from audit.selectors.searches import list_searches
from audit.services.exports import take_proof
from audit.views.anchors import signed_words
from audit.views.changed import changed_in
from audit.views.facets import facets_of, histogram_of, summary_of
from audit.views.filters import chips_of, filter_of
from audit.views.keeping import pruned_event_page
from audit.views.pages import reader_of, record_page
from govapp.common import sensitive
from govapp.common.errors import NotFound
from govapp.common.ids import InvalidId, parse_public_id

_LATE: Final = timedelta(seconds=5)


@require_GET
@record_page
def audit_log(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Everything that was recorded, newest first."""
    wanted = filter_of(request)
    if thing := find_pasted(wanted):
        return redirect(reverse(f"audit_{thing.kind}", args=[slug, thing.id]))
    page = events.list_events(wanted, cursor=request.GET.get("cursor", ""))
    lag = search_lag()
    now = lag.now
    choices = event_choices()
    names = dict(choices.actors)
    summary = summary_of(wanted)
    today = now.astimezone(ZoneInfo(wanted.zone)).date()
    context = {
        "nav": "audit",
        "now": now,
        "page": {"next_cursor": page.next_cursor, "words": _words(len(page.rows), page)},
        "rows": page.rows,
        "chips": chips_of(request, wanted, names),
        "clear_url": reverse("audit_log", args=[slug]),
        "filters": asdict(wanted),
        "types": choices.types,
        "actors": choices.actors,
        "facets": facets_of(request, wanted, summary, names),
        "histogram": histogram_of(request, wanted, summary, today=today),
        "counted": summary.total if summary.is_cut else 0,
        "is_newest": summary.is_newest,
        "lag": _lag_words(lag),
        "asked": wanted.asked(),
        "zone": wanted.zone,
        "pruned": "" if page.next_cursor else pruned_sentence(),
        "checkpoint_words": signed_words(lag.signed, wanted.zone),
        "formats": FORMATS.values(),
        "may_stream": may_stream(reader_of(request)),
        "searches": list_searches(reader_of(request).as_actor().id),
    }
    return render(request, "audit/log.html", context)


@require_GET
@record_page
def audit_event(request: HttpRequest, slug: str, event: str) -> HttpResponseBase:
    """One event: what it says, where it stands, and whether that can be proved."""
    found = events.find_event(_parse("ev", event))
    if found is None:
        return pruned_event_page(request, _parse("ev", event))
    row = events.as_row(found.pk, found.occurred_at, found.body)
    verdict = check_event(found)
    context = {
        "nav": "audit",
        "row": row,
        "canonical": bytes(found.body).decode(),
        "verdict": verdict,
        "inclusion": verdict.inclusion,
        "check": _self_check(bytes(found.body), verdict.inclusion),
        "facts": _facts(row.body),
        "data": row.body.get("data") or {},
        "changed": changed_in(row.body.get("data") or {}),
        "request_name": row.body.get("request", ""),
    }
    return render(request, "audit/event.html", context)


@require_GET
@record_page
def audit_event_proof(request: HttpRequest, slug: str, event: str) -> HttpResponseBase:
    """The inclusion proof of one event, as a file for a verifier; taking it is recorded."""
    inclusion = take_proof(actor=reader_of(request).as_actor(), event_id=_parse("ev", event))
    response = JsonResponse(inclusion_json(event, inclusion))
    response["Content-Disposition"] = f'attachment; filename="{event}.proof.json"'
    return response


def _words(count: int, page: events.Page) -> str:
    if page.next_cursor:
        return f"{count} events, and older ones"
    return f"{count} event{'' if count == 1 else 's'}"


def _lag_words(lag: Lag) -> str:
    """Say that the search is behind, when that is more than a few seconds."""
    if lag.since is None or lag.now - lag.since < _LATE:
        return ""
    word = "event is" if lag.events == 1 else "events are"
    return f"{lag.events:,} newer {word} not searched yet, nor counted: the index is being filled."


def _facts(body: dict[str, Any]) -> list[dict[str, str]]:
    """The event's who, what and when as terms for a definition list."""
    actor, subject = body.get("actor") or {}, body.get("subject") or {}
    rows = [
        ("Type", body.get("type", ""), ""),
        ("Time", body.get("at", ""), "by the database's clock"),
        ("Who", f"{actor.get('name', '')} ({actor.get('kind', '')})", actor.get("id", "")),
        (
            "Subject",
            subject.get("label", "") or subject.get("id", ""),
            f"{subject.get('type', '')} {subject.get('id', '')}",
        ),
        ("On behalf of", (body.get("on_behalf_of") or {}).get("name", ""), ""),
        *(
            (
                "Handed on",
                f"{link['from']['name']} to {link['to']['name']}",
                link["id"],
            )
            for link in body.get("delegation") or ()
        ),
        ("Correlation", body.get("correlation", ""), ""),
        ("Key", body.get("key", ""), "by which the agent called"),
    ]
    return [{"term": term, "value": value, "hint": hint} for term, value, hint in rows if value]


def _self_check(line: bytes, inclusion: Inclusion | None) -> dict[str, Any]:
    """Return what a browser needs to check the event by itself.

    A line with something to mask stays away: the check then begins at the leaf, and says so.
    """
    if inclusion is None:
        return {}
    words = line.decode()
    is_plain = sensitive.masked(words) == words == sensitive.masked_json(words)
    keys = [key.vkey for key in verifier_keys() if key.covers(inclusion.checkpoint.size)]
    return {
        "line": base64.b64encode(line).decode() if is_plain else "",
        "path": " ".join(step.hex() for step in inclusion.path),
        "keys": " ".join(keys),
        "key_list": keys,
    }


def _parse(prefix: str, name: str) -> Any:
    try:
        return parse_public_id(prefix, name)
    except InvalidId as error:
        raise NotFound("There is no such thing.") from error
