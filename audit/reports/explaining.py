"""One request as a file: the explanation for an audience, and the dossier for an auditor.

Source: design page audit.md, "Explain" and "Report"; AI Act Art. 86, GDPR Art. 22.
"""

from collections.abc import Mapping
from functools import partial
from itertools import count
from typing import Any, Final, NamedTuple

from audit.explain import Audience, Explanation, Sentence, explain_events, look_behind
from audit.reports.dossier import gather_dossier
from audit.reports.kind import Keep, Kind, Needs, NothingThere, Source
from audit.reports.reading import drop, keep_cited, read_request
from audit.selectors.contest import contest_words
from audit.selectors.staff import staff_names
from govapp.common.ids import public_id

DOSSIER: Final = "dossier"
KIND_OF: Final = {
    Audience.AFFECTED: "explanation",
    Audience.OFFICER: "explanation-officer",
    Audience.ENGINEER: "explanation-engineer",
}
_FOR_OFFICER: Final = "What the record says about one request, each sentence with its event."


class Line(NamedTuple):
    """A sentence as it is printed, with the number under which its proof is listed."""

    number: int
    sentence: Sentence


class Part(NamedTuple):
    """A question, and the lines under it."""

    title: str
    lines: list[Line]


def gather_explanation(audience: Audience, source: Source, keep: Keep) -> Mapping[str, Any]:
    """Read one request and return what the template shows.

    Kept are its events, and what is cited of those behind them; nothing for the person affected,
    since an event names staff and masks nothing. Raises `NothingThere` when the request does not
    stand in the tree of the source.
    """
    is_affected = audience == Audience.AFFECTED
    rows = read_request(source)
    if source.request_id is None or not rows:
        raise NothingThere("The record does not hold this request yet; try again in a few seconds.")
    behind = look_behind(source.request_id, rows, size=source.size)
    explanation = explain_events(
        public_id("ar", source.request_id),
        rows,
        audience,
        zone=source.zone,
        tenant=source.tenant,
        contact=contest_words(source.size) if is_affected else "",
        staff=staff_names(source.size) if is_affected else (),
        behind=behind,
    )
    kept = keep_cited(rows, behind, explanation.cited, drop if is_affected else keep)
    numbers = count(1)
    in_short = [Line(next(numbers), each) for each in explanation.in_short]
    return {
        "explanation": explanation,
        "is_affected": is_affected,
        "in_short": in_short,
        "parts": list(_parts(explanation, numbers)),
        "events": len(kept),
        # An attestation names the officer who gave it.
        **({"attestations": []} if is_affected else {}),
    }


def _parts(explanation: Explanation, numbers: "count[int]") -> list[Part]:
    found = [(each.title, each.sentences) for each in explanation.sections]
    why_not = [(each.question, each.sentences) for each in explanation.why_not]
    # Whom it affects reads first why it was refused; others read first what happened.
    is_affected = explanation.audience == Audience.AFFECTED
    found = why_not + found if is_affected else found + why_not
    return [
        Part(title, [Line(next(numbers), each) for each in sentences]) for title, sentences in found
    ]


def _explanation(audience: Audience, title: str, purpose: str) -> Kind:
    return Kind(
        slug=KIND_OF[audience],
        title=title,
        purpose=purpose,
        needs=Needs.REQUEST,
        gather=partial(gather_explanation, audience),
        template="audit/reports/explanation.html",
        attaches=audience != Audience.AFFECTED,
    )


REQUEST_KINDS: Final = (
    Kind(
        slug=DOSSIER,
        title="Decision dossier",
        purpose="One decision for the file: what was asked, what the approvers saw, who decided, "
        "under which rules, and the proofs.",
        needs=Needs.REQUEST,
        gather=gather_dossier,
        template="audit/reports/dossier.html",
    ),
    _explanation(
        Audience.AFFECTED,
        "Explanation of a decision",
        "Plain words for a person whom a decision affects.",
    ),
    _explanation(Audience.OFFICER, "Explanation for the officer", _FOR_OFFICER),
    _explanation(
        Audience.ENGINEER,
        "Explanation for the engineer",
        "Every event of one request with its type, its actor and its data.",
    ),
)
