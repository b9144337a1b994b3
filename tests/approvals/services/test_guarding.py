"""Guardrails inside submit: what they refuse, ask, mask and warn of."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.enums import GuardrailStatus, RequestStatus
from approvals.guarding import shown_payload
from approvals.models import ActionRequest, GuardrailVersion, Requirement
from approvals.services.submission import Submission, digest_of, preview_action
from audit.models import LedgerEvent
from govapp.common.tenancy import tenant_transaction
from tests.approvals.world import FOUR_EYES, World, make_world, policy, stage
from tests.support.recorded import read

pytestmark = pytest.mark.django_db

IBAN = "DE89370400440532013000"
ALLOWING: dict[str, Any] = {
    **policy(stage("finance")),
    "default": "require_approval",
    "default_flow": "payments",
    "rules": [{"id": "all", "when": {"category": "payments.transfer"}, "then": "allow"}],
}
ALLOWING_ONLY = {
    "version": 1,
    "default": "deny",
    "flows": {},
    "rules": [{"id": "all", "when": {"category": "payments.transfer"}, "then": "allow"}],
}


def guard_with(world: World, *rules: dict[str, Any]) -> None:
    """Put rules in force, past the service."""
    with tenant_transaction(world.company.id):
        GuardrailVersion.objects.create(
            number=1,
            status=GuardrailStatus.LIVE,
            document={"rules": list(rules)},
            written_by=world.company.alice,
        )


def said_of(world: World, event_type: str, part: str) -> Any:
    """Return one part of the data of the one event of a type."""
    with tenant_transaction(world.company.id):
        return read(LedgerEvent.objects.get(type=event_type))["data"][part]


def rule(kind: str, action: str, **fields: Any) -> dict[str, Any]:
    return {"id": "r", "kind": kind, "action": action, **fields}


@pytest.mark.parametrize(
    ("action", "document", "status"),
    [
        ("refuse", ALLOWING, "blocked"),
        ("ask", ALLOWING, "pending"),
        ("mask", ALLOWING, "allowed"),
        ("warn", ALLOWING, "allowed"),
        ("refuse", FOUR_EYES, "blocked"),
        ("ask", FOUR_EYES, "pending"),
        ("warn", FOUR_EYES, "pending"),
        ("ask", ALLOWING_ONLY, "blocked"),  # nobody could be asked
        ("warn", ALLOWING_ONLY, "allowed"),
    ],
)
def test_each_action_leads_where_it_says(action: str, document: Any, status: str) -> None:
    world = make_world(document)
    guard_with(world, rule("pii", action))
    assert world.submit(payload={"amount": "1.00", "to": IBAN}).status == status


def test_a_refusal_says_why_in_words_and_with_its_code() -> None:
    world = make_world(ALLOWING)
    guard_with(world, rule("pii", "refuse"))
    made = world.submit(payload={"amount": "1.00", "to": IBAN})
    sentence = "The guardrails refuse it: IBAN at /payload/to (guardrail r)."
    assert made.because == sentence
    assert made.trace["refusals"] == [{"code": "guardrail_refused", "sentence": sentence}]
    assert said_of(world, "action_request.blocked", "refusals") == [
        {"code": "guardrail_refused", "sentence": sentence}
    ]


def test_a_person_is_asked_through_the_default_requirement() -> None:
    world = make_world(ALLOWING)
    guard_with(world, rule("pii", "ask"))
    made = world.submit(payload={"amount": "1.00", "to": IBAN})
    with tenant_transaction(world.company.id):
        assert [each.rule_id for each in Requirement.objects.all()] == ["default"]
    assert made.because == "The guardrails want a person: IBAN at /payload/to (guardrail r)."
    assert said_of(world, "action_request.submitted", "demands") == [
        {"code": "guardrail_ask", "sentence": made.because}
    ]


def test_without_a_default_requirement_it_is_refused_in_words() -> None:
    world = make_world(ALLOWING_ONLY)
    guard_with(world, rule("pii", "ask"))
    made = world.submit(payload={"amount": "1.00", "to": IBAN})
    assert made.because == (
        "The guardrails want a person: IBAN at /payload/to (guardrail r). The policy has no"
        " default requirement, so that nobody can be asked."
    )


def test_masking_keeps_what_executes_and_shows_readers_less() -> None:
    world = make_world(ALLOWING)
    guard_with(world, rule("topic", "mask", words=["falcon"]))
    payload = {"amount": "1.00", "note": "for Falcon"}
    made = world.submit(payload=payload, summary="Pay for falcon", reason="It is falcon.")
    submission = Submission("payments.transfer", "x", payload)
    with tenant_transaction(world.company.id):
        made = ActionRequest.objects.select_related("agent", "policy_version").get(pk=made.pk)
        assert made.payload_digest == digest_of(made.agent, submission, made.policy_version)
    assert made.payload == payload
    assert made.summary == "Pay for [topic ••••]"
    assert made.reason == "It is [topic ••••]."
    assert shown_payload(made.payload, made.trace) == {
        "amount": "1.00",
        "note": "for [topic ••••]",
    }


def test_rules_of_the_policy_can_look_at_what_was_found() -> None:
    document = {
        **FOUR_EYES,
        "rules": [
            {
                "id": "no-iban",
                "when": {
                    "category": "payments.transfer",
                    "conditions": {
                        "field": "guardrails.findings",
                        "op": "contains",
                        "value": "iban",
                    },
                },
                "then": "deny",
            },
            {"id": "all", "when": {"category": "payments.transfer"}, "then": "allow"},
        ],
    }
    world = make_world(document)
    assert world.submit(payload={"amount": "1.00"}).status == RequestStatus.ALLOWED
    refused = world.submit(payload={"amount": "1.00", "to": IBAN})
    assert refused.status == RequestStatus.BLOCKED
    assert refused.facts is not None
    assert refused.facts["guardrail_findings"] == ["iban", "pii"]


def test_what_was_found_is_in_the_event_without_a_sample() -> None:
    world = make_world(ALLOWING)
    made = world.submit(payload={"amount": "1.00", "to": IBAN})
    with tenant_transaction(world.company.id):
        event = LedgerEvent.objects.get(type="action_request.submitted", request_id=made.pk)
    body = bytes(event.body).decode()
    assert '"detector":"iban"' in body
    assert IBAN not in body
    assert "sample" not in body


def test_the_guardrails_cost_no_statement() -> None:
    world = make_world(ALLOWING)

    def statements() -> int:
        with CaptureQueriesContext(
            connection,
        ) as caught:
            world.submit()
        return len(caught)

    world.submit()  # reads the policy, which is kept from then on
    before = statements()
    guard_with(world, rule("pii", "warn"), {"id": "s", "kind": "secret", "action": "ask"})
    assert statements() == before


def test_a_document_that_cannot_be_read_refuses_everything() -> None:
    world = make_world(ALLOWING)
    guard_with(world, rule("pii", "shout"))
    made = world.submit()
    assert (made.status, made.because) == (
        "blocked",
        "The guardrails in force cannot be used.",
    )


def test_a_preview_says_what_the_guardrails_would_do() -> None:
    world = make_world(ALLOWING)
    guard_with(world, rule("pii", "refuse"))
    submission = Submission("payments.transfer", "Pay", {"amount": "1.00", "to": IBAN})
    with tenant_transaction(world.company.id):
        assert preview_action(agent=world.agent, submission=submission).outcome == "deny"
