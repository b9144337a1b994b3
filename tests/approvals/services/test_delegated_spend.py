"""What requests hold of the budgets along their chain: as much as in the account's, for as long."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any, Final

import psycopg
import pytest
from django.db import connection

from approvals.enums import Verdict
from approvals.models import ActionCategory, ActionRequest, DelegationBudget, DelegationSpend
from approvals.services.changes import approve_with_changes
from approvals.services.delegated_spend import reap_spend
from approvals.services.execution import (
    issue_grant,
    redeem_grant,
    report_execution,
    revoke_grant,
)
from approvals.services.submission import cancel_action
from approvals.services.timers import sweep
from govapp.common.errors import Conflict, Forbidden
from govapp.common.tenancy import bind_tenant, tenant_transaction
from tenants.models import BudgetUse
from tenants.services.budgets import reap
from tests.approvals.chains import ALLOWED, Chain, codes, make_chain, sentences
from tests.approvals.paying import forget
from tests.approvals.world import FOUR_EYES, HOUR
from tests.support.committed import CommittedDatabase
from tests.support.services import Services
from tests.tenants.budgets.companies import begin_at_noon, set_one
from tests.tenants.ledger import summaries

MINUTE: Final = timedelta(minutes=1)


def sums(chain: Chain) -> list[tuple[Any, Any]]:
    """Return what is reserved and settled of each link, the first one first."""
    with tenant_transaction(chain.tenant_id):
        rows = DelegationBudget.objects.filter(currency="EUR").order_by("delegation__depth")
        return [(row.reserved, row.settled) for row in rows]


def euros(amount: str) -> dict[str, Any]:
    return {"estimated_cost": {"amount": amount, "currency": "EUR"}}


@pytest.fixture
def rich(db: None) -> Chain:
    chain = make_chain()
    for budget in ("100", "60", "50"):
        chain.extend(budget={"EUR": budget})
    return chain


def test_a_request_is_reserved_in_every_budget_of_its_chain(rich: Chain) -> None:
    last = rich.handed[-1].token
    assert rich.submit("runner", last, **euros("20.5")).status == "allowed"
    assert sums(rich) == [(Decimal("20.5"), 0)] * 3
    # Somebody above spends of the same money.
    assert rich.submit("buyer", rich.handed[0].token, **euros("70")).status == "allowed"
    assert sums(rich)[0] == (Decimal("90.5"), 0)
    request = rich.submit("runner", last, **euros("9.51"))
    assert codes(request) == ["budget_exceeded"]
    first = rich.handed[0].delegation.public_id
    (said,) = sentences(request)
    assert said == (
        f"The delegation {first} from planner to buyer does not cover this."
        " EUR 9.51 is more than is left of its budget (EUR 9.50)."
    )
    assert rich.submit("runner", last, **euros("9.5")).status == "allowed"
    assert sums(rich) == [(100, 0), (30, 0), (30, 0)]


def test_under_a_budget_a_request_says_what_it_costs(rich: Chain) -> None:
    last = rich.handed[-1].token
    for fields in ({}, {"estimated_cost": {"tokens": 5}}, euros("-1")):
        assert codes(rich.submit("runner", last, **fields)) == ["budget_exceeded"]
    assert rich.submit("runner", last, **euros("0")).status == "allowed"
    assert sums(rich) == [(0, 0)] * 3


def test_what_is_not_done_is_given_back(db: None) -> None:
    chain = make_chain(document=FOUR_EYES)
    chain.extend(budget={"EUR": "100"})
    token, company = chain.handed[0].token, chain.world.company
    for end in ("denied", "cancelled", "returned"):
        request = chain.submit("buyer", token, **euros("60"))
        assert (request.status, sums(chain)) == ("pending", [(60, 0)])
        assert codes(chain.submit("buyer", token, **euros("60"))) == ["budget_exceeded"]
        if end == "cancelled":
            with tenant_transaction(chain.tenant_id):
                cancel_action(actor=chain.agents["buyer"], request_id=request.pk)
        else:
            verdict = Verdict.DENY if end == "denied" else Verdict.RETURN
            chain.world.vote(company.alice, request, verdict)
        with tenant_transaction(chain.tenant_id):
            request.refresh_from_db()
        assert (request.status, sums(chain)) == (end, [(0, 0)])


@pytest.mark.parametrize(
    ("outcome", "cost", "left"),
    [
        ("succeeded", None, (0, 60)),
        ("succeeded", {"amount": "45.25", "currency": "EUR"}, (0, Decimal("45.25"))),
        ("succeeded", {"amount": "145", "currency": "EUR"}, (0, 145)),
        ("succeeded", {"amount": "9", "currency": "USD"}, (0, 60)),
        ("succeeded", {"amount": "-9", "currency": "EUR"}, (0, 0)),
        ("failed", None, (0, 60)),
        ("failed", {"amount": "5", "currency": "EUR"}, (0, 5)),
    ],
)
def test_what_was_done_is_settled(
    db: None, outcome: Any, cost: dict[str, Any] | None, left: tuple[Any, Any]
) -> None:
    chain = make_chain(1, budget={"EUR": "100"})
    buyer = chain.agents["buyer"]
    request = chain.submit("buyer", chain.handed[0].token, **euros("60"))
    with tenant_transaction(chain.tenant_id):
        issued = issue_grant(agent=buyer, request_id=request.pk)
    with bind_tenant(chain.tenant_id):
        redeem_grant(token=issued.token, redeemed_by="bank")
    assert sums(chain) == [(60, 0)]
    with tenant_transaction(chain.tenant_id):
        report_execution(agent=buyer, request_id=request.pk, outcome=outcome, cost=cost)
    assert sums(chain) == [left]
    if outcome == "succeeded":
        with tenant_transaction(chain.tenant_id):
            report_execution(agent=buyer, request_id=request.pk, outcome="rolled_back")
        assert sums(chain) == [left]
    after = chain.submit("buyer", chain.handed[0].token, **euros("0.01"))
    assert after.status == ("blocked" if left[1] > 100 else "allowed")


def test_a_withdrawn_permission_gives_it_back(db: None) -> None:
    chain = make_chain(1, budget={"EUR": "100"})
    request = chain.submit("buyer", chain.handed[0].token, **euros("60"))
    with tenant_transaction(chain.tenant_id):
        revoke_grant(actor=chain.world.company.carl, request_id=request.pk, reason="Wrong.")
        request.refresh_from_db()
    assert (str(request.execution_state), sums(chain)) == ("revoked", [(0, 0)])


def test_without_a_budget_nothing_is_counted(db: None) -> None:
    chain = make_chain(2)
    made = chain.submit("clerk", chain.handed[-1].token, **euros("1000000"))
    assert (made.status, sums(chain)) == ("allowed", [])


@pytest.fixture
def paying(committed_db: CommittedDatabase) -> Callable[..., Chain]:
    """Make a chain of two with a budget, whose payments move an amount."""

    def make(document: Any = ALLOWED, **budget: str) -> Chain:
        begin_at_noon()
        chain = make_chain(document=document)
        with tenant_transaction(chain.tenant_id):
            ActionCategory.objects.update(amount_field="amount", editable_fields=["amount"])
        chain.extend(budget=budget or {"EUR": "100"}, depth=1, lifetime=9 * HOUR)
        chain.extend(depth=0)
        return chain

    return make


def pay(chain: Chain, amount: str = "60.00", currency: str = "EUR", **fields: Any) -> ActionRequest:
    payload = {"amount": amount} | ({"currency": currency} if currency else {})
    return chain.submit("clerk", chain.handed[-1].token, payload=payload, **fields)


@pytest.mark.parametrize(
    ("payload", "estimate", "counted"),
    [
        (("60.00", "EUR"), None, "60"),
        (("60.00", "EUR"), ("0.40", "EUR"), "60.40"),
        (("60.00", ""), None, "60"),
        (("60.00", ""), ("0.40", "EUR"), "60.40"),
        (("0.00", "EUR"), None, "0"),
        (("100.00", "EUR"), None, "100"),
        (("99.99", "EUR"), ("0.0000001", "EUR"), "99.990001"),
        (("100.01", "EUR"), None, None),
        (("99.99", "EUR"), ("0.02", "EUR"), None),
        (("60.00", "USD"), None, None),
        (("60.00", "EUR"), ("0.40", "USD"), None),
        (("60.00", "EUR"), ("0", "USD"), "60"),
        (("60.00", "EUR"), ("-1", "EUR"), None),
    ],
)
def test_what_a_payment_moves_counts_as_it_does_for_the_account(
    paying: Callable[..., Chain],
    payload: tuple[str, str],
    estimate: tuple[str, str] | None,
    counted: str | None,
) -> None:
    chain = paying()
    budget = set_one(chain.world.company, "1000")
    cost = {"amount": estimate[0], "currency": estimate[1]} if estimate else None
    made = pay(chain, *payload, estimated_cost=cost)
    if counted is None:
        assert (codes(made), sums(chain)) == (["budget_exceeded"], [(0, 0)] * 2)
        return
    assert (made.status, sums(chain)) == ("allowed", [(Decimal(counted), 0)] * 2)
    with tenant_transaction(chain.tenant_id):
        assert BudgetUse.objects.get(budget=budget).reserved == Decimal(counted)


def test_an_amount_without_a_currency_counts_in_each_that_a_budget_has(
    paying: Callable[..., Chain],
) -> None:
    chain = paying(EUR="100", USD="50")
    assert codes(pay(chain, "50.01", "")) == ["budget_exceeded"]
    assert pay(chain, "50.00", "").status == "allowed"
    assert codes(pay(chain, "0.01", "USD")) == ["budget_exceeded"]
    assert pay(chain, "50.00", "EUR").status == "allowed"
    assert sums(chain) == [(100, 0)] * 2


def held_by_both(chain: Chain) -> tuple[Decimal, list[Decimal]]:
    """Return what counts in the account's budget, and in each of the chain: held or spent."""
    with tenant_transaction(chain.tenant_id):
        use = BudgetUse.objects.get()
    return use.reserved + use.settled, [held + spent for held, spent in sums(chain)]


def vote(chain: Chain, request: ActionRequest, verdict: Verdict) -> None:
    chain.world.vote(chain.world.company.alice, request, verdict)


def approve(chain: Chain, request: ActionRequest) -> None:
    for member in (chain.world.company.alice, chain.world.company.bob):
        chain.world.vote(member, request)


def cancel(chain: Chain, request: ActionRequest) -> None:
    with tenant_transaction(chain.tenant_id):
        cancel_action(actor=chain.agents["clerk"], request_id=request.pk)


def expire(chain: Chain, request: ActionRequest) -> None:
    begin_at_noon(5 * HOUR)
    sweep()


def withdraw(chain: Chain, request: ActionRequest) -> None:
    approve(chain, request)
    with tenant_transaction(chain.tenant_id):
        revoke_grant(actor=chain.world.company.carl, request_id=request.pk, reason="No")


def lapse(chain: Chain, request: ActionRequest) -> None:
    approve(chain, request)
    begin_at_noon(61 * MINUTE)
    assert (reap(), reap_spend()) == (1, 1)


def lapse_with_a_permission(chain: Chain, request: ActionRequest) -> None:
    approve(chain, request)
    grant(chain, request)
    begin_at_noon(64 * MINUTE)
    assert (reap(), reap_spend()) == (0, 0)
    begin_at_noon(66 * MINUTE)
    assert (reap(), reap_spend()) == (1, 1)


def grant(chain: Chain, request: ActionRequest) -> str:
    with tenant_transaction(chain.tenant_id):
        return issue_grant(agent=chain.agents["clerk"], request_id=request.pk).token


def redeem(chain: Chain, request: ActionRequest) -> None:
    approve(chain, request)
    redeem_grant(token=grant(chain, request), redeemed_by="bank")


def report(outcome: Any, **cost: str) -> Callable[[Chain, ActionRequest], None]:
    def do(chain: Chain, request: ActionRequest) -> None:
        redeem(chain, request)
        with tenant_transaction(chain.tenant_id):
            report_execution(
                agent=chain.agents["clerk"], request_id=request.pk, outcome=outcome,
                cost=cost or None,
            )  # fmt: skip

    return do


def change(chain: Chain, request: ActionRequest) -> None:
    with tenant_transaction(chain.tenant_id):
        approve_with_changes(
            member=chain.world.company.alice,
            request_id=request.pk,
            changes={"amount": "95.00"},
            payload_digest=request.payload_digest,
            request_version=request.version,
        )


def roll_back(first: str, then: str) -> Callable[[Chain, ActionRequest], None]:
    """Report it done at one cost, and taken back at another: what counts then is the second."""

    def do(chain: Chain, request: ActionRequest) -> None:
        report("succeeded", amount=first, currency="EUR")(chain, request)
        with tenant_transaction(chain.tenant_id):
            report_execution(
                agent=chain.agents["clerk"], request_id=request.pk, outcome="rolled_back",
                cost={"amount": then, "currency": "EUR"},
            )  # fmt: skip

    return do


ENDS: Final[dict[str, tuple[Callable[[Chain, ActionRequest], None], str]]] = {
    "denied": (lambda chain, request: vote(chain, request, Verdict.DENY), "0"),
    "sent back": (lambda chain, request: vote(chain, request, Verdict.RETURN), "0"),
    "cancelled": (cancel, "0"),
    "expired": (expire, "0"),
    "withdrawn": (withdraw, "0"),
    "approved, and never asked for": (lapse, "0"),
    "issued, and never used": (lapse_with_a_permission, "0"),
    "changed": (change, "95.40"),
    "approved": (approve, "60.40"),
    "used": (redeem, "60.40"),
    "succeeded": (report("succeeded"), "60.40"),
    "succeeded for less": (report("succeeded", amount="0.10", currency="EUR"), "60.10"),
    "failed": (report("failed"), "60.40"),
    "rolled back": (report("rolled_back", amount="3.00", currency="EUR"), "63.00"),
    "done for nothing, rolled back at a cost": (roll_back("0", "300.00"), "360.00"),
    "done at a cost, rolled back for less": (roll_back("5.00", "2.00"), "62.00"),
}


@pytest.mark.parametrize("end", ENDS)
def test_however_it_ends_the_chain_holds_what_the_account_holds(
    paying: Callable[..., Chain], end: str
) -> None:
    chain = paying(FOUR_EYES)
    set_one(chain.world.company, "1000")
    request = pay(chain, estimated_cost={"amount": "0.40", "currency": "EUR"})
    assert held_by_both(chain) == (Decimal("60.40"), [Decimal("60.40")] * 2)
    act, left = ENDS[end]
    act(chain, request)
    assert held_by_both(chain) == (Decimal(left), [Decimal(left)] * 2)


@pytest.mark.parametrize(
    ("outcome", "cost", "left"),
    [
        ("succeeded", None, "60.40"),
        ("succeeded", {"amount": "0.10", "currency": "EUR"}, "60.10"),
        ("failed", None, "60.40"),
    ],
)
def test_what_is_reported_when_its_contents_are_gone_is_settled_the_same(
    paying: Callable[..., Chain], outcome: Any, cost: dict[str, str] | None, left: str
) -> None:
    chain = paying()
    request = pay(chain, estimated_cost={"amount": "0.40", "currency": "EUR"})
    redeem_grant(token=grant(chain, request), redeemed_by="bank")
    forget(request)
    with tenant_transaction(chain.tenant_id):
        report_execution(
            agent=chain.agents["clerk"], request_id=request.pk, outcome=outcome, cost=cost
        )
    assert sums(chain) == [(0, Decimal(left))] * 2


def test_what_nobody_uses_is_given_back_on_the_record_and_asked_for_again(
    paying: Callable[..., Chain],
) -> None:
    chain = paying()
    request = pay(chain)
    begin_at_noon(59 * MINUTE)
    assert reap_spend() == 0
    begin_at_noon(61 * MINUTE)
    assert (reap_spend(), reap_spend()) == (1, 0)
    assert sums(chain) == [(0, 0)] * 2
    with tenant_transaction(chain.tenant_id):
        assert summaries("delegation.spend_reaped") == [
            (
                f"Nothing was heard from clerk of {request.public_id}: EUR 60.00 that was reserved"
                " for it under a delegation is given back."
            )
        ]
    redeem_grant(token=grant(chain, request), redeemed_by="bank")
    assert sums(chain) == [(60, 0)] * 2
    begin_at_noon(3 * HOUR)
    assert reap_spend() == 0  # used, and not reported yet


def test_what_was_held_before_the_upgrade_is_given_back_as_well(
    paying: Callable[..., Chain], services: Services
) -> None:
    chain = paying(EUR="200")
    unasked, issued, used = (pay(chain, amount) for amount in ("60.00", "30.00", "9.00"))
    grant(chain, issued)
    redeem_grant(token=grant(chain, used), redeemed_by="bank")
    with tenant_transaction(chain.tenant_id):
        DelegationSpend.objects.update(expires_at=None)  # as rows from before have none
    step = import_module("approvals.migrations.0023_delegated_amounts").GIVEN_BACK
    with psycopg.connect(services.owner_url(connection.settings_dict["NAME"])) as owner:
        owner.execute(step)
        forced = "SELECT count(*) FROM pg_class WHERE relname = ANY(%s) AND relforcerowsecurity"
        tables = ["approvals_delegationspend", "approvals_actionrequest"]
        assert owner.execute(forced, [tables]).fetchone() == (2,)
    with tenant_transaction(chain.tenant_id):
        kept = DelegationSpend.objects.filter(expires_at=None)
        assert [each.request_id for each in kept] == [used.pk]
    assert reap_spend() == 2  # the tests' clock is later than an hour from now
    assert sums(chain) == [(9, 0)] * 2
    assert grant(chain, unasked)
    assert sums(chain) == [(69, 0)] * 2


def test_who_returns_when_the_chain_has_no_more_gets_no_permission(
    paying: Callable[..., Chain],
) -> None:
    chain = paying()
    request = pay(chain)
    begin_at_noon(61 * MINUTE)
    assert reap_spend() == 1
    assert pay(chain, "50.00").status == "allowed"
    with pytest.raises(Forbidden) as refused:
        grant(chain, request)
    assert refused.value.code == "budget_exceeded"
    assert str(refused.value) == (
        "What was reserved for it was given back, as nothing was heard of it."
        f" The delegation {chain.handed[0].delegation.public_id} from planner to buyer does not"
        " cover this. EUR 60.00 is more than is left of its budget (EUR 50.00). Submit it anew."
    )
    assert sums(chain) == [(50, 0)] * 2


def test_a_change_that_is_more_than_the_chain_has_is_refused(
    paying: Callable[..., Chain],
) -> None:
    chain = paying(FOUR_EYES, EUR="90")
    request = pay(chain)
    with pytest.raises(Conflict, match=r"EUR 95\.00 is more than is left of its budget"):
        change(chain, request)
    assert sums(chain) == [(60, 0)] * 2
