"""What an engineer reads: every event with its type, its actor's id and its data as they are."""

import json
from collections.abc import Iterator
from typing import Any, Final

from audit.explain.model import Section, Sentence
from audit.explain.reading import Case, Told, plain

_GROUPS: Final = (
    ("Submission and evaluation", ("action_request.submitted", "action_request.changed")),
    ("Stages, timers, messages", ("stage.", "timer.", "notification.", "review_link.")),
    ("Votes and transitions", ("vote.", "break_glass.", "action_request.")),
    ("Discussion", ("comment.", "request.revealed")),
    ("Grant, execution, callbacks", ("grant.", "execution.", "callback.")),
)
_LONGEST: Final = 2_000  # characters of one value; the event has the whole


def sections_for(case: Case) -> Iterator[Section]:
    """Return every event once, under what it is part of."""
    taken: set[int] = set()
    for title, types in _GROUPS:
        found = [each for each in case.of(*types) if id(each) not in taken]
        taken |= {id(each) for each in found}
        if found:
            yield Section(title, tuple(map(_line, found)))
    others = [each for each in case.events if id(each) not in taken]
    if others:
        yield Section("Other events", tuple(map(_line, others)))


def _line(told: Told) -> Sentence:
    actor = f"{plain(told.actor.get('kind'))} {plain(told.actor.get('id'))}"
    return told.say(
        f"{told.row.body.get('type', '')} by {actor}",
        told.row.summary,
        *(
            f"{key} = {_value(value)}"
            for key, value in sorted(told.data.items())
            if _is_said(value)
        ),
    )


def _is_said(value: Any) -> bool:
    return value not in (None, "", [], {})


def _value(value: Any) -> str:
    is_text = isinstance(value, str)
    text = value if is_text else json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
