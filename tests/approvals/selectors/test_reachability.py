"""What keeps a policy from being published: nobody could ever complete what it asks for."""

from typing import Any

import pytest

from approvals.models import ActionCategory
from approvals.policies import parse_policy
from approvals.selectors.reachability import find_obstacles
from govapp.common.tenancy import tenant_transaction
from tenants.services.groups import create_group
from tests.approvals.world import World, make_world, stage

pytestmark = pytest.mark.django_db
PLACE = "/rules/0/flow"
SHORT = "Flow review, stage review: nobody with the right is in the group finance;"


@pytest.fixture
def world(db: None) -> World:
    """A second category that nobody may approve."""
    made = make_world()
    with tenant_transaction(made.company.id):
        ActionCategory.objects.create(key="payments.crypto", name="Crypto", risk="critical")
    return made


def obstacles(world: World, *rules: dict[str, Any], **more: Any) -> list[tuple[str, str]]:
    document = {
        "version": 1,
        "default": "deny",
        "flows": {"review": {"stages": [stage("finance")]}},
        "rules": list(rules),
    } | more
    with tenant_transaction(world.company.id):
        found = find_obstacles(parse_policy(document))
    return [(problem.pointer, problem.message.split(" add people")[0]) for problem in found]


def ask(category: str, **when: Any) -> dict[str, Any]:
    made = {"id": "ask", "when": {"category": category} | when, "then": "require_approval"}
    return made | {"flow": "review"}


def test_every_category_that_a_pattern_meets(world: World) -> None:
    wanted = [(PLACE, f"Rule ask, category payments.crypto: {SHORT}")]
    assert obstacles(world, ask("payments.*")) == wanted
    assert obstacles(world, ask("*")) == wanted
    assert obstacles(world, ask("payments.transfer")) == []


def test_what_conditions_or_a_deny_rule_leave_out_is_not_met(world: World) -> None:
    low = {"field": "category.risk", "op": "ne", "value": "critical"}
    assert obstacles(world, ask("*", conditions=low)) == []
    deny = {"id": "no", "when": {"category": "payments.crypto"}, "then": "deny"}
    assert obstacles(world, ask("payments.*"), deny) == []
    sometimes = deny | {"when": {"category": "payments.crypto", "environment": "staging"}}
    assert len(obstacles(world, ask("payments.*"), sometimes)) == 1


def test_the_default_is_a_rule_about_everything_else(world: World) -> None:
    by_default = {"default": "require_approval", "default_flow": "review"}
    said = [("/default_flow", f"The default, category payments.crypto: {SHORT}")]
    assert obstacles(world, **by_default) == said
    deny = {"id": "no", "when": {"category": "payments.crypto"}, "then": "deny"}
    assert obstacles(world, deny, **by_default) == []


def test_an_escalation_to_an_empty_group(world: World) -> None:
    with tenant_transaction(world.company.id):
        create_group(actor=world.company.olivia, slug="legal", name="Legal")
    later = stage("finance", escalations=[{"after": "1h", "add": [{"group": "legal"}]}])
    assert obstacles(world, ask("payments.transfer"), flows={"review": {"stages": [later]}}) == [
        (
            "/flows/review/stages/0/escalations/0/add/0/group",
            "Flow review, stage review: nobody is in the group legal;",
        )
    ]
