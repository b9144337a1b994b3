"""The dossier of one decision: everything that an auditor files, from the record alone.

Source: design page audit.md, "Report"; EU AI Act Art. 12, 14 and 26.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from audit.explain import Audience, explain_events, look_behind
from audit.explain.asking import sources
from audit.explain.happening import right_words
from audit.explain.reading import Case, Told, mapping, plain
from audit.explain.voice import Voice, listed
from audit.merkle.tiles import prove_inclusion
from audit.models import LedgerLeaf
from audit.reports.kind import Keep, NothingThere, Source
from audit.reports.layout import span_words
from audit.reports.reading import keep_cited, read_request
from audit.selectors.events import EventRow
from audit.selectors.tiles import read_tile
from govapp.common.ids import public_id

MOST_ROWS: Final = 300
"""Rows of the timeline and of the proofs on paper; long tables are slow, the rest is attached."""

_VERDICTS: Final = {"approve": "Approved", "deny": "Denied", "return": "Sent back"}
_FACTORS: Final = {"": "none asked for", "totp": "one-time code", "passkey": "passkey"}


class VoteRow(NamedTuple):
    """One vote as the dossier lists it."""

    at: datetime
    name: str
    verdict: str
    right: str
    saw: str
    seconds: str
    factor: str
    reason: str
    counts: bool
    event: str


class Place(NamedTuple):
    """Where one event stands in the tree."""

    event: str
    type: str
    number: int  # its index
    leaf: str


def gather_dossier(source: Source, keep: Keep) -> Mapping[str, Any]:
    """Read one request and return what the template shows.

    Raises `NothingThere` when the request does not stand in the tree of the source.
    """
    rows = read_request(source)
    if source.request_id is None or not rows:
        raise NothingThere("The record does not hold this request yet; try again in a few seconds.")
    request = public_id("ar", source.request_id)
    behind = look_behind(source.request_id, rows, size=source.size)
    explanation = explain_events(request, rows, Audience.OFFICER, zone=source.zone, behind=behind)
    # What held it belongs to no request: it stands among its events by its time.
    kept = keep_cited(rows, behind, explanation.cited, keep)
    case = Case(request, rows)
    decisive = case.end or case.events[-1]
    places = _places(source.size, kept)
    index = next(each.number for each in places if each.event == decisive.ref)
    parts = {each.title: each.sentences for each in explanation.sections}
    return {
        "explanation": explanation,
        "request": request,
        "headline": _headline(case),
        "facts": _facts(case, Voice(Audience.OFFICER, case, source.zone)),
        "ended": decisive.row.summary if case.end else "",
        "fields": case.fields,
        "digest": case.judged.text("payload_digest").removeprefix("sha256:"),
        "reason": case.asked.text("reason") or case.asked.text("agent_reason"),
        "sources": sources(case.asked),
        "votes": _votes(case),
        "rules": parts.get("Which rules applied", ()),
        "held": parts.get("What held it besides the rules", ()),
        "asked": parts.get("Who was asked, and when", ()),
        "done": parts.get("What was done", ()),
        "said": parts.get("What was said", ()),
        "timeline": kept[:MOST_ROWS],
        "places": places[:MOST_ROWS],
        "more_rows": max(0, len(kept) - MOST_ROWS),
        "decisive": decisive.ref,
        "decisive_index": index,
        "path": [step.hex() for step in prove_inclusion(index, source.size, read_tile)],
    }


def _headline(case: Case) -> list[dict[str, str]]:
    """The four facts that are read first."""
    approvals = [each for each in case.votes if each.text("verdict") in ("approve", "")]
    seconds = (case.end.at - case.asked.at).total_seconds() if case.end else None
    return [
        {"label": "Outcome", "value": case.status.capitalize()},
        {"label": "Approvals that count", "value": str(len(approvals))},
        {"label": "Time to the end", "value": span_words(seconds) if case.end else "open"},
        {"label": "Risk", "value": case.asked.text("risk").capitalize() or "not said"},
    ]


def _facts(case: Case, voice: Voice) -> list[tuple[str, str]]:
    """What the case is, as terms and values; what is not recorded is left out."""
    told, policy = case.asked, mapping(case.judged.data.get("policy"))
    kind, key = told.text("category_name"), told.text("category")
    deciders = dict.fromkeys(each.by for each in case.votes)
    undone = told.data.get("is_reversible")
    rows = [
        ("Request", case.request),
        ("Kind of action", f"{kind} ({key})" if kind and key else kind or key),
        ("Asked by", f"the agent {case.agent}"),
        ("Handed on", " to ".join(case.agents) if case.delegation else ""),
        ("On behalf of", told.text("on_behalf_of") or "nobody named"),
        ("Can be undone", "" if undone is None else "yes" if undone else "no"),
        ("Environment", told.text("environment")),
        ("System acted on", told.text("integration")),
        ("Run", told.text("run")),
        ("Expected cost", told.money("estimated_cost")),
        ("Asked on", voice.time(told.at)),
        ("Ended on", voice.time(case.end.at) if case.end else "still open"),
        ("Decided by", listed(deciders) or "no person"),
        ("Policy", f"version {plain(policy.get('version'))}" if policy else ""),
        ("Policy digest", plain(policy.get("digest")).removeprefix("sha256:")),
        ("Takes the place of", told.text("supersedes")),
        ("Came of it", case.came_of_it),
    ]
    return [(term, value) for term, value in rows if value]


def _votes(case: Case) -> list[VoteRow]:
    counted = {id(each) for each in case.votes}
    final = case.judged.text("payload_digest")
    return [
        _vote(each, final, is_counted=id(each) in counted)
        for each in case.of("vote.cast", "break_glass.approved")
    ]


def _vote(told: Told, final: str, *, is_counted: bool) -> VoteRow:
    alone = told.type == "break_glass.approved"
    rights = told.data.get("rights")
    factor = told.text("second_factor")
    absentee = plain(mapping(told.data.get("stands_for")).get("name"))
    seen, seconds = told.text("payload_digest"), told.text("seconds_viewed")
    return VoteRow(
        at=told.at,
        name=f"{told.by}, standing in for {absentee}" if absentee else told.by,
        verdict="Approved alone, in an emergency"
        if alone
        else _VERDICTS.get(told.text("verdict"), told.text("verdict")),
        right=listed(map(right_words, rights)) if isinstance(rights, list) else "",
        saw="" if not seen else "this action" if seen == final else "an earlier form of it",
        seconds=f"{seconds} s" if seconds else "not measured",
        factor=_FACTORS.get(factor, factor),
        reason=told.text("reason"),
        counts=is_counted,
        event=told.ref,
    )


def _places(size: int, rows: Sequence[EventRow]) -> Sequence[Place]:
    """Return where each event stands, in the order of the tree. One query."""
    types = {each.id: str(each.body.get("type", "")) for each in rows}
    leaves = LedgerLeaf.objects.filter(event_id__in=types, index__lt=size)
    return [
        Place(public_id("ev", event), types[event], index, bytes(leaf).hex())
        for event, index, leaf in leaves.order_by("index").values_list(
            "event_id", "index", "leaf_hash"
        )
    ]
