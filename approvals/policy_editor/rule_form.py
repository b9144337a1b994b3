"""The rule that is open, as questions: when, then, what else, and what it is called."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from approvals.policies import ANYONE, MANAGER
from approvals.policy_editor import language
from approvals.policy_editor.conditions import ConditionForm, build_conditions
from approvals.policy_editor.inputs import (
    Choice,
    ChoiceGroup,
    Fields,
    Input,
    Pair,
    choose,
    many,
    one,
    several,
)
from approvals.policy_editor.vocabulary import Vocabulary

OUTCOMES: Final = (
    ("require_approval", "Ask people", "user-check"),
    ("allow", "Allow", "circle-check"),
    ("deny", "Deny", "ban"),
)
_SEPARATION: Final = (
    ("yes", "No, somebody else has to"),
    ("no", "Yes, they may be one of them"),
)
MANAGER_OPTION: Final = (MANAGER.key, "Manager of the agent's owner")
ANYONE_OPTION: Final = (ANYONE.key, "Anybody with the right to approve")
POINTING: Final = (MANAGER_OPTION, ANYONE_OPTION)
Errors = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class RuleForm:
    """The inputs of one rule. `flow` and those below it are None where nobody is asked."""

    key: str
    categories: Input
    environments: Input
    labels: Input
    tiers: Input
    conditions: ConditionForm
    outcome: Input
    flow: Input | None
    separation: Input | None
    step_up: Input | None
    login: Input | None
    delay: Input | None
    notify: Input
    attach_note: Input
    name: Input
    note: Input
    kept: tuple[Input, ...]  # answers that this outcome does not ask for; typed is not lost
    # what a closed summary says of the answers behind it
    narrowed: str
    obliged: str


def build_rule(
    fields: Fields, key: str, flows: Sequence[str], vocabulary: Vocabulary, errors: Errors
) -> RuleForm:
    """Return the form of the rule `key` ("rules-3") as `fields` say it."""
    form = _Form(fields, key, vocabulary, errors)
    then = one(fields, f"{key}-then")
    asks, grants = then == "require_approval", then != "deny"
    offered = language.fields_for(vocabulary, many(fields, f"{key}-when-category"))
    separation, step_up, login = form.separation(), form.step_up(), form.login()
    flow, delay = form.flow(flows), form.delay()
    return RuleForm(
        key=key,
        categories=form.categories(),
        environments=form.list(
            "when-environment", "In which environments", "Any environment", vocabulary.environments
        ),
        labels=form.list(
            "when-labels", "By agents with the label", "Any label", vocabulary.labels
        ),
        tiers=form.tiers(),
        conditions=build_conditions(fields, key, offered, vocabulary, errors),
        outcome=form.outcome(then),
        flow=flow if asks else None,
        separation=separation if asks else None,
        step_up=step_up if asks else None,
        login=login if asks else None,
        delay=delay if grants else None,
        notify=form.notify(),
        attach_note=form.text("attach-note", "Note for whoever looks at the request", "area"),
        name=form.text("id", "Name of the rule", help="Small letters, digits and hyphens."),
        note=form.text("note", "Why this rule exists", "area"),
        kept=tuple(
            Input(each.name, "", "hidden", one(fields, each.name))
            for each, is_shown in (
                (flow, asks), (separation, asks), (step_up, asks), (login, asks), (delay, grants)
            )
            if not is_shown
        ),
        narrowed=_said(fields, key, ("when-environment", "when-labels", "when-tiers")),
        obliged=_said(fields, key, ("step-up", "login", "delay", "notify", "attach-note")),
    )  # fmt: skip


def _said(fields: Fields, key: str, names: Sequence[str]) -> str:
    """Return "1 set" or "2 set", or nothing."""
    count = sum(bool(many(fields, f"{key}-{name}")) for name in names)
    return f"{count} set" if count else ""


@dataclass(frozen=True)
class _Form:
    fields: Fields
    key: str
    vocabulary: Vocabulary
    errors: Errors

    def name(self, end: str) -> str:
        return f"{self.key}-{end}"

    def text(self, end: str, label: str, kind: str = "text", **more: str) -> Input:
        value = one(self.fields, self.name(end))
        made = Input(self.name(end), label, kind, value, help=more.get("help", ""))
        return made.with_errors(self.errors)

    def categories(self) -> Input:
        chosen = many(self.fields, self.name("when-category"))
        made = several(
            category_options(self.vocabulary), chosen, first="Choose a category…", more="or…"
        )
        return Input(
            self.name("when-category"), "What is asked for", "selects", several=made,
            joint="or", reshapes=True,
        ).with_errors(self.errors)  # fmt: skip

    def list(self, end: str, label: str, anything: str, known: Sequence[str]) -> Input:
        chosen = many(self.fields, self.name(end))
        made = several([("", [(each, each) for each in known])], chosen, first=anything, more="or…")
        return Input(
            self.name(end), label, "selects", several=made, joint="or", reshapes=True
        ).with_errors(self.errors)

    def tiers(self) -> Input:
        chosen = many(self.fields, self.name("when-tiers"))
        boxes = tuple(
            Choice(value, words, value in chosen)
            for value, words in (
                *self.vocabulary.tiers,
                *((each, each) for each in chosen if each not in dict(self.vocabulary.tiers)),
            )
        )
        return Input(
            self.name("when-tiers"), "By agents that are trusted", "checks",
            groups=(ChoiceGroup("", boxes),), help="None chosen means any.",
        ).with_errors(self.errors)  # fmt: skip

    def outcome(self, then: str) -> Input:
        return Input(
            self.name("then"), "What happens", "radios", then, outcomes(then),
            reshapes=True, is_label_hidden=True,
        ).with_errors(self.errors)  # fmt: skip

    def flow(self, flows: Sequence[str]) -> Input:
        chosen = one(self.fields, self.name("flow"))
        options = choose([("", [(each, each) for each in flows])], chosen, blank="Choose a flow…")
        return Input(
            self.name("flow"), "Who decides", "select", chosen, options,
            help="Flows are below the rules.",
        ).with_errors(self.errors)  # fmt: skip

    def separation(self) -> Input:
        chosen = one(self.fields, self.name("separation")) or "yes"
        return Input(
            self.name("separation"), "May the agent's owner approve", "select", chosen,
            choose([("", _SEPARATION)], chosen),
        ).with_errors(self.errors)  # fmt: skip

    def step_up(self) -> Input:
        value = one(self.fields, self.name("step-up"))
        return Input(
            self.name("step-up"), "Approvers prove themselves again", "check", value,
            help="With a code of their authenticator app, at the moment of the vote.",
        ).with_errors(self.errors)  # fmt: skip

    def login(self) -> Input:
        value = one(self.fields, self.name("login"))
        return Input(
            self.name("login"), "Approvers have to log in", "check", value,
            help="An e-mail link or a chat is not enough to vote, however low the risk.",
        ).with_errors(self.errors)  # fmt: skip

    def delay(self) -> Input:
        return Input(
            self.name("delay"), "Hold the permission back for", "duration",
            one(self.fields, self.name("delay")), help="Such as 10m. Empty: not at all.",
        ).with_errors(self.errors)  # fmt: skip

    def notify(self) -> Input:
        chosen = many(self.fields, self.name("notify"))
        made = several(people_options(self.vocabulary), chosen, first="Nobody", more="and…")
        return Input(
            self.name("notify"), "Tell, without asking", "selects", several=made, joint="and",
            reshapes=True,
        ).with_errors(self.errors)  # fmt: skip


def outcomes(
    chosen: str, names: Sequence[str] = ("require_approval", "allow", "deny")
) -> tuple[ChoiceGroup, ...]:
    """Return the outcomes as radio buttons, each with its drawing."""
    return (
        ChoiceGroup(
            "",
            tuple(
                Choice(value, words, value == chosen, drawing)
                for value, words, drawing in OUTCOMES
                if value in names
            ),
        ),
    )


def category_options(vocabulary: Vocabulary) -> list[tuple[str, list[Pair]]]:
    """Return the categories, and wildcards for those that share a beginning."""
    starts = sorted({each.key.partition(".")[0] for each in vocabulary.categories})
    return [
        ("Everything", [("*", "Anything")]),
        ("All of a kind", [(f"{each}.*", f"Everything in {each}") for each in starts]),
        ("One kind", [(each.key, f"{each.name} ({each.key})") for each in vocabulary.categories]),
    ]


def people_options(
    vocabulary: Vocabulary, *, roles: Sequence[str] = (), pointing: Sequence[Pair] = POINTING
) -> list[tuple[str, list[Pair]]]:
    """Return groups, roles, people, and whom the request points to, as seats name them."""
    return [
        ("Groups", [(f"group:{slug}", name) for slug, name in vocabulary.groups]),
        ("Depending on the request", list(pointing)),
        (
            "Roles",
            [
                (f"role:{value}", f"Role {name.lower()}")
                for value, name in vocabulary.roles
                if not roles or value in roles
            ],
        ),
        ("People", [(f"person:{email}", name) for email, name in vocabulary.people]),
    ]
