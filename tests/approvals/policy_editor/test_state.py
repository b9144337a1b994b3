"""A page put together again: the text, and the inputs of the part that is open."""

from typing import Any

import pytest

from approvals.policies import load_policy
from approvals.policy_editor.actions import act
from approvals.policy_editor.pages import build_page
from approvals.policy_editor.state import EditorState, fields_of, read_source, read_state
from approvals.policy_editor.vocabulary import KnownCategory, PayloadField, Vocabulary

SOURCE = """\
# Whoever changes this: the limits are the board's.
version: 1
default: require_approval
default_flow: four-eyes
flows:
  four-eyes:
    stages:
      - name: Review
        seats: [{group: finance}, {group: risk}]
        deadline: 4h
  one:
    stages:
      - name: Review
        seats: [{group: finance}]
        deadline: 8h
rules:
  # small ones
  - id: small
    when:
      category: payments.transfer
      conditions: {field: payload.amount, op: lte, value: "1000"}
    then: allow
  - id: large
    when: {category: payments.*}
    then: require_approval
    flow: four-eyes
  - id: crypto
    when: {category: payments.*}
    then: deny
"""
VOCABULARY = Vocabulary(
    categories=(
        KnownCategory(
            "payments.transfer",
            "Bank transfer",
            (PayloadField("amount", "Amount", "number"), PayloadField("known", "Known", "boolean")),
        ),
    ),
    groups=(("finance", "Finance"), ("risk", "Risk")),
    people=(("alice@acme.example", "Alice"),),
    labels=(),
    environments=("production",),
    agents=(),
    integrations=(),
)


def sent(state: EditorState, **more: Any) -> dict[str, list[str]]:
    """What a browser sends of this page: lists everywhere, line ends as on the wire."""
    page = {"source": state.source.replace("\n", "\r\n"), "open": state.open} | state.fields | more
    return {
        name.replace("__", "-"): [value] if isinstance(value, str) else list(value)
        for name, value in page.items()
    }


def opened(key: str, source: str = SOURCE) -> EditorState:
    state = read_source(source)
    state.open_part(key)
    assert state.open == key
    return state


def resent(state: EditorState, **more: Any) -> EditorState:
    return read_state(sent(state, **more), VOCABULARY)


KEYS = ["rules-0", "rules-1", "rules-2", "flows-0", "flows-1", "otherwise"]


@pytest.mark.parametrize("key", KEYS)
def test_opening_and_closing_changes_no_letter(key: str) -> None:
    state = resent(opened(key))
    act(state, "close:")
    assert state.source == SOURCE
    assert state.problems() == ()


@pytest.mark.parametrize("key", KEYS)
def test_the_form_shows_all_that_it_needs_to_send(key: str) -> None:
    """What the page draws, sent back as it is, is what the document said."""
    state = opened(key)
    page = build_page(state, VOCABULARY)
    assert page.faults == ()
    assert [card.key for card in (*page.rules, *page.flows, page.otherwise) if card.is_open] == [
        key
    ]


def test_a_changed_value_changes_its_line_and_keeps_the_comments() -> None:
    state = opened("rules-0")
    name = "rules-0-c-0-value"
    assert state.fields[name] == '"1000"' or state.fields[name] == "1000"
    after = resent(state, **{name: "2500"})
    assert "# Whoever changes this" in after.source
    assert "# small ones" in after.source
    assert load_policy(after.source).document["rules"][0]["when"]["conditions"]["value"] == 2500  # type: ignore[index]
    changed = [
        line
        for line, former in zip(after.source.split("\n"), SOURCE.split("\n"), strict=True)
        if line != former
    ]
    assert changed == ["      conditions: {field: payload.amount, op: lte, value: 2500}"]


def test_a_new_name_of_a_flow_is_followed_by_rules_and_default() -> None:
    after = resent(opened("flows-0"), **{"flows-0-name": "two-people"})
    policy = load_policy(after.source)
    assert list(policy.flows) == ["two-people", "one"]
    assert (policy.rules[1].flow, policy.default_flow) == ("two-people", "two-people")
    assert after.source == SOURCE.replace("four-eyes", "two-people")


@pytest.mark.parametrize("name", ["", "one"])
def test_a_name_that_cannot_be_is_refused_and_nothing_goes(name: str) -> None:
    after = resent(opened("flows-0"), **{"flows-0-name": name})
    assert list(after.refused) == ["flows-0-name"]
    assert after.source == SOURCE


def test_a_rule_emptied_stays_until_somebody_removes_it() -> None:
    state = opened("rules-2")
    blank = dict.fromkeys(state.fields, "")
    after = resent(state, **blank)
    assert len(after.rules) == 3
    page = build_page(after, VOCABULARY)
    assert page.policy is None
    assert page.rules[0].is_finished
    assert page.rules[2].sentence == "This rule is not finished yet."
    assert {fault.key for fault in page.faults} == {"rules-2"}


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("rules-0-down", ["large", "small", "crypto"]),
        ("rules-2-up", ["small", "crypto", "large"]),
        ("rules-0-up", ["small", "large", "crypto"]),
        ("rules-2-down", ["small", "large", "crypto"]),
        ("rules-1-remove", ["small", "crypto"]),
        ("rules-1-duplicate", ["small", "large", "large-copy", "crypto"]),
        ("rules-9-remove", ["small", "large", "crypto"]),
        ("anything", ["small", "large", "crypto"]),
    ],
)
def test_rules_are_moved_copied_and_removed(action: str, expected: list[str]) -> None:
    state = read_source(SOURCE)
    act(state, action)
    policy = load_policy(state.source)
    assert [rule.id for rule in policy.rules] == expected
    assert "# Whoever changes this" in state.source


def test_a_new_rule_opens_at_the_end_and_complains_of_nothing_yet() -> None:
    state = read_source(SOURCE)
    act(state, "add:rules")
    assert (state.open, len(state.rules), state.focus) == ("rules-3", 4, "first")
    page = build_page(state, VOCABULARY)
    assert page.rule is not None
    assert page.rule.categories.errors == ()
    later = build_page(resent(state), VOCABULARY)
    assert later.rule is not None
    assert len(later.rule.categories.errors) == 1


def test_conditions_are_added_in_rows_and_groups_and_blank_ones_stay() -> None:
    state = opened("rules-0")
    act(state, "rules-0-c-add")
    act(state, "rules-0-g-add")
    assert state.focus == "f-rules-0-c-2-field"
    page = build_page(resent(state), VOCABULARY)
    assert page.rule is not None
    parts = page.rule.conditions.parts
    assert [(part.number, len(part.rows)) for part in parts] == [("", 2), ("1", 1)]
    assert state.source == SOURCE  # a blank row says nothing


def test_another_field_begins_with_a_comparison_that_fits() -> None:
    state = opened("rules-0")
    state.fields["rules-0-c-0-was"] = "payload.amount"
    after = resent(state, **{"rules-0-c-0-field": "payload.known"})
    assert (after.fields["rules-0-c-0-op"], after.fields["rules-0-c-0-value"]) == ("eq", "true")
    assert after.problems() == ()


def test_rows_become_text_and_rows_again() -> None:
    state = opened("rules-0")
    act(state, "rules-0-as-text")
    assert state.fields["rules-0-text"] == 'payload.amount <= "1000"'
    assert build_page(state, VOCABULARY).rule.conditions.is_text  # type: ignore[union-attr]
    wrong = resent(state, **{"rules-0-text": "payload.amount >"})
    page = build_page(wrong, VOCABULARY)
    assert page.rule is not None
    assert page.rule.conditions.text.value == "payload.amount >"
    assert len(page.rule.conditions.text.errors) == 1
    act(wrong, "rules-0-as-rows")
    assert wrong.fields["rules-0-text"] == ["payload.amount >"]
    act(state, "rules-0-as-rows")
    assert build_page(state, VOCABULARY).rule.conditions.is_text is False  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["rules: [", "- a\n- b\n", "just words", "", "rules: {a: 1}"])
def test_a_text_that_is_no_document_is_shown_as_text_and_kept(text: str) -> None:
    state = read_state({"source": [text], "open": ["rules-0"], "rules-0-id": ["x"]}, VOCABULARY)
    assert (state.source, state.document, state.is_text) == (text, None, True)
    assert len(state.problems()) == 1
    act(state, "view:rules")
    assert state.is_text


def test_the_fields_of_a_part_are_its_own() -> None:
    document = read_source(SOURCE).document
    assert document is not None
    for key in KEYS[:-1]:
        assert all(name.startswith(f"{key}-") for name in fields_of(document, key))
    assert set(fields_of(document, "otherwise")) == {"default", "default-flow"}
