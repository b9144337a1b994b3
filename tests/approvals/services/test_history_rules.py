"""Rules about what came before: read only when one asks, and never across agents or tenants."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.models import ActionRequest
from approvals.policies import Facts
from approvals.services.categories import change_category
from approvals.services.submission import Submission, submit_action
from govapp.common.errors import Invalid
from govapp.common.tenancy import tenant_transaction
from tenants.services.tenants import update_settings
from tests.approvals.documents import asks, rule, rules, where
from tests.approvals.world import HOUR, Document, World, make_world
from tests.conftest import MoveClock
from tests.people import make_agent

pytestmark = pytest.mark.django_db

SCHEMA: Document = {"type": "object"}
LOOKS_AT_RUN = rule("looks", "deny", where("run.actions", "gt", 90))
LOOKS_BACK = rule("looks", "deny", where("history.requests_last_day", "gt", 900))
ALLOWED = rule("rest", "allow")


def make(*each: Document, slug: str = "acme", **category: Any) -> World:
    """Make a world whose payments may have any payload, with a target and an amount."""
    world = make_world(rules(*each), slug)
    fields = {"target_field": "to.iban", "amount_field": "amount"} | category
    with tenant_transaction(world.company.id):
        change_category(
            actor=world.company.carl, category=world.category, payload_schema=SCHEMA, **fields
        )
    return world


def pay(world: World, amount: Any = "100.00", to: Any = "DE89", **fields: Any) -> ActionRequest:
    return world.submit(payload={"amount": amount, "to": {"iban": to}}, **fields)


def facts(request: ActionRequest) -> Facts:
    assert request.facts is not None
    return Facts.from_record(request.facts, request.payload)


def test_a_run_is_counted_by_category_without_what_was_refused() -> None:
    world = make(LOOKS_AT_RUN, rule("no", "deny", where("payload.amount", "gt", 500)), ALLOWED)
    first = pay(world, run="r1")
    pay(world, amount="900.00", run="r1")
    pay(world, run="r2")
    pay(world)
    assert facts(first).run_counts == {}
    assert facts(pay(world, run="r1")).run_counts == {"payments.transfer": 1}
    assert facts(pay(world, run="r1")).run_counts == {"payments.transfer": 2}


def test_the_same_run_of_another_agent_is_another_run() -> None:
    world = make(LOOKS_AT_RUN, ALLOWED)
    pay(world, run="r1")
    other, _ = make_agent(world.company, "other")
    submission = Submission("payments.transfer", "Pay", {"amount": "1.00"}, run="r1")
    with tenant_transaction(world.company.id):
        assert facts(submit_action(agent=other, submission=submission)).run_counts == {}


def test_without_a_run_a_rule_that_counts_it_fails_closed() -> None:
    world = make(LOOKS_AT_RUN, ALLOWED)
    assert pay(world, run="r1").status == "allowed"
    request = pay(world)
    assert (request.status, facts(request).run_counts) == ("blocked", None)


def test_safe_actions_that_add_up_are_noticed() -> None:
    world = make(asks("third", where("run.actions", "gte", 2)), ALLOWED)
    assert [pay(world, run="r1").status for _ in range(4)] == [
        "allowed", "allowed", "pending", "pending",
    ]  # fmt: skip


def test_a_target_is_new_until_something_for_it_was_granted() -> None:
    world = make(asks("new", where("history.first_for_target", "eq", True)), ALLOWED)
    first = pay(world, to="DE89")
    again = pay(world, to="DE89")
    assert [facts(each).first_for_target for each in (first, again)] == [True, True]
    world.vote(world.company.alice, first)
    assert pay(world, to="DE89").status == "allowed"
    assert pay(world, to="CH93").status == "pending"
    assert first.target_digest == again.target_digest != ""
    assert "DE89" not in str(first.facts)


def test_what_another_tenant_has_granted_is_no_history_here() -> None:
    new = rule("new", "deny", where("history.first_for_target", "eq", True))
    ours, theirs = make(new, ALLOWED), make(ALLOWED, slug="globex")
    assert pay(theirs, to="DE89").status == "allowed"
    request = pay(ours, to="DE89")
    assert request.status == "blocked"
    seen = facts(request)
    assert (seen.first_for_target, seen.amount_ratio, seen.requests_last_day) == (True, None, 0)


@pytest.mark.parametrize("target", [None, {}])
def test_a_target_that_is_not_there_is_not_known(target: Any) -> None:
    world = make(LOOKS_BACK, ALLOWED, target_field="to.iban.number")
    request = pay(world, to=target)
    assert (facts(request).first_for_target, request.target_digest) == (None, "")


def test_the_amount_is_compared_with_the_average_of_what_was_granted() -> None:
    world = make(rule("big", "deny", where("history.amount_ratio", "gt", 3)), ALLOWED)
    assert pay(world).status == "blocked"  # nothing to compare with: fails closed
    world.publish(rules(ALLOWED))
    for amount in ("100.00", 50, "not a number", {"is": "no number"}):
        pay(world, amount=amount)
    world.publish(rules(rule("big", "deny", where("history.amount_ratio", "gt", 3)), ALLOWED))
    ratios = [pay(world, amount=amount) for amount in ("225.00", "1000000.00")]
    assert [facts(each).amount_ratio for each in ratios] == [
        Decimal("3.0000"),
        Decimal("8000.0000"),
    ]
    assert [each.status for each in ratios] == ["allowed", "blocked"]


def test_requests_of_the_last_hour_and_day_count_whatever_became_of_them(
    move_clock: MoveClock,
) -> None:
    world = make(rule("many", "deny", where("history.requests_last_hour", "gte", 2)), ALLOWED)
    statuses = [pay(world).status for _ in range(4)]
    assert statuses == ["allowed", "allowed", "blocked", "blocked"]
    move_clock(HOUR + timedelta(minutes=1))
    later = pay(world)
    assert (facts(later).requests_last_hour, facts(later).requests_last_day) == (0, 4)


def statements(world: World, **fields: Any) -> int:
    submission = Submission("payments.transfer", "Pay", {"amount": "1.00"}, **fields)
    with tenant_transaction(world.company.id), CaptureQueriesContext(connection) as seen:
        submit_action(agent=world.agent, submission=submission)
    return len(seen)


def test_history_is_read_at_once_and_only_for_rules_that_ask() -> None:
    world = make(ALLOWED)
    pay(world)
    plain = statements(world, run="r1")
    world.publish(rules(LOOKS_AT_RUN, ALLOWED))
    pay(world, run="r1")
    assert statements(world, run="r1") == plain + 1
    world.publish(rules(LOOKS_AT_RUN, LOOKS_BACK | {"id": "back"}, ALLOWED))
    pay(world, run="r1")
    assert statements(world, run="r1") == plain + 2  # and the lock
    world.publish(rules(LOOKS_BACK | {"when": {"category": "mail.*"}}, ALLOWED))
    pay(world)
    assert statements(world, run="r1") == plain


def test_business_hours_are_those_of_the_tenant(move_clock: MoveClock) -> None:
    world = make(rule("open", "allow", where("time.business_hours", "eq", True)))
    request = pay(world)
    assert (request.status, facts(request).business_hours) == ("blocked", None)
    days = list(range(7))
    with tenant_transaction(world.company.id):
        update_settings(actor=world.company.olivia, tenant=world.company.tenant, business_days=days)
    hour = request.submitted_at.hour
    for wanted, status in ((3, "blocked"), (12, "allowed"), (23, "blocked")):
        move_clock(HOUR * (24 + wanted - hour))  # tomorrow: the rules were not there before
        assert pay(world).status == status


def test_what_the_category_says_of_cost_is_seen() -> None:
    world = make(asks("dear", where("category.cost_class", "eq", "high")), ALLOWED)
    assert pay(world).status == "pending"  # not said: fails closed
    for said, status in (("low", "allowed"), ("high", "pending")):
        with tenant_transaction(world.company.id):
            change_category(actor=world.company.carl, category=world.category, cost_class=said)
        assert pay(world).status == status


def test_the_integration_is_seen_and_bound() -> None:
    world = make(rule("bank", "allow", where("integration", "eq", "acme-bank")))
    for slug in ("acme-bank", "crm"):
        world.reach(slug, "payments.transfer")
    named, other, unnamed = (pay(world, integration=each) for each in ("acme-bank", "crm", ""))
    assert [each.status for each in (named, other, unnamed)] == ["allowed", "blocked", "blocked"]
    assert len({each.payload_digest for each in (named, other, unnamed)}) == 3


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"integration": "Acme"}, "/integration"),
        ({"integration": "x" * 101}, "/integration"),
        ({"run": "a b"}, "/run"),
        ({"run": "r\0"}, "/run"),
    ],
)
def test_names_that_could_be_mistaken_are_refused(fields: dict[str, str], pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        make(ALLOWED).submit(**fields)
    assert {error.pointer for error in refused.value.errors} == {pointer}
