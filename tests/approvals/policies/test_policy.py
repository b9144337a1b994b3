from __future__ import annotations

import hashlib
from typing import Any

import rfc8785

from approvals.policies import parse_policy
from approvals.policies.policy import canonical_json
from tests.approvals.policies.builders import compare, document, rule


def full() -> dict[str, Any]:
    return document(
        rule(
            "a",
            category="*",
            environment="production",
            agent={"labels": "finance"},
            note="Größe \u2028 \U0001f600 \x7f\n\t",
            conditions={
                "any": [
                    compare("payload.amount", "gt", 10.0),
                    compare("payload.rate", "eq", 0.0001),
                    compare("payload.big", "eq", 123456789.125),
                    compare("payload.\uff5e", "in", ["\ue000", "\U00010000"]),
                ]
            },
        )
        | {"note": "Größe \u2028 \U0001f600\n\t"}
    )


def test_the_document_is_normalised() -> None:
    assert parse_policy(full()).document["rules"] == [
        {
            "id": "a",
            "when": {
                "category": ["*"],
                "environment": ["production"],
                "agent": {"labels": ["finance"]},
                "conditions": {
                    "any": [
                        {"field": "payload.amount", "op": "gt", "value": 10},
                        {"field": "payload.rate", "op": "eq", "value": 0.0001},
                        {"field": "payload.big", "op": "eq", "value": 123456789.125},
                        {
                            "field": "payload.\uff5e",
                            "op": "in",
                            "value": ["\ue000", "\U00010000"],
                        },
                    ]
                },
            },
            "then": "require_approval",
            "flow": "four-eyes",
            "separation_of_duties": True,
            "note": "Größe \u2028 \U0001f600\n\t",
        }
    ]


def test_the_digest_is_over_rfc_8785() -> None:
    made = parse_policy(full())

    assert canonical_json(made.document) == rfc8785.dumps(made.document)  # type: ignore[arg-type]
    digest = hashlib.sha256(rfc8785.dumps(made.document)).hexdigest()  # type: ignore[arg-type]
    assert made.digest == f"sha256:{digest}"


def test_two_ways_to_write_the_same_policy_have_one_digest() -> None:
    first = parse_policy(document(rule(category="a.b")))
    made = document(rule(category=["a.b"], separation_of_duties=True))
    stage = {
        "deadline": "PT240M",
        "name": "Review",
        "seats": [{"count": 1, "group": "finance"}],
        "reminders": [],
    }
    made["flows"] = {**made["flows"], "one": {"stages": [stage]}}

    assert parse_policy(made).digest == first.digest
    assert parse_policy(made) == first


def test_any_difference_changes_the_digest() -> None:
    digests = {
        parse_policy(made).digest
        for made in (
            document(),
            document(default="deny"),
            document(rule()),
            document(rule(note="x")),
            document(rule(separation_of_duties=False)),
            document(rule(), rule("b")),
            document(rule("b"), rule()),
        )
    }

    assert len(digests) == 7
