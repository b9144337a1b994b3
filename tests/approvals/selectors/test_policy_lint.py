"""Remarks about a policy, in the words that its writer reads."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.enums import Risk
from approvals.models import ActionCategory
from approvals.policies import parse_policy
from approvals.selectors.policy_lint import Lint, lint_policy
from govapp.common.tenancy import tenant_transaction
from tests.approvals.world import World, give_right, make_world, stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None) -> World:
    """Two people in each group, so that no quorum hangs on one of them; an undoable category."""
    made = make_world()
    for group in (made.company.finance, made.company.risk):
        made.approvers_named(group, f"{group.slug}-deputy")
    with tenant_transaction(made.company.id):
        ActionCategory.objects.update(risk=Risk.LOW, is_reversible=True)
    return made


def document(*rules: dict[str, Any], seats: Any = ("finance",), **more: Any) -> dict[str, Any]:
    return {
        "version": 1,
        "default": "deny",
        "flows": {"review": {"stages": [stage(*seats)]}},
        "rules": list(rules),
    } | more


def rule(rule_id: str = "payments", then: str = "require_approval", **when: Any) -> dict[str, Any]:
    made = {"id": rule_id, "when": {"category": "payments.transfer"} | when, "then": then}
    return made | ({"flow": "review"} if then == "require_approval" else {})


def lint(world: World, made: dict[str, Any]) -> list[tuple[str, str, str]]:
    with tenant_transaction(world.company.id):
        return [
            (each.severity, each.pointer, each.sentence) for each in lint_policy(parse_policy(made))
        ]


def test_a_sound_policy_leaves_nothing_to_say(world: World) -> None:
    assert lint(world, document(rule())) == []


def test_what_cannot_be_published_is_an_error(world: World) -> None:
    assert lint(world, document(rule(), seats=(("finance", 3),))) == [
        (
            "error",
            "/flows/review",
            "Flow review can never be completed: it needs 3 different people (3 from Finance),"
            " and with everybody seated it still lacks 1 more from Finance.",
        )
    ]


def test_only_one_person_can_approve(world: World) -> None:
    assert lint(world, document(rule(), seats=("managers",))) == [
        (
            "warning",
            "/rules/0/flow",
            "Rule payments, category payments.transfer: only one person can approve this,"
            " Charlie; add somebody else.",
        )
    ]


def test_a_quorum_that_needs_one_certain_person(world: World) -> None:
    assert lint(world, document(rule(), seats=("managers", "finance"))) == [
        (
            "warning",
            "/rules/0/flow",
            "Rule payments, category payments.transfer: Charlie has to be one of those who"
            " approve; nobody can take their place when they are away.",
        )
    ]


def test_a_quorum_without_margin(world: World) -> None:
    assert lint(world, document(rule(), seats=(("finance", 2),))) == [
        (
            "warning",
            "/rules/0/flow",
            "Rule payments, category payments.transfer: no margin; it can no longer be completed"
            " when Alice or Finance-deputy is away.",
        )
    ]


def test_allowing_without_conditions_and_what_is_grave(world: World) -> None:
    with tenant_transaction(world.company.id):
        ActionCategory.objects.update(risk=Risk.HIGH)
        ActionCategory.objects.create(key="payments.hold", name="Hold", risk=Risk.LOW)
    assert lint(world, document(rule("free", "allow", category="payments.*"))) == [
        (
            "warning",
            "/rules/0/when",
            "Rule free allows payments.* without any condition: nobody is asked, whatever the"
            " request says.",
        ),
        (
            "warning",
            "/rules/0/when/category",
            "Rule free allows payments.transfer without asking anybody, although its risk is high"
            " or critical.",
        ),
        (
            "hint",
            "/rules/0/when/category",
            "Rule free allows payments.hold without asking anybody, although it cannot be undone.",
        ),
    ]


def statements(world: World, made: dict[str, Any]) -> int:
    with tenant_transaction(world.company.id), CaptureQueriesContext(connection) as seen:
        lint_policy(parse_policy(made))
    return len(seen)


def test_statements_do_not_grow_with_rules(world: World) -> None:
    for number in range(3):
        with tenant_transaction(world.company.id):
            made = ActionCategory.objects.create(key=f"records.{number}", name="Records")
            give_right(made, world.company.finance)
    few = document(rule("one"))
    many = document(
        *(rule(f"r{number}", category=["payments.*", "records.*"]) for number in range(30)),
        rule("deny", "deny", category="*", environment="staging"),
    )
    assert (statements(world, few), statements(world, many)) == (7, 7)


def test_a_remark_as_json() -> None:
    assert Lint("hint", "/rules/0", "Look here.").to_dict() == {
        "severity": "hint",
        "pointer": "/rules/0",
        "sentence": "Look here.",
    }
