"""Rules in sentences, and what differs between two sets of them."""

from dataclasses import replace

import pytest

from approvals.guardrails import DEFAULT_RULES, Rule, RuleSet, compare_rules, describe_rule

PII = Rule("r", "pii", "ask")


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (Rule("r", "secret", "refuse"), "When secrets are found, it is refused."),
        (PII, "When personal data is found, a person has to approve."),
        (
            Rule("r", "pii", "mask", categories=("crm.*",), detectors=("iban", "email")),
            "When personal data (IBAN, e-mail address) is found in crm.*, readers see it masked.",
        ),
        (
            Rule("r", "topic", "warn", words=("falcon",), patterns=("ACQ-.*",)),
            "When something mentions “falcon” or what matches ACQ-.*, readers are warned.",
        ),
        (
            Rule("r", "topic", "refuse", words=("invoice",), is_allowed_only=True),
            "When nothing mentions “invoice”, it is refused.",
        ),
        (
            Rule("r", "output", "ask", at="/payload/body", max_characters=5000, fields=("a",)),
            (
                "When what stands at /payload/body has more than 5,000 characters or has no"
                " field a, a person has to approve."
            ),
        ),
    ],
)
def test_a_rule_is_one_sentence(rule: Rule, sentence: str) -> None:
    assert describe_rule(rule) == sentence


def test_equal_rules_do_not_differ_in_whatever_order() -> None:
    turned = RuleSet(9, DEFAULT_RULES.rules[::-1])
    assert compare_rules(DEFAULT_RULES, turned) == ()


@pytest.mark.parametrize(
    ("after", "what", "is_looser"),
    [
        (replace(PII, action="refuse"), "changed", False),
        (replace(PII, action="warn"), "changed", True),
        (replace(PII, detectors=("iban",)), "changed", True),
        (replace(PII, categories=("a.*",)), "changed", True),
        (None, "removed", True),
    ],
)
def test_what_changes_says_whether_it_looks_looser(
    after: Rule | None, what: str, is_looser: bool
) -> None:
    changes = compare_rules(RuleSet(1, (PII,)), RuleSet(2, (after,) if after else ()))
    assert [(each.what, each.is_looser) for each in changes] == [(what, is_looser)]


def test_a_rule_that_is_added_is_not_looser() -> None:
    changes = compare_rules(RuleSet(1, ()), RuleSet(2, (PII,)))
    assert [(each.what, each.before, each.is_looser) for each in changes] == [("added", "", False)]
