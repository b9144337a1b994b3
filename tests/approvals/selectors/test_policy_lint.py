"""Remarks about a policy, in the words that its writer reads."""

from collections.abc import Callable
from datetime import time
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.enums import Risk
from approvals.models import ActionCategory, CategoryGroupPermission
from approvals.policies import Policy, parse_policy
from approvals.selectors.absence import what_breaks_without
from approvals.selectors.policy_lint import Lint, lint_policy
from approvals.selectors.reachability import find_obstacles
from approvals.selectors.staff import Staff, read_staff
from govapp.common.tenancy import tenant_transaction
from tenants.models import Agent, Tenant
from tenants.services.groups import add_to_group, create_group
from tests.approvals.policies.test_bounded_work import steps_of
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


Look = Callable[[Policy, Staff], object]


def what_breaks(policy: Policy, staff: Staff) -> object:
    member = next(one.member for one in staff.people.values() if one.is_approver)
    return what_breaks_without(member, policy=policy, staff=staff)


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
            (
                "Flow review can never be completed: it needs 3 different people (3 from Finance),"
                " and with everybody seated it still lacks 1 more from Finance."
            ),
        )
    ]


def test_only_one_person_can_approve(world: World) -> None:
    assert lint(world, document(rule(), seats=("managers",))) == [
        (
            "warning",
            "/rules/0/flow",
            (
                "Rule payments, category payments.transfer: only one person can approve this,"
                " Charlie; add somebody else."
            ),
        )
    ]


def test_a_quorum_that_needs_one_certain_person(world: World) -> None:
    assert lint(world, document(rule(), seats=("managers", "finance"))) == [
        (
            "warning",
            "/rules/0/flow",
            (
                "Rule payments, category payments.transfer: Charlie has to be one of those who"
                " approve; nobody can take their place when they are away."
            ),
        )
    ]


def test_a_quorum_without_margin(world: World) -> None:
    assert lint(world, document(rule(), seats=(("finance", 2),))) == [
        (
            "warning",
            "/rules/0/flow",
            (
                "Rule payments, category payments.transfer: no margin; it can no longer be"
                " completed when Alice or Finance-deputy is away."
            ),
        )
    ]


def test_allowing_without_conditions_and_what_is_grave(world: World) -> None:
    with tenant_transaction(world.company.id):
        ActionCategory.objects.update(risk=Risk.HIGH)
        ActionCategory.objects.create(key="payments.hold", name="Hold", risk=Risk.LOW)
    made = document(rule("free", "allow", category="payments.*")) | {"flows": {}}
    assert lint(world, made) == [
        (
            "warning",
            "/rules/0/when",
            (
                "Rule free allows payments.* without any condition: nobody is asked, whatever the"
                " request says."
            ),
        ),
        (
            "warning",
            "/rules/0/when/category",
            (
                "Rule free allows payments.transfer without asking anybody, although its risk is"
                " high or critical."
            ),
        ),
        (
            "hint",
            "/rules/0/when/category",
            "Rule free allows payments.hold without asking anybody, although it cannot be undone.",
        ),
    ]


def leaf(field: str, op: str, *value: Any) -> dict[str, Any]:
    return {"field": field, "op": op} | ({"value": value[0]} if value else {})


AMOUNT = "payload.amount"
OVER, UNDER = leaf(AMOUNT, "gt", 10000), leaf(AMOUNT, "lt", 500)
ASK = rule("ask")


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        # What can never match.
        (
            [rule(conditions={"all": [OVER, UNDER]})],
            [("Rule payments can match only when amount is missing: what it says of amount"
             " contradicts itself.")],
        ),
        (
            [rule("free", "allow", conditions={"all": [OVER, UNDER]}), ASK],
            ["Rule free can never match: what it says of amount contradicts itself.",
             "Rule free never has an effect: whatever it matches needs approval by rule ask."],
        ),
        (
            [rule(conditions={"any": [OVER, {"all": [OVER, UNDER]}]})],
            [("Rule payments: this part of its conditions can never hold, because of what they say"
             " of amount.")],
        ),
        (
            [rule(conditions=leaf("category.risk", "eq", "critical"))],
            [("Rule payments matches nothing today: none of the categories that it is about is of"
             " the kind that its conditions ask for.")],
        ),
        # Names that nothing bears.
        (
            [rule(category="payments.transfr")],
            [("Rule payments: there is no category payments.transfr; did you mean"
             " payments.transfer?")],
        ),
        ([rule(category="crm.*")], ["Rule payments: no category fits crm.*."]),
        (
            [rule(category="old.kind")],
            [("Rule payments can never match old.kind: it is archived, and every request for it is"
             " blocked.")],
        ),
        (
            [rule(agent={"labels": ["nigthly"], "tiers": ["high"]})],
            ["Rule payments: no agent is labelled “nigthly”; did you mean nightly?",
             "Rule payments: no agent is of tier high."],
        ),
        (
            [rule(conditions=leaf("agent.name", "eq", "payr"))],
            ["Rule payments: there is no agent “payr”; did you mean payer?"],
        ),
        # Rules that change nothing.
        (
            [rule("all", "deny"), rule("large", conditions=OVER)],
            ["Rule large never has an effect: whatever it matches is denied by rule all."],
        ),
        (
            [rule("five", conditions=leaf(AMOUNT, "gt", 5000)), rule("ten", conditions=OVER)],
            ["Rule ten adds nothing: rule five asks the same people in every such case already."],
        ),
        ([rule("a"), rule("b")],
         ["Rule b adds nothing: rule a asks the same people in every such case already."]),
        # What is missing.
        (
            [rule(conditions=leaf("payload.purpose", "eq", "rent"))],
            [("Rule payments counts as matched for a request without purpose: the schema of"
             " payments.transfer does not require “purpose”. Require it there, or add the condition"
             " that “purpose” is given.")],
        ),
        (
            [rule(conditions={"all": [leaf("payload.purpose", "exists"),
                                      leaf("payload.purpose", "eq", "rent")]})],
            [],
        ),
        (
            [rule(conditions=leaf("confidence", "lt", "0.5"))],
            [("Rule payments counts as matched for a request without confidence: agents need not"
             " give it.")],
        ),
        (
            [rule(conditions=leaf("guardrails.findings", "contains", "pii"))],
            [],
        ),
        (
            [rule("free", "allow", conditions=leaf("time.business_hours", "eq", True))],
            [("Rule free looks at “business hours”: no business hours are set in the settings, so"
             " it never matches.")],
        ),
        (
            [rule(conditions=leaf("history.first_for_target", "eq", True))],
            [("Rule payments looks at “first action on this target”, which payments.transfer cannot"
             " have because the category does not say which field holds the target; it counts as"
             " matched there.")],
        ),
        (
            [rule(conditions=leaf("run.actions", "gt", 3))],
            [("Rule payments counts as matched for a request that belongs to no run: agents"
             " need not name one.")],
        ),
        # Types.
        (
            [rule(conditions=leaf(AMOUNT, "eq", True))],
            [("Rule payments: payload.amount is text in payments.transfer, and \"is\" here needs"
             " true or false; compare it with a value of its own type.")],
        ),
    ],
)  # fmt: skip
def test_remarks(world: World, rules: list[dict[str, Any]], said: list[str]) -> None:
    with tenant_transaction(world.company.id):
        Agent.objects.update(labels=["nightly"])
        ActionCategory.objects.create(key="old.kind", name="Old", is_archived=True)
    made = document(*rules)
    if all(each["then"] != "require_approval" for each in rules):
        made["flows"] = {}
    assert [sentence for _, _, sentence in lint(world, made)] == said


def test_telling_nobody(world: World) -> None:
    told = [{"group": "leagl"}, {"group": "legal"}, {"person": "eve@acme.example"}]
    with tenant_transaction(world.company.id):
        create_group(actor=world.company.olivia, slug="legal", name="Legal")
    made = document(rule() | {"obligations": {"notify": [*told, {"role": "owner"}]}})
    place = "/rules/0/obligations/notify"
    assert lint(world, made) == [
        (
            "warning",
            f"{place}/0/group",
            "Rule payments tells nobody: there is no group leagl; did you mean legal?",
        ),
        (
            "warning",
            f"{place}/1/group",
            "Rule payments tells nobody: no active member is in Legal.",
        ),
        (
            "warning",
            f"{place}/2/person",
            "Rule payments tells nobody: eve@acme.example is no active member.",
        ),
    ]


def test_an_escalation_to_people_without_the_right(world: World) -> None:
    with tenant_transaction(world.company.id):
        made = create_group(actor=world.company.olivia, slug="legal", name="Legal")
        add_to_group(actor=world.company.olivia, group=made, member=world.company.bob)
        CategoryGroupPermission.objects.filter(group=world.company.risk.group).delete()
    escalated = stage("finance", escalations=[{"after": "1h", "add": [{"group": "legal"}]}])
    assert lint(world, document(rule()) | {"flows": {"review": {"stages": [escalated]}}}) == [
        (
            "warning",
            "/flows/review/stages/0/escalations/0/add/0",
            (
                "Flow review, stage review: after 1 hour Legal would be added, but nobody there may"
                " approve payments.transfer."
            ),
        )
    ]


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"business_days": []}, "none are set in the settings"),
        ({"business_to": time(9)}, "none are set in the settings"),
        ({"holiday_country": "XX"}, "the public holidays of XX are not known here"),
        ({}, ""),
    ],
)
def test_business_hours_that_cannot_be_counted(
    world: World, settings: dict[str, Any], why: str
) -> None:
    with tenant_transaction(world.company.id):
        Tenant.objects.update(**{"business_days": [0, 1, 2, 3, 4], **settings})
    stages = [stage("finance"), stage("risk", name="second", counting="business_hours")]
    said = (
        f"Flow review, stage second: it counts business hours, but {why}; all hours count until"
        " then, so that its deadline is sooner."
    )
    assert lint(world, document(rule()) | {"flows": {"review": {"stages": stages}}}) == (
        [("warning", "/flows/review/stages/1/counting", said)] if why else []
    )


def test_rules_that_ask_different_people_in_the_same_case(world: World) -> None:
    flows = {"review": {"stages": [stage("finance")]}, "two": {"stages": [stage("risk")]}}
    made = document(rule("all"), rule("large", conditions=OVER) | {"flow": "two"})
    assert lint(world, made | {"flows": flows}) == [
        (
            "hint",
            "/rules/1",
            (
                "Whatever matches rule large also matches rule all: the people of both have to"
                " approve."
            ),
        )
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


@pytest.mark.parametrize("look", [lint_policy, find_obstacles, what_breaks])
def test_people_are_looked_at_once_for_all_rules(world: World, look: Look) -> None:
    found = parse_policy(document(*(rule(f"r{number}") for number in range(100))))

    def work() -> int:
        with tenant_transaction(world.company.id):
            staff = read_staff()
            return steps_of(lambda: look(found, staff))

    few = work()
    world.approvers_named(world.company.finance, *(f"more-{number}" for number in range(30)))
    assert work() < 2 * few


def test_a_remark_as_json() -> None:
    assert Lint("hint", "/rules/0", "Look here.").to_dict() == {
        "severity": "hint",
        "pointer": "/rules/0",
        "sentence": "Look here.",
    }
