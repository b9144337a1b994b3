"""The same sentence for a rule on the request's page, in the API and in the explanation."""

import pytest

from approvals.api.answers import answer_for
from approvals.selectors.action_page import find_request, read_action_page
from approvals.selectors.trace import TraceLine, count_verdicts, read_trace
from audit.explain import explain_request
from govapp.common.tenancy import tenant_transaction
from tests.approvals.world import FOUR_EYES, make_world

pytestmark = pytest.mark.django_db

RULES = [
    *FOUR_EYES["rules"],
    {
        "id": "crypto",
        "when": {
            "category": "payments.transfer",
            "conditions": {"field": "payload.amount", "op": "gt", "value": 1000},
        },
        "then": "deny",
    },
]


def test_page_interface_and_explanation_say_the_same() -> None:
    world = make_world(FOUR_EYES | {"rules": RULES})
    request = world.submit()
    with tenant_transaction(world.company.id):
        found = find_request(request.public_id)
        page = read_action_page(found, world.company.carl)
        answer = answer_for(found, tenant_slug="acme", with_trace=True)
        explained = explain_request(request.pk)
    assert page.trace == (
        TraceLine("payments", "require_approval", "matched", "it applies to payments.transfer", ()),
        TraceLine(
            "crypto",
            "deny",
            "not_matched",
            "amount 900.00 is not over 1000",
            (("payload.amount", "900.00"),),
        ),
    )
    assert answer.policy.trace is not None
    assert [line.because for line in answer.policy.trace] == [line.because for line in page.trace]
    (rules,) = (part for part in explained.sections if part.title == "Which rules applied")
    assert [each.text for each in rules.sentences[1:]] == [
        "Rule payments wants the approval of people, because it applies to payments.transfer.",
        (
            "What rule payments says: When payments.transfer: 1 from Finance and 1 from Risk must"
            " approve within 4 hours; nobody answering means it expires."
        ),
    ]


def test_a_large_trace_is_cut_in_the_interface_and_counted() -> None:
    rules = [
        {"id": f"r{number}", "when": {"category": "crm.update"}, "then": "deny"}
        for number in range(250)
    ]
    world = make_world(FOUR_EYES | {"rules": [*rules, *FOUR_EYES["rules"]]})
    request = world.submit()
    with tenant_transaction(world.company.id):
        answer = answer_for(request, tenant_slug="acme", with_trace=True)
        small = answer_for(request, tenant_slug="acme")
    assert answer.policy.trace is not None
    assert (len(answer.policy.trace), answer.policy.trace_total) == (200, 251)
    assert answer.policy.trace[0].id == "payments"
    assert (small.policy.trace, small.policy.trace_total) == (None, None)


def test_verdicts_are_counted() -> None:
    kinds = ("not_matched", "matched", "unevaluable", "not_matched")
    lines = read_trace({"rules": [{"rule_id": kind, "verdict": kind} for kind in kinds]})
    assert [line.verdict for line in lines] == [
        "matched", "unevaluable", "not_matched", "not_matched",
    ]  # fmt: skip
    assert count_verdicts(lines) == [
        ("matched", "matched", 1),
        ("unevaluable", "could not be evaluated", 1),
        ("not_matched", "did not match", 2),
    ]
