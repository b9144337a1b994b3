"""Deciding several requests of one kind: read together first, then one press."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from approvals.ballots import read_seen, sign_seen
from approvals.enums import Verdict, VoteChannel
from approvals.selectors.board import Board
from approvals.selectors.inbox import InboxEntry, read_selected
from approvals.services.bulk import MOST_AT_ONCE, BulkBallot, vote_in_bulk, why_not_together
from approvals.views.inbox import make_row
from govapp.common import clock
from govapp.common.errors import Invalid, Stale
from govapp.common.ids import InvalidId, parse_public_id
from govapp.common.sensitive import masked
from tenants.http import PageRequest

_VERDICTS: Final = {Verdict.APPROVE.value: "Approve", Verdict.DENY.value: "Deny"}
_NOT_WHOLE: Final = "Some of these do not fit into a row; open them one by one."
_DONE: Final = {Verdict.APPROVE: "approved", Verdict.DENY: "denied"}


@require_http_methods(["GET", "HEAD", "POST"])
def inbox_bulk(request: PageRequest, slug: str) -> HttpResponse:
    """Show what was selected, in full; decide it when that page is confirmed."""
    verdict = Verdict(request.POST["verdict"]) if _is_verdict(request) else None
    entries = read_selected(request.membership, _selected(request)[: MOST_AT_ONCE + 1])
    if request.method != "POST" or verdict is None:
        return redirect("inbox", slug)
    boards = [entry.board for entry in entries if entry.board is not None]
    refusal = why_not_together(boards) or _why_not_read(entries)
    if refusal:
        messages.error(request, refusal)
        return redirect("inbox", slug)
    reason = request.POST.get("reason", "").strip()
    fault = "Say why, so that the agents' people can act on it." if _lacks(verdict, reason) else ""
    if "confirm" not in request.POST or fault:
        is_second = "confirm" in request.POST
        return _review(request, entries, verdict, reason, fault if is_second else "")
    return _decide(request, entries, boards, verdict, reason)


def _decide(
    request: PageRequest,
    entries: list[InboxEntry],
    boards: list[Board],
    verdict: Verdict,
    reason: str,
) -> HttpResponse:
    try:
        ballots = [_ballot(request, entry) for entry in entries]
        results = vote_in_bulk(
            member=request.membership, ballots=ballots, boards=boards, verdict=verdict,
            reason=reason,
        )  # fmt: skip
    except (Stale, Invalid) as refusal:
        return _review(request, entries, verdict, reason, refusal.detail)
    refused = [result for result in results if result.refused]
    done = len(results) - len(refused)
    if done:
        noun = "request" if done == 1 else "requests"
        messages.success(request, f"You {_DONE[verdict]} {done} {noun}.")
    named = {entry.request.pk: masked(entry.request.summary) for entry in entries}
    for result in refused:
        messages.error(request, f"{named[result.request_id]}: {result.refused}")
    return redirect("inbox", request.tenant.slug)


def _ballot(request: PageRequest, entry: InboxEntry) -> BulkBallot:
    found = entry.request
    text = request.POST.get(f"seen_{found.public_id}", "")
    seen = read_seen(text, found, reader=request.membership.public_id)
    words = entry.standing.words if entry.standing else ()
    return BulkBallot(
        found.pk,
        seen.payload_digest,
        seen.request_version,
        seen.seconds_until(clock.now()),
        # In whose name the row said that it would be.
        words[0].person.member if len(words) == 1 else None,
    )


def _review(
    request: PageRequest, entries: list[InboxEntry], verdict: Verdict, reason: str, fault: str
) -> HttpResponse:
    now = clock.now()
    reader = request.membership.public_id
    rows: list[dict[str, Any]] = []
    for entry in entries:
        row = make_row(entry, request, now, may_decide=False)
        seen = sign_seen(entry.request, reader=reader, now=now, channel=VoteChannel.INBOX)
        rows.append(row | {"seen": seen, "votes": ()})
    context = {
        "nav": "inbox",
        "now": now,
        "rows": rows,
        "verdict": verdict,
        "word": _VERDICTS[verdict],
        "reason": reason,
        "fault": fault,
    }
    return render(request, "approvals/inbox_bulk.html", context, status=422 if fault else 200)


def _why_not_read(entries: list[InboxEntry]) -> str:
    """A row that leaves something out has no box; an id that was sent anyway is none either."""
    return "" if all(entry.facts.is_whole for entry in entries) else _NOT_WHOLE


def _is_verdict(request: PageRequest) -> bool:
    return request.POST.get("verdict") in _VERDICTS


def _lacks(verdict: Verdict, reason: str) -> bool:
    return verdict == Verdict.DENY and not reason


def _selected(request: PageRequest) -> list[Any]:
    found = []
    for text in dict.fromkeys(request.POST.getlist("id")):
        try:
            found.append(parse_public_id("ar", text))
        except InvalidId:
            continue
    return found
