"""One request in words: for the person affected, the officer, the engineer; and as a file."""

import json
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from audit.explain import TITLES, Audience, Explanation, explain_request, why_not_decided_by
from audit.explain.as_json import as_data
from audit.reports.explaining import DOSSIER, KIND_OF
from audit.selectors.pruned import pruned_sentence
from audit.services.reports import request_report
from audit.views.pages import reader_of, record_page, zone_of
from govapp.common.errors import DomainError, Malformed, NotFound
from govapp.common.ids import InvalidId, parse_public_id

_LEADS: Final = {
    Audience.AFFECTED: "Plain words for whoever the decision is about: no names of staff, personal"
    " values masked.",
    Audience.OFFICER: "Made from recorded events alone. Each sentence leads to the events that"
    " prove it.",
    Audience.ENGINEER: "Every event with its type, its actor and its data as they were recorded.",
}
_TONES: Final = {
    "approved": "ok", "allowed": "ok", "denied": "bad", "blocked": "bad", "expired": "warn",
}  # fmt: skip
_LONGEST_NAME: Final = 200


@require_GET
@record_page
def audit_request(request: HttpRequest, slug: str, request_name: str) -> HttpResponseBase:
    """One action request explained from the record alone."""
    ident, audience = _parse(request_name), _audience(request.GET.get("for", ""))
    tenant = getattr(request, "tenant", None)
    explanation = explain_request(
        ident, audience, zone=zone_of(request), tenant=getattr(tenant, "name", "")
    )
    person = request.GET.get("person", "").strip()[:_LONGEST_NAME].replace("\0", "")
    asked = person and audience == Audience.OFFICER
    context: dict[str, Any] = {
        "nav": "audit",
        "explanation": explanation,
        "lead": _LEADS[audience],
        "tone": _TONES.get(explanation.status, "info"),
        "tabs": [
            {"word": words, "href": f"?for={each}", "current": each == audience}
            for each, words in TITLES.items()
        ],
        "person": person,
        "answer": why_not_decided_by(ident, person) if asked else None,
        "kind": KIND_OF[audience],
        "dossier": DOSSIER,
        "zone": zone_of(request),
        # A request begins with an event that cannot be missing, unless it was pruned.
        "pruned": "" if _is_whole(explanation) else pruned_sentence(),
    }
    if audience == Audience.ENGINEER:
        data = as_data(explanation)
        context["json"] = json.dumps(data, indent=2, ensure_ascii=False)
    return render(request, "audit/request.html", context)


@require_POST
@record_page
def audit_request_file(request: HttpRequest, slug: str, request_name: str) -> HttpResponseBase:
    """Have the explanation, or the whole dossier, made as a PDF; asking for it is recorded."""
    ident, kind = _parse(request_name), request.POST.get("kind", "")
    explain_request(ident)  # the record knows it, or there is no such page
    if kind not in {DOSSIER, *KIND_OF.values()}:
        raise Malformed("There is no such file of a request.")
    try:
        request_report(actor=reader_of(request).as_actor(), kind=kind, request_id=ident)
        messages.success(request, "The file is being made; it appears below when it is done.")
    except DomainError as error:
        messages.error(request, error.detail)
    return redirect(reverse("report_list", args=[slug]))


def _is_whole(explanation: Explanation) -> bool:
    """Tell whether what is explained begins where a request begins."""
    return explanation.events[0].body.get("type") == "action_request.submitted"


def _audience(text: str) -> Audience:
    return Audience(text) if text in list(Audience) else Audience.OFFICER


def _parse(name: str) -> UUID:
    try:
        return parse_public_id("ar", name)
    except InvalidId as error:
        raise NotFound("There is no such request.") from error
