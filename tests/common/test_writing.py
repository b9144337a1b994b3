"""Rows that travel together: nothing is read without what was written, nothing half is left."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from approvals.models import ActionCategory
from audit.models import LedgerSubject
from govapp.common import gathered
from govapp.common.gathered import Lines
from govapp.common.ids import new_id
from govapp.common.tenancy import bind_tenant, tenant_transaction
from govapp.common.writing import change, insert, insert_lines, unit_of_work, update
from tenants.models import ApproverGroup, Membership
from tests.people import Company, make_company

pytestmark = pytest.mark.django_db


class Refused(Exception):
    pass


@contextmanager
def refused() -> Iterator[None]:
    """An inner unit that raises at its end."""
    try:
        with unit_of_work():
            yield
            raise Refused  # noqa: TRY301 - the inside of the block is what raises
    except Refused:
        return


@pytest.fixture
def company() -> Company:
    return make_company()


def category(key: str) -> ActionCategory:
    return ActionCategory(key=key, name=key)


def keys() -> list[str]:
    return list(ActionCategory.objects.order_by("key").values_list("key", flat=True))


def test_rows_of_several_tables_and_updates_are_one_statement(company: Company) -> None:
    with tenant_transaction(company.id):
        with CaptureQueriesContext(connection) as seen, unit_of_work():
            insert(category("a"), category("b"))
            company.finance.name = "Treasury"
            update(company.finance, "name")
            change(Membership.objects.filter(pk=company.bob.pk), roles=[])
        assert len(seen) == 1
        assert keys() == ["a", "b"]
        assert ApproverGroup.objects.get(pk=company.finance.pk).name == "Treasury"
        assert Membership.objects.get(pk=company.bob.pk).roles == []


def lines(company: Company, *keys: str) -> Lines:
    columns = ("tenant_id", "id", "ref", "key_sealed")
    return Lines("audit_ledgersubject", columns, [(company.id, new_id(), key, b"") for key in keys])


def test_lines_are_one_statement_alone_and_travel_with_the_others(company: Company) -> None:
    with tenant_transaction(company.id):
        with CaptureQueriesContext(connection) as seen:
            insert_lines(lines(company, "a"), lines(company), lines(company, "b", "c"))
        assert len(seen) == 1
        with CaptureQueriesContext(connection) as seen, unit_of_work():
            insert_lines(lines(company, "d"))
            insert(category("e"))
            insert_lines(lines(company, "f"))
        assert len(seen) == 1
        refs = LedgerSubject.objects.order_by("ref").values_list("ref", flat=True)
        assert [ref for ref in refs if len(ref) == 1] == ["a", "b", "c", "d", "f"]


def test_an_inner_unit_that_raises_undoes_its_lines(company: Company) -> None:
    with tenant_transaction(company.id), unit_of_work():
        insert_lines(lines(company, "a"))
        with refused():
            insert_lines(lines(company, "b"))
        refs = LedgerSubject.objects.values_list("ref", flat=True)
        assert [ref for ref in refs if len(ref) == 1] == ["a"]


def test_whoever_reads_a_table_sees_what_was_written_to_it(company: Company) -> None:
    with tenant_transaction(company.id), unit_of_work():
        insert(category("a"))
        assert keys() == ["a"]


def test_a_read_of_other_tables_sends_nothing(company: Company) -> None:
    with tenant_transaction(company.id):
        with CaptureQueriesContext(connection) as seen, unit_of_work():
            insert(category("a"))
            assert ApproverGroup.objects.count() == 3
            insert(category("b"))
        assert [each["sql"][:6] for each in seen] == ["SELECT", "INSERT"]


@pytest.mark.parametrize("is_read_between", [False, True])
def test_an_inner_unit_that_raises_undoes_its_part_only(
    company: Company, is_read_between: bool
) -> None:
    with tenant_transaction(company.id):
        with unit_of_work():
            insert(category("before"))
            with refused():
                insert(category("inside"))
                if is_read_between:
                    assert keys() == ["before", "inside"]
            insert(category("after"))
        assert keys() == ["after", "before"]


def test_what_others_write_inside_is_undone_as_well(company: Company) -> None:
    with tenant_transaction(company.id):
        with unit_of_work():
            insert(category("before"))
            with refused():
                category("saved").save(force_insert=True)
        assert keys() == ["before"]


def test_the_outermost_unit_that_raises_leaves_nothing(company: Company) -> None:
    with bind_tenant(company.id), refused():
        insert(category("a"))
    with tenant_transaction(company.id):
        assert keys() == []


def test_a_row_changed_before_it_was_sent_is_sent_as_it_is(company: Company) -> None:
    with tenant_transaction(company.id):
        made = category("a")
        with CaptureQueriesContext(connection) as seen, unit_of_work():
            insert(made)
            made.name = "Later"
            update(made, "name")
        assert len(seen) == 1
        assert ActionCategory.objects.get().name == "Later"


def test_two_images_of_one_row_are_both_written(company: Company) -> None:
    with tenant_transaction(company.id):
        other = ApproverGroup.objects.get(pk=company.finance.pk)
        with unit_of_work():
            company.finance.name = "Treasury"
            update(company.finance, "name")
            other.description = "Money"
            update(other, "description")
        found = ApproverGroup.objects.get(pk=company.finance.pk)
        assert (found.name, found.description) == ("Treasury", "Money")


def test_an_update_that_follows_a_change_is_the_last_word(company: Company) -> None:
    with tenant_transaction(company.id):
        with unit_of_work():
            change(ApproverGroup.objects.all(), description="all")
            company.finance.description = "one"
            update(company.finance, "description")
        found = ApproverGroup.objects.order_by("slug").values_list("slug", "description")
        assert list(found) == [("finance", "one"), ("managers", "all"), ("risk", "all")]


def test_rows_that_are_there_can_be_left_out(company: Company) -> None:
    with tenant_transaction(company.id):
        insert(category("a"))
        insert(category("a"), category("b"), skip_conflicts=True)
        assert keys() == ["a", "b"]


def test_defaults_of_the_database_are_read_when_asked_for(company: Company) -> None:
    with tenant_transaction(company.id):
        made = category("a")
        insert(made)
        assert made.created_at == ActionCategory.objects.get().created_at


def test_a_change_that_was_undone_does_not_come_along_later(company: Company) -> None:
    with tenant_transaction(company.id):
        with unit_of_work():
            company.finance.name = "Treasury"
            update(company.finance, "name")
            with refused():
                company.finance.name = "Nobody"
                update(company.finance, "name")
        assert ApproverGroup.objects.get(pk=company.finance.pk).name == "Treasury"


@pytest.mark.parametrize("is_read_between", [False, True])
def test_a_unit_inside_of_anothers_transaction_undoes_itself(
    company: Company, is_read_between: bool
) -> None:
    with tenant_transaction(company.id):
        category("theirs").save(force_insert=True)
        with refused():
            insert(category("a"))
            if is_read_between:
                assert keys() == ["a", "theirs"]
            category("saved").save(force_insert=True)
            insert(category("b"))
            with unit_of_work():
                insert(category("c"))
        assert keys() == ["theirs"]
        insert(category("later"))
        assert keys() == ["later", "theirs"]


def test_a_transaction_in_which_the_last_statement_failed_goes_no_further(
    company: Company,
) -> None:
    with bind_tenant(company.id), transaction.atomic():
        with pytest.raises(IntegrityError):
            insert(category("twice"), category("twice"))
        with pytest.raises(transaction.TransactionManagementError):
            keys()
        transaction.set_rollback(True)


def test_the_texts_of_statements_that_are_kept_are_few() -> None:
    for number in range(200):
        gathered._as_one((f"SELECT {number}", "SELECT 0"))
    assert gathered._as_one.cache_info().currsize == 128
