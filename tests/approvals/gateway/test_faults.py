"""What an agent is told of the errors of a model's service."""

import json

import pytest

from approvals.gateway.faults import error_of, upstream_fault

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
    assert (fault.status, fault.code, fault.sentence) == expected


def test_what_looks_like_a_key_is_masked_and_long_words_are_cut() -> None:
    fault = upstream_fault(400, said("token sk-abcdefghij0123456789abcdef x" * 90), secrets=())
    assert "sk-abc" not in fault.sentence
    assert len(fault.sentence) == 500


def test_an_error_is_as_openai_writes_it() -> None:
    assert error_of(403, "killed", "No.", None) == {
        "message": "No.", "type": "permission_error", "param": None, "code": "killed",
    }  # fmt: skip
