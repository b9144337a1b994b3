"""What keeps the document from being a policy, and at which input of the page that is mended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from approvals.policies import Problem
from approvals.policies.form_shape import field_for
from approvals.policy_editor.conditions import filled_rows
from approvals.policy_editor.state import OTHERWISE, EditorState, key_of

# How the parser says that nothing is there, and what to do about it, by the end of the input.
_EMPTY: Final = ("write some text here", "write 1 to", "value is missing", "flow is missing",
                 "default_flow is missing", "write a duration", "write some")  # fmt: skip
_ASKED: Final = (
    ("-when-category", "Choose what the rule is about."),
    ("-value", "Choose or type a value."),
    ("-value2", "Say up to where."),
    ("-flow", "Choose who decides."),
    ("-id", "Give the rule a name."),
    ("-who", "Choose whose approval is needed."),
    ("-add", "Choose who is asked as well."),
    ("-deadline", "Say by when, such as 4h or 2d."),
    ("-after", "Say after how long, such as 1h."),
    ("-delay", "Say how long, such as 10m."),
    ("-name", "Give it a name."),
)


@dataclass(frozen=True)
class Fault:
    """One problem: what to do about it, and where its input or its part stands."""

    message: str
    key: str  # the part; "" for the whole document
    where: str  # "Rule large-payments"
    field: str = ""  # the input's name, when that part is open
    line: int | None = None
    column: int | None = None


def faults_of(state: EditorState, problems: Sequence[Problem]) -> list[Fault]:
    found = [
        Fault(sentence, state.open, name_of(state, state.open), field)
        for field, sentence in state.refused.items()
    ]
    for problem in problems:
        key = key_of(state, problem.pointer) if state.document is not None else ""
        field = input_of(state, problem) if key and key == state.open else ""
        message = _in_form(problem, field) or f"{problem.message[:1].upper()}{problem.message[1:]}."
        found.append(Fault(message, key, name_of(state, key), field, problem.line, problem.column))
    return found


def _in_form(problem: Problem, field: str) -> str:
    """Return what a form says where the parser speaks of keys and lists of a document."""
    if not any(problem.message.startswith(each) for each in _EMPTY):
        return ""
    return next((words for end, words in _ASKED if field.endswith(end)), "")


def name_of(state: EditorState, key: str) -> str:
    """Return what people call a part: "Rule large-payments", "Flow four-eyes"."""
    kind, _, number = key.rpartition("-")
    if kind == "rules" and int(number) < len(state.rules):
        rule = state.rules[int(number)]
        ident = str(rule.get("id") or "") if isinstance(rule, dict) else ""
        return f"Rule {ident or int(number) + 1}"
    if kind == "flows" and int(number) < len(state.flows):
        return f"Flow {list(state.flows)[int(number)]}"
    return "Everything else" if key == OTHERWISE else ""


def input_of(state: EditorState, problem: Problem) -> str:
    """Return the name of the input that a problem means, in the part that is open.

    Rows that are blank are in no document, so the rows of the page may be numbered otherwise.
    """
    lacking = problem.message.partition(" is missing")[0]
    if lacking in ("flow", "default_flow"):
        return f"{state.open}-flow" if lacking == "flow" else "default-flow"
    name = field_for(problem.pointer, state.document or {})
    prefix = f"{state.open}-c-"
    if not name.startswith(prefix):
        return name
    place, _, end = name.removeprefix(prefix).partition("-")
    rows = filled_rows(state.fields, state.open)
    number = rows[int(place)] if place.isdigit() and int(place) < len(rows) else place
    return f"{prefix}{number}-{'value' if lacking == 'value' else end}"


def by_field(faults: Sequence[Fault]) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for fault in faults:
        if fault.field:
            found.setdefault(fault.field, []).append(fault.message)
    return found
