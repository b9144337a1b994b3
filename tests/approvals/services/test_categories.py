"""Kinds of action and the rights on them."""

import pytest
from guardian.core import ObjectPermissionChecker
from guardian.shortcuts import get_users_with_perms

from approvals.models import ActionCategory
from approvals.selectors.people import APPROVE
from approvals.services.categories import (
    change_category,
    create_category,
    give_right,
    take_right,
)
from audit.models import LedgerEvent
from govapp.common.errors import Conflict, Forbidden, Invalid
from govapp.common.tenancy import tenant_transaction
from tests.people import Company, make_company
from tests.support.recorded import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Company:
    return make_company()


def make_category(company: Company, key: str = "payments.transfer") -> ActionCategory:
    return create_category(actor=company.carl, key=key, name="Transfer", risk="high")


def event_types() -> list[str]:
    events = LedgerEvent.objects.filter(type__startswith="category.").order_by("occurred_at", "id")
    return list(events.values_list("type", flat=True))


@pytest.mark.parametrize(
    "key", ["", "Payments", "payments..transfer", ".a", "a.", "1a", "a-b", "a b", "a\n", "a" * 101]
)
def test_a_key_is_words_joined_by_dots(acme: Company, key: str) -> None:
    with tenant_transaction(acme.id), pytest.raises(Invalid) as refused:
        make_category(acme, key)
    assert [error.pointer for error in refused.value.errors] == ["/key"]


@pytest.mark.parametrize("key", ["payments", "payments.transfer", "a1.b_2.c"])
def test_a_good_key_is_taken_once(acme: Company, key: str) -> None:
    with tenant_transaction(acme.id):
        make_category(acme, key)
        with pytest.raises(Conflict):
            make_category(acme, key)
        assert list(ActionCategory.objects.values_list("key", flat=True)) == [key]
        assert event_types() == ["category.created"]


def test_only_compliance_edits_categories(acme: Company) -> None:
    with tenant_transaction(acme.id):
        category = make_category(acme)
        for person in (acme.olivia, acme.alice, acme.audrey):
            with pytest.raises(Forbidden):
                create_category(actor=person, key="x", name="X", risk="low")
            with pytest.raises(Forbidden):
                change_category(actor=person, category=category, risk="low")


def test_a_change_says_what_it_was_and_what_it_is(acme: Company) -> None:
    with tenant_transaction(acme.id):
        category = change_category(
            actor=acme.carl, category=make_category(acme), risk="low", name="Transfer"
        )
        assert category.risk == "low"
        event = LedgerEvent.objects.get(type="category.changed")
        assert '"changes":{"risk":{"from":"high","to":"low"}}' in text_of(event)


@pytest.mark.parametrize(
    ("field", "value", "pointer"),
    [
        ("risk", "enormous", "/risk"),
        ("name", " ", "/name"),
        ("name", "a\0b", "/name"),
        ("is_reversible", 1, "/is_reversible"),
        ("key", "other", "/key"),
        ("tenant_id", "other", "/tenant_id"),
        ("display", {"kind": "html"}, "/display/kind"),
        ("display", {"kind": "money", "fields": {"a": 1}}, "/display/fields"),
        ("payload_schema", {"type": "strin"}, "/payload_schema/type"),
        ("cost_class", "enormous", "/cost_class"),
        ("target_field", "to..iban", "/target_field"),
        ("target_field", "to iban", "/target_field"),
        ("target_field", ".".join(["a"] * 50), "/target_field"),
        ("target_field", 7, "/target_field"),
        ("amount_field", "a\0", "/amount_field"),
        ("amount_field", "x" * 201, "/amount_field"),
    ],
)
def test_a_bad_field_is_refused_at_its_place(
    acme: Company, field: str, value: object, pointer: str
) -> None:
    with tenant_transaction(acme.id), pytest.raises(Invalid) as refused:
        change_category(actor=acme.carl, category=make_category(acme), **{field: value})
    assert [error.pointer for error in refused.value.errors] == [pointer]


def test_where_history_is_found_is_recorded(acme: Company) -> None:
    with tenant_transaction(acme.id):
        category = make_category(acme)
        for target in ("to.iban", ""):
            changed = change_category(
                actor=acme.carl,
                category=category,
                target_field=target,
                amount_field="amount",
                cost_class="high",
            )
            assert (changed.target_field, changed.amount_field) == (target, "amount")
        first, second = LedgerEvent.objects.filter(type="category.changed").order_by("id")
        assert '"amount_field":{"from":"","to":"amount"}' in text_of(first)
        assert '"changes":{"target_field":{"from":"to.iban","to":""}}' in text_of(second)


def test_a_right_works_through_guardian_for_groups_and_people(acme: Company) -> None:
    with tenant_transaction(acme.id):
        category = make_category(acme)
        give_right(actor=acme.carl, category=category, group=acme.finance)
        give_right(actor=acme.olivia, category=category, member=acme.bob)
        holders = get_users_with_perms(category, only_with_perms_in=[APPROVE])
        assert {str(user) for user in holders} == {"Alice", "Bob"}
        assert ObjectPermissionChecker(acme.alice.user).has_perm(APPROVE, category)
        assert not ObjectPermissionChecker(acme.charlie.user).has_perm(APPROVE, category)
        take_right(actor=acme.carl, category=category, group=acme.finance)
        assert not ObjectPermissionChecker(acme.alice.user).has_perm(APPROVE, category)
        assert event_types() == [
            "category.created", "category.right_given", "category.right_given",
            "category.right_taken",
        ]  # fmt: skip


def test_a_right_of_one_tenant_is_none_in_another(acme: Company) -> None:
    other = make_company("other")
    with tenant_transaction(acme.id):
        category = make_category(acme)
        give_right(actor=acme.carl, category=category, member=acme.bob)
    with tenant_transaction(other.id):
        assert not ObjectPermissionChecker(acme.bob.user).has_perm(APPROVE, category)


def test_giving_or_taking_twice_changes_and_records_nothing(acme: Company) -> None:
    with tenant_transaction(acme.id):
        category = make_category(acme)
        for _ in range(2):
            give_right(actor=acme.carl, category=category, member=acme.bob)
        for _ in range(2):
            take_right(actor=acme.carl, category=category, member=acme.bob)
        assert event_types() == [
            "category.created", "category.right_given", "category.right_taken"
        ]  # fmt: skip


def test_a_right_is_given_to_one_bearer_by_somebody_who_may(acme: Company) -> None:
    with tenant_transaction(acme.id):
        category = make_category(acme)
        with pytest.raises(Invalid):
            give_right(actor=acme.carl, category=category)
        with pytest.raises(Invalid):
            give_right(actor=acme.carl, category=category, member=acme.bob, group=acme.finance)
        with pytest.raises(Forbidden):
            give_right(actor=acme.alice, category=category, member=acme.alice)
