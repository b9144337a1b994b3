"""A transaction works for one tenant, and the database sees to it."""

import pytest
from django.db import connection

from govapp.common.ids import new_id
from govapp.common.tenancy import TenantMismatch, bind_tenant, bound_tenant_id, tenant_transaction
from tenants.models import Tenant

pytestmark = pytest.mark.django_db


def make_tenant(slug: str) -> Tenant:
    ident = new_id()
    with bind_tenant(ident):
        return Tenant.objects.create(id=ident, tenant_id=ident, slug=slug, name=slug)


def test_a_tenant_sees_its_own_rows_only() -> None:
    one, two = make_tenant("one"), make_tenant("two")
    with tenant_transaction(one.pk):
        assert list(Tenant.objects.values_list("slug", flat=True)) == ["one"]
    with tenant_transaction(two.pk):
        assert list(Tenant.objects.values_list("slug", flat=True)) == ["two"]


def test_without_a_tenant_there_are_no_rows() -> None:
    make_tenant("one")
    assert list(Tenant.objects.all()) == []
    assert bound_tenant_id() is None


def test_a_second_tenant_cannot_be_bound_inside_the_first() -> None:
    one, two = make_tenant("one"), make_tenant("two")
    with bind_tenant(one.pk), pytest.raises(TenantMismatch), bind_tenant(two.pk):
        pass


def test_the_tests_run_as_the_application_role() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchone() == ("govapp_app", False, False)
