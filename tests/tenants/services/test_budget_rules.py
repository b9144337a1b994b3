"""Setting budgets: what tightens holds at once, what loosens needs a second person."""

from decimal import Decimal
from typing import Any

import pytest

from govapp.common.errors import Conflict, Forbidden, Invalid, NotFound
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tenants.models import Budget
from tenants.services.budget_rules import Terms, answer_change, change_budget, set_budget
from tests.people import Company, make_agent, make_company
from tests.tenants.budgets.companies import set_one
from tests.tenants.ledger import events, summaries

pytestmark = pytest.mark.django_db
D = Decimal
TERMS = Terms(D("100"), "throttle", 80)


@pytest.fixture
def company() -> Company:
    return make_company()


def now(company: Company, budget: Budget) -> Terms:
    with tenant_transaction(company.id):
        return Terms.of(Budget.objects.get(pk=budget.pk))


# what is asked for in place of TERMS, and whether it is looser
CHANGES = [
    (Terms(D("100.01"), "throttle", 80), True),
    (Terms(D("99.99"), "throttle", 80), False),
    (Terms(D("100"), "halt", 80), False),
    (Terms(D("100"), "ask", 80), True),
    (Terms(D("100"), "warn", 80), True),
    (Terms(D("50"), "ask", 80), True),
    (Terms(D("200"), "halt", 80), True),
    (Terms(D("100"), "throttle", None), False),
    (Terms(D("100"), "throttle", 90), False),
    (Terms(D("100"), "throttle", 80, is_active=False), True),
]


@pytest.mark.parametrize(("terms", "is_looser"), CHANGES)
def test_what_loosens_waits_for_somebody_else(
    company: Company, terms: Terms, is_looser: bool
) -> None:
    budget = set_one(company, "100", on_exceed="throttle", warn_at=80)
    with tenant_transaction(company.id):
        waits = change_budget(
            actor=company.olivia, budget_id=budget.pk, terms=terms, reason="So it is."
        )
    assert (waits is not None) == is_looser
    assert now(company, budget) == (TERMS if is_looser else terms)
    if not is_looser:
        return
    with tenant_transaction(company.id), pytest.raises(Forbidden, match="ask somebody else"):
        answer_change(actor=company.olivia, budget_id=budget.pk, is_confirmed=True)
    with tenant_transaction(company.id):
        answer_change(actor=company.carl, budget_id=budget.pk, is_confirmed=True)
    assert now(company, budget) == terms


def test_the_record_says_who_wanted_and_who_let_it(company: Company) -> None:
    budget = set_one(company, "100")
    looser = Terms(D("250"), "halt")
    with tenant_transaction(company.id):
        change_budget(actor=company.olivia, budget_id=budget.pk, terms=looser, reason="A fair.")
        answer_change(actor=company.carl, budget_id=budget.pk, is_confirmed=True)
        assert summaries("budget.changed") == [
            "Olivia set a budget, EUR 100.00 a day for everything here.",
            "Olivia asks to loosen a budget, EUR 100.00 a day for everything here: A fair.",
            "Carl loosened a budget, EUR 250.00 a day for everything here: A fair.",
        ]
        last = events("budget.changed")[-1]["data"]
    assert (last["before"]["limit"], last["after"]["limit"]) == ("100.000000", "250.000000")
    assert (last["asked_by"], last["single_person"]) == (company.olivia.public_id, False)


def test_who_asked_may_put_it_away_and_then_nothing_has_changed(company: Company) -> None:
    budget = set_one(company, "100", on_exceed="throttle", warn_at=80)
    with tenant_transaction(company.id):
        looser = Terms(D("101"), "throttle", 80)
        change_budget(actor=company.olivia, budget_id=budget.pk, terms=looser, reason="More.")
        with pytest.raises(Conflict, match="waits for a second person"):
            change_budget(actor=company.carl, budget_id=budget.pk, terms=looser, reason="Me too.")
        answer_change(actor=company.olivia, budget_id=budget.pk, is_confirmed=False)
        with pytest.raises(NotFound):
            answer_change(actor=company.carl, budget_id=budget.pk, is_confirmed=True)
    assert now(company, budget) == TERMS


def test_where_one_person_decides_the_record_says_so(company: Company) -> None:
    budget = set_one(company, "100")
    with tenant_transaction(company.id):
        company.tenant.single_person_publishing = True
        company.tenant.save()
        looser = Terms(D("250"), "halt")
        waits = change_budget(actor=company.carl, budget_id=budget.pk, terms=looser, reason="I do.")
        assert waits is None
        assert events("budget.changed")[-1]["data"]["single_person"] is True
    assert now(company, budget) == looser


@pytest.mark.parametrize(
    ("about", "field"),
    [
        ({"measure": "money:euro"}, "/measure"),
        ({"measure": "money"}, "/measure"),
        ({"scope": "everything"}, "/scope"),
        ({"scope": "run", "ref": "*", "period": "day"}, "/period"),
        ({"scope": "agent", "ref": "*", "period": "run"}, "/period"),
        ({"period": "year"}, "/period"),
        ({"ref": "*"}, "/ref"),
        ({"scope": "agent", "ref": ""}, "/ref"),
        ({"scope": "agent", "ref": "payer"}, "/ref"),
        ({"scope": "agent", "ref": str(new_id())}, "/ref"),
        ({"scope": "category", "ref": "Payments.*"}, "/ref"),
        ({"scope": "integration", "ref": "bänk"}, "/ref"),
        ({"cost_class": "dear"}, "/cost_class"),
        ({"measure": "count", "limit": "1.5"}, "/limit"),
        ({"limit": "0"}, "/limit"),
        ({"limit": "-1"}, "/limit"),
        ({"limit": "NaN"}, "/limit"),
        ({"limit": "0.0000001"}, "/limit"),
        ({"on_exceed": "explode"}, "/on_exceed"),
        ({"warn_at": 0}, "/warn_at"),
        ({"warn_at": 101}, "/warn_at"),
    ],
)
def test_what_is_no_budget_is_refused(company: Company, about: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        set_one(company, **about)
    assert [each.pointer for each in refused.value.errors] == [field]


def test_there_is_one_budget_about_the_same(company: Company) -> None:
    set_one(company, "100")
    with pytest.raises(Conflict, match="already"):
        set_one(company, "50")
    agent, _ = make_agent(company)
    set_one(company, scope="agent", ref=str(agent.pk))
    set_one(company, scope="agent", ref="*")


def test_only_owners_and_compliance_set_budgets(company: Company) -> None:
    budget = set_one(company, "100")
    for member in (company.alice, company.audrey):
        with tenant_transaction(company.id), pytest.raises(Forbidden):
            set_budget(actor=member, scope="tenant", measure="tokens", period="day", terms=TERMS)
        with tenant_transaction(company.id), pytest.raises(Forbidden):
            change_budget(actor=member, budget_id=budget.pk, terms=TERMS, reason="No.")
        with tenant_transaction(company.id), pytest.raises(Forbidden):
            answer_change(actor=member, budget_id=budget.pk, is_confirmed=True)
