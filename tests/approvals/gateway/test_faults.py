"""What an agent is told of the errors of a model's service."""

import json
from typing import Any

import pytest

from approvals.gateway.faults import error_of, upstream_fault
from approvals.gateway.whole import guard_words
from approvals.guardrails import Rule, RuleSet

IBAN = "DE89370400440532013000"
KEY = "vendor-key-of-acme-1234567890"


def said(message: object) -> bytes:
    return json.dumps({"error": {"message": message}}).encode()


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, said("Too many tokens."), (400, "upstream_rejected", "Too many tokens.")),
        (400, said(f"Bad {KEY}!"), (400, "upstream_rejected", "Bad ••••!")),
        (404, b"<html>", (404, "upstream_rejected",
         "The model's service answered with status 404.")),
        (400, said(7), (400, "upstream_rejected",
         "The model's service answered with status 400.")),
        (401, said(f"Incorrect API key provided: {KEY}"), (502, "upstream_refused_key",
         "The model's service does not accept the key of this organisation.")),
        (403, b"", (502, "upstream_refused_key",
         "The model's service does not accept the key of this organisation.")),
        (429, said("Slow down"), (429, "upstream_rate_limited",
         "The model's service is asked too much.")),
        (500, said("stack trace"), (502, "upstream_failed",
         "The model's service failed with status 500.")),
        (302, b"", (502, "upstream_failed", "The model's service failed with status 302.")),
    ],
)  # fmt: skip
def test_errors_go_on_without_the_key(
    status: int, body: bytes, expected: tuple[int, str, str]
) -> None:
    fault = upstream_fault(status, body, secrets=(KEY,))
    assert (fault.status, fault.code, fault.told) == expected
    assert fault.to_dict()["message"] == fault.told


def test_what_looks_like_a_key_is_masked_and_long_words_are_cut() -> None:
    fault = upstream_fault(400, said("token sk-abcdefghij0123456789abcdef x" * 90), secrets=())
    told, _ = guard_words(fault, RuleSet(0, ()), category="model.chat")
    assert "sk-abc" not in told.told
    assert len(told.told) == 500


def test_what_is_kept_is_the_status_and_none_of_the_services_words() -> None:
    fault = upstream_fault(422, said(f"Cannot pay to {IBAN}"), secrets=())
    assert fault.sentence == "The model's service answered with status 422."


@pytest.mark.parametrize(
    ("action", "told"),
    [
        ("warn", "Cannot pay to [IBAN ••••3000]"),
        ("mask", "Cannot pay to [IBAN ••••3000]"),
        ("refuse", "The model's service answered with status 422."),
        ("ask", "The model's service answered with status 422."),
    ],
)
def test_the_services_words_are_looked_through(action: Any, told: str) -> None:
    fault = upstream_fault(422, said(f"Cannot pay to {IBAN}"), secrets=())
    rules = RuleSet(1, (Rule("p", "pii", action),))
    shown, found = guard_words(fault, rules, category="model.chat")
    assert (shown.told, [each.action for each in found]) == (told, [action])


def test_a_number_across_the_end_of_what_is_told_is_masked_whole() -> None:
    fault = upstream_fault(422, said(f"{'x ' * 245}{IBAN}"), secrets=())
    rules = RuleSet(1, (Rule("p", "pii", "mask"),))
    shown, _ = guard_words(fault, rules, category="model.chat")
    assert shown.told == f"{'x ' * 245}[IBAN ••••"


def test_an_error_is_as_openai_writes_it() -> None:
    assert error_of(403, "killed", "No.", None) == {
        "message": "No.", "type": "permission_error", "param": None, "code": "killed",
    }  # fmt: skip
