"""The flow that is open, and what happens when no rule matches, as questions."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from approvals.policies.flows import ALL_HOURS, BUSINESS_HOURS
from approvals.policies.form_flows import DIFFERENT_GROUPS
from approvals.policy_editor.inputs import Fields, Input, choose, many, one, several
from approvals.policy_editor.rule_form import (
    ANYONE_OPTION,
    MANAGER_OPTION,
    outcomes,
    people_options,
)
from approvals.policy_editor.vocabulary import Vocabulary

_VOTERS: Final = ("approver",)
_DIFFERENT: Final = (DIFFERENT_GROUPS, "Different groups…")
Errors = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class SeatRow:
    """How many approvals, from whom, from which groups where these differ, and who is left out."""

    key: str
    count: Input
    who: Input
    groups: Input | None
    but: Input | None


@dataclass(frozen=True)
class EscalationRow:
    """Who joins, when, how often they are asked again, and whether the reminders are theirs."""

    key: str
    after: Input
    add: Input
    every: Input
    times: Input
    hand_over: Input


@dataclass(frozen=True)
class StageForm:
    """People who are asked together, and by when."""

    key: str
    number: int
    name: Input
    seats: tuple[SeatRow, ...]
    deadline: Input
    counting: Input
    reminders: Input
    escalations: tuple[EscalationRow, ...]


@dataclass(frozen=True)
class FlowForm:
    """One flow: its name and its stages, one after the other."""

    key: str
    name: Input
    stages: tuple[StageForm, ...]


@dataclass(frozen=True)
class OtherwiseForm:
    """What happens when no rule matches."""

    default: Input
    flow: Input | None
    kept: tuple[Input, ...]


def build_flow(fields: Fields, key: str, vocabulary: Vocabulary, errors: Errors) -> FlowForm:
    """Return the form of the flow `key` ("flows-1") as `fields` say it."""
    name = Input(
        f"{key}-name", "Name of the flow", "text", one(fields, f"{key}-name"),
        help="Rules name it. They follow when it is renamed.",
    ).with_errors(errors)  # fmt: skip
    stages = tuple(
        _stage(fields, f"{key}-s-{number}", place, vocabulary, errors)
        for place, number in enumerate(_numbers(fields, f"{key}-s"), start=1)
    )
    return FlowForm(key, name, stages)


def build_otherwise(fields: Fields, flows: Sequence[str], errors: Errors) -> OtherwiseForm:
    """Return the question of what no rule speaks of."""
    default = one(fields, "default")
    chosen = one(fields, "default-flow")
    flow = Input(
        "default-flow", "Who decides", "select", chosen,
        choose([("", [(each, each) for each in flows])], chosen, blank="Choose a flow…"),
    ).with_errors(errors)  # fmt: skip
    asks = default == "require_approval"
    return OtherwiseForm(
        Input(
            "default", "What happens when no rule matches", "radios", default,
            outcomes(default, ("require_approval", "deny")), reshapes=True, is_label_hidden=True,
        ).with_errors(errors),
        flow if asks else None,
        () if asks else (Input("default-flow", "", "hidden", chosen),),
    )  # fmt: skip


def _numbers(fields: Fields, prefix: str) -> list[int]:
    found = (re.match(r"-(\d{1,6})-", name.removeprefix(prefix)) for name in fields)
    return sorted(
        {
            int(each[1])
            for name, each in zip(fields, found, strict=True)
            if each and name.startswith(f"{prefix}-")
        }
    )


def _stage(
    fields: Fields, key: str, number: int, vocabulary: Vocabulary, errors: Errors
) -> StageForm:
    return StageForm(
        key=key,
        number=number,
        name=Input(
            f"{key}-name", "What this step is called", "text", one(fields, f"{key}-name")
        ).with_errors(errors),
        seats=tuple(
            _seat(fields, f"{key}-seat-{each}", vocabulary, errors)
            for each in _numbers(fields, f"{key}-seat")
        ),
        deadline=Input(
            f"{key}-deadline", "Within", "duration", one(fields, f"{key}-deadline"),
            help="Nobody answering means it expires.",
        ).with_errors(errors),
        counting=_counting(fields, f"{key}-counting", errors),
        reminders=Input(
            f"{key}-reminders", "Remind after", "text",
            ", ".join(many(fields, f"{key}-reminders")),
            help="Such as 30m, 2h, or every 1h 5 times. Empty: never.",
        ).with_errors(errors),
        escalations=tuple(
            _escalation(fields, f"{key}-esc-{each}", vocabulary, errors)
            for each in _numbers(fields, f"{key}-esc")
        ),
    )  # fmt: skip


def _counting(fields: Fields, name: str, errors: Errors) -> Input:
    chosen = one(fields, name)
    chosen = "" if chosen == ALL_HOURS else chosen
    return Input(
        name, "Which hours count", "select", chosen,
        choose([("", [("", "All hours"), (BUSINESS_HOURS, "Only business hours")])], chosen),
        help="Business hours and public holidays are in the settings.",
    ).with_errors(errors)  # fmt: skip


def _seat(fields: Fields, key: str, vocabulary: Vocabulary, errors: Errors) -> SeatRow:
    chosen = one(fields, f"{key}-who")
    offered = people_options(
        vocabulary, roles=_VOTERS, pointing=(ANYONE_OPTION, MANAGER_OPTION, _DIFFERENT)
    )
    return SeatRow(
        key,
        Input(
            f"{key}-count", "How many", "count", one(fields, f"{key}-count") or "1",
        ).with_errors(errors),
        Input(
            f"{key}-who", "From", "select", chosen, choose(offered, chosen, blank="Choose whom…"),
            reshapes=True,
        ).with_errors(errors),
        _groups(fields, key, vocabulary, errors) if chosen == DIFFERENT_GROUPS else None,
        _but(fields, key, vocabulary, errors) if _is_of_several(chosen) else None,
    )  # fmt: skip


def _is_of_several(chosen: str) -> bool:
    return bool(chosen) and not chosen.startswith("person:")


def _groups(fields: Fields, key: str, vocabulary: Vocabulary, errors: Errors) -> Input:
    made = several(
        [("", list(vocabulary.groups))], many(fields, f"{key}-groups"),
        first="Choose a group…", more="or…",
    )  # fmt: skip
    return Input(
        f"{key}-groups", "Each from a different one of", "selects", several=made, joint="or",
        reshapes=True,
    ).with_errors(errors)  # fmt: skip


def _but(fields: Fields, key: str, vocabulary: Vocabulary, errors: Errors) -> Input:
    offered = people_options(vocabulary, pointing=(MANAGER_OPTION,))
    made = several(offered, many(fields, f"{key}-but"), first="Nobody is left out", more="nor…")
    return Input(
        f"{key}-but", "Anyone but", "selects", several=made, joint="nor", reshapes=True
    ).with_errors(errors)


def _escalation(fields: Fields, key: str, vocabulary: Vocabulary, errors: Errors) -> EscalationRow:
    chosen = many(fields, f"{key}-add")
    made = several(
        people_options(vocabulary, roles=_VOTERS), chosen, first="Choose whom…", more="and…"
    )
    return EscalationRow(
        key,
        Input(
            f"{key}-after", "Still open after", "duration", one(fields, f"{key}-after")
        ).with_errors(errors),
        Input(
            f"{key}-add", "also ask", "selects", several=made, joint="and", reshapes=True
        ).with_errors(errors),
        Input(
            f"{key}-every", "and ask again every", "duration", one(fields, f"{key}-every"),
            help="Empty: not again.",
        ).with_errors(errors),
        Input(
            f"{key}-times", "so many times", "count", one(fields, f"{key}-times")
        ).with_errors(errors),
        Input(
            f"{key}-hand-over", "They take over: only they are reminded from then on", "check",
            one(fields, f"{key}-hand-over"),
        ).with_errors(errors),
    )  # fmt: skip
