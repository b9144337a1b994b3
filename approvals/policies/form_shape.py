"""A policy document as the flat fields of a plain HTML form, and back, without loss.

`from_fields(to_fields(document))` gives the normalised document again for every valid policy.
Nothing here needs JavaScript: every name below is one native input, and `change_fields` does what
a submit button named `action` asks for (add, remove, move). Names that are not listed are ignored.

A value is text, or a list of texts where it says "list". A list may be rendered as checkboxes, as
`<select multiple>`, as several inputs of one name, or as one input joined with ", " (one per line
works too): all are read. Both `{"name": "x"}` and `{"name": ["x"]}` are read, so that
`dict(request.POST.lists())` can be passed as it is.

The policy
  default                     select: require_approval, deny
  default-flow                select of flow names; not read when the default is deny

Rules, N from 0, in the order of the document
  rules-N-id                  text, a slug
  rules-N-when-category       list: payments.transfer, payments.*, *
  rules-N-when-environment    list of environments; empty means any
  rules-N-when-labels         list of agent labels; empty means any
  rules-N-when-tiers          list of agent tiers; empty means any
  rules-N-then                select: allow, deny, require_approval
  rules-N-flow                select of flow names; read only for require_approval
  rules-N-separation          select or radios: yes, no (not a checkbox: one that is missing
                              means yes); read only for require_approval
  rules-N-note                textarea
  rules-N-step-up             checkbox with the value yes
  rules-N-login               checkbox with the value yes
  rules-N-delay               text, a duration such as 10m
  rules-N-attach-note         text
  rules-N-notify              list of people, as below

Conditions of rule N: either rows or one text, never both filled in
  rules-N-join                select: "" (all of them; one row alone stays as it is), all, any, not.
                              "not" means that none of the rows and groups may hold.
  rules-N-c-M-group           select: "" (directly in the rule) or a group's number from 1
  rules-N-c-M-field           text or select, a field's name: payload.amount, category.risk
  rules-N-c-M-op              select, an operator's name: gt, between, contains
  rules-N-c-M-value           text. Lists: separated by commas. For between: the smaller one.
  rules-N-c-M-value2          text, only for between: the larger one
  rules-N-g-K-join            select: all, any, not; how the rows of group K are joined
  rules-N-text                textarea in the text form (text_form.py); used by `to_fields` when the
                              tree is deeper than groups can show

Flows, N from 0; S, K and E count stages, seats and escalations from 0
  flows-N-name                text, a slug
  flows-N-s-S-name            text
  flows-N-s-S-deadline        text, a duration such as 4h
  flows-N-s-S-counting        select: "" (all_hours), all_hours, business_hours
  flows-N-s-S-reminders       list of durations, or "every 1h 5 times"
  flows-N-s-S-seat-K-who      select or text: a person or people, as below, or "groups"
  flows-N-s-S-seat-K-groups   list of groups; read only where who says "groups"
  flows-N-s-S-seat-K-count    number from 1 to 20; empty means 1
  flows-N-s-S-seat-K-but      list of people who do not fit, as below; empty means nobody
  flows-N-s-S-esc-E-after     text, a duration
  flows-N-s-S-esc-E-add       list of people, as below
  flows-N-s-S-esc-E-every     text, a duration: asked again so often
  flows-N-s-S-esc-E-times     number from 1 to 10: and so many times
  flows-N-s-S-esc-E-hand-over checkbox with the value yes

People are written group:finance, role:compliance, person:alice@example.com, anyone:approver or
manager:agent_owner.

Texts and values are written as they are. Where that would be read as something else (a number
kept as text, spaces at an end, a line break, a comma inside a list) they stand in double quotes
with JSON escapes: "10000". A payload value that looks like a number is one; likewise true, false.

What is left blank is left out: a row without field and value, and a rule, flow, stage, seat or
escalation in which nothing was typed (selects with a fixed choice do not count as typed). So
pages may always offer empty ones at the end. Other mistakes stay in the document, where the
parser finds them: an unreadable text form stays text, a count of "x" stays "x".

A long policy has more fields than a server takes at once (Django refuses more than 1,000). A page
may show one rule or flow alone: `replace_part(to_fields(document), "rules-3", sent)` are the
fields of the whole policy with that rule as it was sent.
"""

from __future__ import annotations

from collections.abc import Mapping

from approvals.policies.form_actions import change_fields
from approvals.policies.form_fields import AnyFields, Fields, read_names, replace_part
from approvals.policies.form_flows import as_items, read_flows, shown_text, write_flows
from approvals.policies.form_pointers import field_for
from approvals.policies.form_rules import read_rules, write_rule
from approvals.policies.parsing import VERSION, parse_policy
from approvals.policies.problems import PolicyInvalid, Problem
from approvals.policies.rules import DENY

__all__ = [
    "Fields",
    "change_fields",
    "field_for",
    "from_fields",
    "is_editable",
    "replace_part",
    "to_fields",
]


def to_fields(document: Mapping[str, object]) -> Fields:
    """The fields that show this document, normalised or not. Never fails on plain data.

    What does not fit a form because it has the wrong shape is left out; see `is_editable`.
    """
    fields: Fields = {
        "default": shown_text(document.get("default")),
        "default-flow": shown_text(document.get("default_flow")),
    }
    for index, rule in enumerate(as_items(document.get("rules"))):
        fields.update(write_rule(f"rules-{index}", rule))
    return {**fields, **write_flows(document.get("flows"))}


def from_fields(fields: AnyFields) -> tuple[dict[str, object], list[Problem]]:
    """The document that the fields say, and everything the parser finds wrong with it.

    The document comes back also with problems, so that half a rule can be kept in a draft. It
    says the same as the fields; problems point into it (`field_for` finds their inputs).
    """
    document, problems = _read(fields)
    try:
        parse_policy(document)
    except PolicyInvalid as error:
        problems.extend(error.problems)
    return document, problems


def _read(fields: AnyFields) -> tuple[dict[str, object], list[Problem]]:
    form, problems = read_names(fields), list[Problem]()
    document: dict[str, object] = {"version": VERSION}
    if default := form.text("default"):
        document["default"] = default
    default_flow = form.text("default-flow")
    if default_flow and default != DENY:
        document["default_flow"] = default_flow
    if flows := read_flows(form, problems):
        document["flows"] = flows
    document["rules"] = read_rules(form, problems)
    return document, problems


def is_editable(document: Mapping[str, object]) -> bool:
    """Whether the form shows all that the document says; true for every valid policy."""
    shown, _ = _read(to_fields(document))
    try:
        return parse_policy(shown) == parse_policy(document)
    except PolicyInvalid:
        return shown == document
