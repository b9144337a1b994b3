"""Scanning and masking, by example; and that hostile sizes end soon."""

from typing import Any

import pytest

from approvals.guardrails import (
    DEFAULT_RULES,
    Rule,
    RuleSet,
    cleaned,
    detecting,
    limits,
    names_in,
    redact,
    scan,
    scanning,
    weigh,
)

IBAN = "DE89370400440532013000"


def one(kind: Any, action: Any = "mask", **fields: Any) -> RuleSet:
    return RuleSet(1, (Rule("r", kind, action, **fields),))


def test_a_payload_is_looked_through_in_names_texts_and_numbers() -> None:
    payload = {"to": [IBAN], "n": 4111111111111111, "phone": "1234", "a@b.example": True}
    found = scan({"payload": payload}, one("pii"))
    assert [
        (each.detector, each.pointer, each.start, each.end, each.in_name) for each in found
    ] == [
        ("iban", "/payload/to/0", 0, 22, False),
        ("card", "/payload/n", 0, 16, False),
        ("phone", "/payload/phone", 0, 4, False),
        ("email", "/payload/…3", 0, 11, True),
    ]
    assert redact({"payload": payload}, found)["payload"] == {
        "to": ["[IBAN ••••3000]"],
        "n": "[card number ••••1111]",
        "phone": "[phone number ••••34]",
        "[e-mail address ••••]": True,
    }


def test_the_defaults_ask_about_secrets_and_warn_of_personal_data() -> None:
    verdict = weigh(scan(f"pay {IBAN} with password=Winter2026!", DEFAULT_RULES))
    assert (verdict.action, verdict.sentence, verdict.warnings) == (
        "ask",
        "secret at the whole (guardrail secrets)",
        ("IBAN at the whole",),
    )
    assert verdict.names == {"pii", "iban", "secret"}


def test_a_rule_looks_only_at_its_categories_and_detectors() -> None:
    rules = one("pii", categories=("payments.*",), detectors=("iban",))
    text = f"{IBAN} a.b@example.com"
    assert names_in(scan(text, rules, category="payments.transfer")) == {"pii", "iban"}
    assert scan(text, rules, category="paymentsx.transfer") == ()
    assert scan(text, rules, category="payments") == ()


def test_what_only_masking_brings_together_is_masked_as_well() -> None:
    rules = one("topic", words=("secret plan",), patterns=("[0-9]",))
    # Without the digit the words stand beside each other; with its mask they still do not.
    assert cleaned("the secret plan 9", rules) == "the [topic ••••] [topic ••••]"
    assert cleaned("anything", one("topic", patterns=(".",))) == "••••"


@pytest.mark.parametrize(
    ("fields", "value", "detectors"),
    [
        ({"max_characters": 3}, {"body": "long"}, ["too_long"]),
        ({"max_characters": 4}, {"body": "long"}, []),
        ({"must_match": ("^Dear",)}, {"body": "Hello"}, ["must_match"]),
        ({"must_match": ("^Dear",)}, {"body": "Dear Ms Berg"}, []),
        ({"must_not_match": ("(?i)guarantee",)}, {"body": "We Guarantee it"}, ["must_not_match"]),
        ({"at": "/body", "must_match": ("x",)}, {"other": "x"}, ["must_match"]),
        ({"at": "/body", "fields": ("a.b", "c")}, {"body": '{"a": {"b": 1}}'}, ["missing_field"]),
        ({"at": "/body", "fields": ("a",)}, {"body": "no JSON"}, ["missing_field"]),
        ({"fields": ("body",)}, {"body": None}, []),
    ],
)
def test_an_output_is_held_to_what_its_rule_says(
    fields: dict[str, Any], value: Any, detectors: list[str]
) -> None:
    assert [each.detector for each in scan(value, one("output", **fields))] == detectors


def test_only_the_allowed_topics_are_on_topic() -> None:
    rules = one("topic", "refuse", words=("invoice",), is_allowed_only=True)
    assert scan({"a": "the Invoice of May"}, rules) == ()
    assert [each.detector for each in scan({"a": "a poem"}, rules)] == ["off_topic"]


@pytest.mark.parametrize(
    "value",
    [
        "a" * (limits.CHARACTERS + 1),
        ["x"] * (limits.NODES + 1),
        {"k" * limits.CHARACTERS: ["a", "b"]},
    ],
)
def test_what_is_too_large_is_a_finding_of_every_rule(value: Any) -> None:
    found = scan(value, DEFAULT_RULES)
    assert [each.rule for each in found if each.detector == "unscanned"] == [
        rule.id for rule in DEFAULT_RULES.rules
    ]


def test_nesting_without_end_is_no_way_past() -> None:
    value: Any = "x"
    for _ in range(5_000):
        value = [value]
    assert {each.detector for each in scan(value, DEFAULT_RULES)} == {"unscanned"}
    assert cleaned(value, DEFAULT_RULES, all_actions=True) == value


def test_each_text_is_handed_to_a_detector_once_however_many_rules_ask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps: list[int] = []

    def counted(kind: Any, piece: Any) -> Any:
        steps.append(len(piece.text))
        return detecting.detect(kind, piece)

    monkeypatch.setattr(scanning, "detect", counted)
    rules = RuleSet(1, tuple(Rule(f"r{n}", "pii", "warn") for n in range(50)))
    for size in (1_000, 10_000, 100_000):
        steps.clear()
        scan({"a": "4" * size, "b": ["+1" * 50] * 10}, rules)
        assert sum(steps) == size + 10 * 100 + 2


def test_many_finds_of_a_pattern_become_one_for_the_rest() -> None:
    found = scan("ab" * 1_000, one("topic", patterns=("a(.*c)?",)))
    assert len(found) == limits.FOUND_BY_PATTERN + 1
    assert (found[-1].start, found[-1].end) == (100, 2_000)


def test_a_name_that_is_a_secret_stands_in_no_pointer() -> None:
    found = scan({"payload": {"AKIAIOSFODNN7EXAMPLE": "x"}}, DEFAULT_RULES)
    assert [each.pointer for each in found] == ["/payload/[secret ••••]…0"]
