"""Django's PostgreSQL backend, which names the tenant at the start of every transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.conf import settings
from django.db.backends.postgresql import base

from govapp.common.tenancy import TenantMismatch, bound_tenant_id

_SET_TENANT = "SELECT set_config('app.tenant_id', %s, true)"


class DatabaseWrapper(base.DatabaseWrapper):
    """Sets `app.tenant_id` transaction-locally, so that a pooled connection forgets it.

    One transaction works for one tenant. `TENANT_REBIND_IN_TRANSACTION` lifts that for tests,
    which run many units of work inside one transaction that is rolled back.
    """

    transaction_tenant: UUID | None = None

    def set_autocommit(
        self, autocommit: bool, force_begin_transaction_with_broken_autocommit: bool = False
    ) -> None:
        super().set_autocommit(autocommit, force_begin_transaction_with_broken_autocommit)
        self.transaction_tenant = None
        tenant_id = bound_tenant_id()
        if not autocommit and tenant_id is not None:
            self._set_tenant(tenant_id)

    @contextmanager
    def tenant_in_open_transaction(self, tenant_id: UUID) -> Iterator[None]:
        """Name the tenant in the transaction that is open already, if one is."""
        if not self.in_atomic_block or self.transaction_tenant == tenant_id:
            yield
            return
        if self.transaction_tenant is not None:
            raise TenantMismatch("This transaction was begun for another tenant.")
        self._set_tenant(tenant_id)
        try:
            yield
        finally:
            if self.in_atomic_block and getattr(settings, "TENANT_REBIND_IN_TRANSACTION", False):
                self._forget_tenant()

    def _set_tenant(self, tenant_id: UUID) -> None:
        with self.cursor() as cursor:
            cursor.execute(_SET_TENANT, [str(tenant_id)])
        self.transaction_tenant = tenant_id

    def _forget_tenant(self) -> None:
        self.transaction_tenant = None
        if not self.needs_rollback:
            with self.cursor() as cursor:
                cursor.execute(_SET_TENANT, [""])
