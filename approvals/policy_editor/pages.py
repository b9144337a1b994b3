"""Everything that the editor's page draws, from its state."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from approvals.policies import Policy, PolicyInvalid, Problem, parse_policy
from approvals.policies.describing import describe_default, describe_flow, describe_rule
from approvals.policy_editor.faults import Fault, by_field, faults_of
from approvals.policy_editor.flow_form import (
    FlowForm,
    OtherwiseForm,
    build_flow,
    build_otherwise,
)
from approvals.policy_editor.rule_form import RuleForm, build_rule
from approvals.policy_editor.state import OTHERWISE, EditorState
from approvals.policy_editor.vocabulary import Vocabulary

_UNFINISHED: Final = {
    "rules": "This rule is not finished yet.",
    "flows": "This flow is not finished yet.",
    OTHERWISE: "What happens when no rule matches is not settled yet.",
}


@dataclass(frozen=True)
class Card:
    """A rule, a flow, or the default: its sentence, and whether it is open."""

    key: str
    title: str
    sentence: str
    is_finished: bool
    outcome: str = ""
    note: str = ""
    used_by: str = ""
    faults: tuple[str, ...] = ()
    is_open: bool = False
    is_first: bool = False
    is_last: bool = False
    has_menu_open: bool = False

    @property
    def halves(self) -> tuple[str, str]:
        """Return the sentence up to its colon, and what happens then, to be told apart."""
        if not self.is_finished or self.key.startswith("flows"):
            return "", self.sentence
        return split_sentence(self.sentence)


@dataclass(frozen=True)
class EditorPage:
    """What the left half draws."""

    state: EditorState
    policy: Policy | None
    rules: tuple[Card, ...]
    flows: tuple[Card, ...]
    otherwise: Card
    faults: tuple[Fault, ...]
    rule: RuleForm | None = None
    flow: FlowForm | None = None
    no_rule: OtherwiseForm | None = None

    @property
    def is_policy(self) -> bool:
        return self.policy is not None


def split_sentence(sentence: str) -> tuple[str, str]:
    """Return a sentence in two at its first colon that stands in no quoted value."""
    is_quoted = False
    for place, letter in enumerate(sentence):
        if letter == '"':
            is_quoted = not is_quoted
        elif letter == ":" and not is_quoted and sentence[place : place + 2] == ": ":
            return sentence[: place + 1], sentence[place + 1 :]
    return "", sentence


def build_page(state: EditorState, vocabulary: Vocabulary) -> EditorPage:
    """Return what to draw. Parses the document once, and single rules when it is none."""
    policy, problems = _parse(state)
    faults = tuple(faults_of(state, problems))
    shown = () if state.is_fresh else faults
    errors = by_field(shown)
    form: dict[str, Any] = {}
    flows = list(state.flows)
    if state.open.startswith("rules"):
        form["rule"] = build_rule(state.fields, state.open, flows, vocabulary, errors)
    elif state.open.startswith("flows"):
        form["flow"] = build_flow(state.fields, state.open, vocabulary, errors)
    elif state.open == OTHERWISE:
        form["no_rule"] = build_otherwise(state.fields, flows, errors)
    describer = _Describer(state, policy)
    return EditorPage(
        state,
        policy,
        tuple(_rule_card(state, describer, n, shown) for n in range(len(state.rules))),
        tuple(_flow_card(state, describer, n, shown) for n in range(len(flows))),
        _otherwise_card(state, describer, shown),
        faults,
        **form,
    )


def _parse(state: EditorState) -> tuple[Policy | None, Sequence[Problem]]:
    if state.document is None:
        return None, state.unreadable
    try:
        return parse_policy(state.document), ()
    except PolicyInvalid as invalid:
        return None, invalid.problems


class _Describer:
    """Sentences of parts, also when another part keeps the document from being a policy."""

    def __init__(self, state: EditorState, policy: Policy | None) -> None:
        self.state, self.policy = state, policy

    def rule(self, number: int) -> str | None:
        policy, place = self.policy, number
        if policy is None:
            rule = self.state.rules[number]
            flow = rule.get("flow") if isinstance(rule, dict) else None
            policy, place = self._alone([rule], flow), 0
        return describe_rule(policy.rules[place], policy=policy) if policy else None

    def flow(self, name: str) -> str | None:
        policy = self.policy or self._alone([], name)
        return describe_flow(policy.flows[name]) if policy else None

    def otherwise(self) -> str | None:
        document = self.state.document or {}
        name = document.get("default_flow")
        policy = self.policy
        if policy is None:
            more = {} if name is None else {"default_flow": name}
            policy = self._alone([], name, default=document.get("default"), **more)
        if policy is None:
            return None
        flow = policy.default_flow
        return describe_default(None if flow is None else policy.flows[flow])

    def _alone(self, rules: list[Any], flow: Any, **more: Any) -> Policy | None:
        flows = self.state.flows
        document = {"version": 1, "default": "deny", "rules": rules} | more
        if isinstance(flow, str) and flow in flows:
            document["flows"] = {flow: flows[flow]}
        try:
            return parse_policy(document)
        except PolicyInvalid:
            return None


def _card(
    state: EditorState, key: str, title: str, sentence: str | None, faults: Sequence[Fault]
) -> dict[str, Any]:
    kind = key.partition("-")[0]
    return {
        "key": key,
        "title": title,
        "sentence": sentence or _UNFINISHED[kind],
        "is_finished": sentence is not None,
        "faults": tuple(each.message for each in faults if each.key == key),
        "is_open": state.open == key,
        "has_menu_open": state.menu == key,
    }


def _rule_card(
    state: EditorState, describer: _Describer, number: int, faults: Sequence[Fault]
) -> Card:
    rule = state.rules[number] if isinstance(state.rules[number], dict) else {}
    key, title = f"rules-{number}", _text(rule.get("id")) or f"Rule {number + 1}"
    return Card(
        **_card(state, key, title, describer.rule(number), faults),
        outcome=_text(rule.get("then")),
        note=_text(rule.get("note")),
        is_first=number == 0,
        is_last=number == len(state.rules) - 1,
    )


def _flow_card(
    state: EditorState, describer: _Describer, number: int, faults: Sequence[Fault]
) -> Card:
    name = list(state.flows)[number]
    users = [
        _text(each.get("id")) or "a rule"
        for each in state.rules
        if isinstance(each, dict) and each.get("flow") == name and each.get("then") != "deny"
    ]
    if (state.document or {}).get("default_flow") == name:
        users.append("everything else")
    return Card(
        **_card(state, f"flows-{number}", str(name), describer.flow(name), faults),
        used_by=", ".join(users),
    )


def _otherwise_card(state: EditorState, describer: _Describer, faults: Sequence[Fault]) -> Card:
    sentence = describer.otherwise()
    document = state.document or {}
    return Card(
        **_card(state, OTHERWISE, "Everything else", sentence, faults),
        outcome=_text(document.get("default")),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
