"""Documents of guardrails: what is read, and what is wrong with the others."""

from typing import Any

import pytest

from approvals.guardrails import DEFAULT_RULES, GuardrailsInvalid, parse_rules

PII = {"id": "a", "kind": "pii", "action": "warn"}
TOPIC = {"id": "a", "kind": "topic", "action": "refuse", "words": ["falcon"]}
OUTPUT = {"id": "a", "kind": "output", "action": "ask", "at": "/payload/body", "fields": ["x"]}


@pytest.mark.parametrize("rule", [PII, TOPIC, OUTPUT])
def test_what_was_read_is_written_alike_and_read_again(rule: dict[str, Any]) -> None:
    rules = parse_rules({"rules": [rule]}, number=7)
    assert rules.number == 7
    assert rules.to_document() == {"rules": [{"categories": ["*"], **rule}]}
    assert parse_rules(rules.to_document(), number=7) == rules


def test_the_defaults_are_a_document_like_any_other() -> None:
    assert parse_rules(DEFAULT_RULES.to_document()) == DEFAULT_RULES


@pytest.mark.parametrize(
    ("document", "places"),
    [
        (None, [""]),
        ([], [""]),
        ({"rules": {}}, [""]),
        ({"rules": [], "more": 1}, [""]),
        ({"rules": [1]}, ["/rules/0"]),
        ({"rules": [{}]}, ["/rules/0/kind", "/rules/0/action", "/rules/0/id"]),
        ({"rules": [PII, PII]}, ["/rules/1/id"]),
        ({"rules": [PII | {"kind": "other"}]}, ["/rules/0/kind"]),
        ({"rules": [PII | {"words": ["a"]}]}, ["/rules/0/words"]),
        ({"rules": [PII | {"detectors": ["secret"]}]}, ["/rules/0/detectors/0"]),
        ({"rules": [PII | {"categories": ["A b"]}]},
         ["/rules/0/categories/0", "/rules/0/categories"]),
        ({"rules": [TOPIC | {"words": []}]}, ["/rules/0"]),
        ({"rules": [TOPIC | {"words": [" "]}]}, ["/rules/0/words/0"]),
        ({"rules": [TOPIC | {"patterns": ["(a"]}]}, ["/rules/0/patterns/0"]),
        ({"rules": [TOPIC | {"patterns": ["a{900}{900}"]}]}, ["/rules/0/patterns/0"]),
        ({"rules": [TOPIC | {"words": ["\ud800"]}]}, ["/rules/0/words/0"]),
        ({"rules": [TOPIC | {"is_allowed_only": 1}]}, ["/rules/0/is_allowed_only"]),
        ({"rules": [OUTPUT | {"at": "body"}]}, ["/rules/0/at"]),
        ({"rules": [OUTPUT | {"max_characters": 0}]}, ["/rules/0/max_characters"]),
        ({"rules": [OUTPUT | {"max_characters": True}]}, ["/rules/0/max_characters"]),
        ({"rules": [OUTPUT | {"fields": []}]}, ["/rules/0"]),
        ({"rules": [PII | {"id": f"r{n}"} for n in range(101)]}, ["/rules"]),
    ],
)  # fmt: skip
def test_every_mistake_has_its_place(document: Any, places: list[str]) -> None:
    with pytest.raises(GuardrailsInvalid) as refused:
        parse_rules(document)
    assert [each.pointer for each in refused.value.problems] == places
