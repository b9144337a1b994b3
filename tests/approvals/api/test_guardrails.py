"""`POST /api/v1/guardrails/check`, and what submissions answer of their findings."""

from typing import Any

import pytest

from tests.approvals.api.agents import make_caller

pytestmark = pytest.mark.django_db

URL = "/api/v1/guardrails/check"
IBAN = "DE89370400440532013000"


def test_a_text_is_answered_with_spans_and_a_redacted_copy() -> None:
    _, caller = make_caller()
    response = caller.post(URL, {"text": f"Pay {IBAN} with password=Winter2026!"})
    assert (response.status_code, response.json()) == (
        200,
        {
            "version": 0,
            "action": "ask",
            "findings": [
                {
                    "kind": "secret", "detector": "secret", "pointer": "", "start": 41, "end": 52,
                    "severity": "high", "sample": "[secret ••••]", "rule": "secrets",
                    "action": "ask", "in_name": False,
                },
                {
                    "kind": "pii", "detector": "iban", "pointer": "", "start": 4, "end": 26,
                    "severity": "medium", "sample": "[IBAN ••••3000]", "rule": "personal-data",
                    "action": "warn", "in_name": False,
                },
            ],
            "total": 2,
            "redacted": "Pay [IBAN ••••3000] with password=[secret ••••]",
        },
    )  # fmt: skip


def test_a_payload_keeps_its_form() -> None:
    _, caller = make_caller()
    body = caller.post(URL, {"payload": {"to": [IBAN], "n": 1}, "category": "a.b"}).json()
    assert [each["pointer"] for each in body["findings"]] == ["/payload/to/0"]
    assert body["redacted"] == {"to": ["[IBAN ••••3000]"], "n": 1}


def test_nothing_found_is_said_as_well() -> None:
    _, caller = make_caller()
    assert caller.post(URL, {"text": "Good morning"}).json() == {
        "version": 0, "action": None, "findings": [], "total": 0, "redacted": "Good morning",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"text": "a", "payload": {}}, 422),
        ({"text": 1}, 422),
        ({"payload": []}, 422),
        ({"text": "a", "more": 1}, 400),
        ({"text": "a", "category": "Not One"}, 422),
        ('{"text": "a", "text": "b"}', 400),
    ],
)
def test_what_is_no_check_is_refused(body: Any, status: int) -> None:
    _, caller = make_caller()
    assert caller.post(URL, body).status_code == status


def test_a_submission_answers_what_was_found() -> None:
    _, caller = make_caller()
    body = caller.submit(payload={"amount": "900.00", "to": IBAN}).json()
    assert [(each["detector"], each["pointer"], each["action"]) for each in body["guardrails"]] == [
        ("iban", "/payload/to", "warn")
    ]
    assert "guardrails" not in caller.submit().json()
