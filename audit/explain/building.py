"""An explanation out of the events of one request."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final
from uuid import UUID

from audit.explain import affected, asking, happening, holding, technical, why_not
from audit.explain.model import Answer, Audience, Explanation, Section, Sentence
from audit.explain.reading import Case
from audit.explain.voice import Voice
from audit.selectors.behind import events_behind
from audit.selectors.contest import contest_words
from audit.selectors.events import EventRow, events_of_request
from audit.selectors.staff import staff_names
from govapp.common.errors import NotFound
from govapp.common.ids import public_id

_OUTCOMES: Final = {
    "allowed": "It was allowed by rule, without a person.",
    "blocked": "It was blocked by rule.",
    "approved": "It was approved.",
    "denied": "It was denied.",
    "returned": "It was sent back to the agent.",
    "expired": "Nobody decided in time: it expired and was never approved.",
    "cancelled": "It was cancelled.",
    "pending": "It has not been decided yet.",
}
_HELD: Final = "It was blocked, whatever the rules say."
_OFFICER: Final[tuple[tuple[str, Callable[[Case, Voice], Iterator[Sentence]]], ...]] = (
    ("What was asked", asking.asked),
    ("Which rules applied", asking.rules),
    ("What held it besides the rules", holding.held),
    ("Who was asked, and when", happening.asking),
    ("Who decided", happening.deciding),
    ("What was said", happening.saying),
    ("What was done", happening.doing),
    ("What else happened", happening.rest),
)


def explain_request(
    request_id: UUID,
    audience: Audience = Audience.OFFICER,
    *,
    zone: str = "UTC",
    tenant: str = "",
) -> Explanation:
    """Explain one action request of the bound tenant from its events.

    Times are told in `zone`; `tenant` is what the organisation is called to the person affected.
    One query, three for the person affected; two more for what something besides the rules held,
    or what is still open. Raises `NotFound` when the record knows nothing of
    the request.
    """
    rows = events_of_request(request_id)
    if not rows:
        raise NotFound("The record knows no such request.")
    affects = audience == Audience.AFFECTED
    return explain_events(
        public_id("ar", request_id),
        rows,
        audience,
        zone=zone,
        tenant=tenant,
        contact=contest_words() if affects else "",
        staff=staff_names() if affects else (),
        behind=look_behind(request_id, rows),
    )


def explain_events(
    request: str,
    rows: Sequence[EventRow],
    audience: Audience,
    *,
    zone: str = "UTC",
    tenant: str = "",
    contact: str = "",
    staff: Collection[str] = (),
    behind: Sequence[EventRow] = (),
) -> Explanation:
    """Explain one request from these events, oldest first and at least one. Asks nothing else.

    `behind` are the events of what held it (`look_behind`). For the person affected, `contact` is
    where to contest it, and the names of `staff` are hidden.
    """
    case = Case(request, rows)
    case.look_behind(behind)
    voice = Voice(audience, case, zone, staff)
    affects = audience == Audience.AFFECTED
    outcomes = affected.OUTCOMES if affects else _OUTCOMES
    return Explanation(
        request=request,
        audience=audience,
        title=voice.words(case.title),
        status=case.status,
        outcome=_HELD if case.refusals and not affects else outcomes[case.status],
        in_short=tuple(affected.in_short_for(case, voice)) if affects else (),
        sections=tuple(_sections(case, voice)),
        why_not=tuple(why_not.answers(case, voice)),
        contest=affected.contest_for(case, tenant, contact) if affects else (),
        events=tuple(rows),
        zone=zone,
    )


def look_behind(
    request_id: UUID, rows: Sequence[EventRow], *, size: int | None = None
) -> list[EventRow]:
    """Return the events of what held a request besides the rules, newest first.

    Those in the tree of `size`, when it is named. No query when only rules and people decided.
    """
    wanted = holding.wanted_behind(Case(public_id("ar", request_id), rows))
    return [] if wanted is None else events_behind(wanted, size=size)


def why_not_decided_by(request_id: UUID, person: str) -> Answer:
    """Say why somebody, by name or member id, did not decide a request.

    Raises `NotFound` when the record knows nothing of the request.
    """
    rows = events_of_request(request_id)
    if not rows:
        raise NotFound("The record knows no such request.")
    return why_not.not_decided_by(Case(public_id("ar", request_id), rows), person)


def _sections(case: Case, voice: Voice) -> Iterator[Section]:
    if voice.is_affected:
        yield from affected.sections_for(case, voice)
        return
    if voice.audience == Audience.ENGINEER:
        yield from technical.sections_for(case)
        return
    for title, tell in _OFFICER:
        sentences = tuple(tell(case, voice))
        if sentences:
            yield Section(title, sentences)
