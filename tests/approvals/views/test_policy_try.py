"""Trying a request out: the whole trace, under any rules, and nothing written."""

import pytest

from approvals.models import ActionRequest, PolicyDraft
from approvals.policies import dump_policy, parse_policy
from audit.models import LedgerEvent
from govapp.common.tenancy import tenant_transaction
from tests.approvals.views.conftest import Login, Site
from tests.approvals.views.test_policy_who import words
from tests.approvals.world import FOUR_EYES, Document

pytestmark = pytest.mark.django_db

LARGE: Document = {
    "id": "large",
    "when": {
        "category": "payments.transfer",
        "conditions": {"field": "payload.amount", "op": "gt", "value": 1000},
    },
    "then": "deny",
}
PURPOSE: Document = {
    "id": "purpose",
    "when": {
        "category": "payments.transfer",
        "conditions": {"field": "payload.purpose", "op": "eq", "value": "crypto"},
    },
    "then": "deny",
}


def address(site: Site, under: str = "") -> str:
    agent = site.world.agent.public_id
    return site.url(f"policy/try/?agent={agent}&category=payments.transfer&under={under}")


def draft_of(site: Site, *rules: Document) -> PolicyDraft:
    made = FOUR_EYES | {"rules": [*FOUR_EYES["rules"], *rules]}
    with tenant_transaction(site.world.company.id):
        return PolicyDraft.objects.create(
            title="Stricter",
            source=dump_policy(parse_policy(made)),
            created_by=site.world.company.carl,
            saved_by=site.world.company.carl,
        )


def test_the_form_comes_from_the_schema_and_nothing_is_written(site: Site, login: Login) -> None:
    client = login(site.world.company.carl)
    page = client.get(address(site))
    assert 'name="payload.amount"' in page.content.decode()
    with tenant_transaction(site.world.company.id):
        before = ActionRequest.objects.count(), LedgerEvent.objects.count()
    answer = client.post(address(site), {"payload.amount": "900.00", "environment": "production"})
    assert answer.status_code == 200
    shown = words(answer.content)
    assert "1 from Finance and 1 from Risk must approve within 4 hours" in shown
    assert "payments require approval matched it applies to payments.transfer" in shown
    with tenant_transaction(site.world.company.id):
        assert (ActionRequest.objects.count(), LedgerEvent.objects.count()) == before


def test_under_a_draft_each_rule_says_why(site: Site, login: Login) -> None:
    draft = draft_of(site, LARGE, PURPOSE)
    client = login(site.world.company.audrey)
    sent = {"payload.amount": "900.00", "environment": "production"}
    answer = client.post(address(site, draft.public_id), sent)
    shown = words(answer.content)
    assert "All (3)" in shown
    assert "Could not be evaluated (1)" in shown
    assert "purpose is missing, so the rule counts as matched" in shown
    assert "amount 900.00 is not over 1000" in shown
    assert [(line.rule_id, line.verdict) for line in answer.context["lines"]] == [
        ("payments", "matched"),
        ("purpose", "unevaluable"),
        ("large", "not_matched"),
    ]


def test_json_is_taken_instead_and_its_mistakes_are_said(site: Site, login: Login) -> None:
    client = login(site.world.company.olivia)
    sent = {"payload_json": '{"amount": "7.00"}', "environment": "production"}
    assert client.post(address(site), sent).context["outcome"] == "require_approval"
    wrong = client.post(address(site), sent | {"payload_json": "{"})
    assert wrong.status_code == 422
    assert "This is not json" in words(wrong.content)
    misfit = client.post(address(site), sent | {"payload_json": "{}"})
    assert misfit.context["outcome"] == "deny"
    assert "does not fit its schema" in words(misfit.content)


def test_rules_that_cannot_be_tried(site: Site, login: Login) -> None:
    client = login(site.world.company.carl)
    with tenant_transaction(site.world.company.id):
        broken = PolicyDraft.objects.create(
            source="version: 1\n",
            created_by=site.world.company.carl,
            saved_by=site.world.company.carl,
        )
    page = words(client.get(address(site, broken.public_id)).content)
    assert "These rules cannot be used yet" in page
    assert client.get(address(site, "pd_x")).status_code == 404
    assert client.get(address(site, "pv_x")).status_code == 404
