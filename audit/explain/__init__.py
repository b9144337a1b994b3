"""Why something was decided: sentences made from recorded facts alone, each with its events.

Deterministic: the same events give the same text. No model writes any of it, and nothing is
looked up outside of the ledger, so whatever is said here can be proved with it.
Source: design page audit.md, "Explain"; AI Act Art. 86, GDPR Art. 22.

Map: `reading` is one request's events, `voice` how an audience is spoken to; `asking`,
`happening`, `holding` and `why_not` are the officer's questions, `affected` those of the person
affected, `technical` the engineer's; `building` puts them together.
"""

from audit.explain.building import (
    explain_events,
    explain_request,
    look_behind,
    why_not_decided_by,
)
from audit.explain.model import (
    TITLES,
    Answer,
    Audience,
    Explanation,
    Section,
    Sentence,
)

__all__ = [
    "TITLES",
    "Answer",
    "Audience",
    "Explanation",
    "Section",
    "Sentence",
    "explain_events",
    "explain_request",
    "look_behind",
    "why_not_decided_by",
]
