"""Which tenant the running code works for.

`bind_tenant` names the tenant; the database wrapper (`govapp.common.postgres`) tells PostgreSQL,
transaction-locally, as the first statement of every transaction. Row-level security does the
rest: with no tenant bound, or outside a transaction, a tenant's table has no rows.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from django.db import connection, transaction

_bound_tenant: ContextVar[UUID | None] = ContextVar("govapp_tenant", default=None)


class TenantMismatch(RuntimeError):
    """A programming error: one transaction tried to work for two tenants, or for none."""


def bound_tenant_id() -> UUID | None:
    """Return the tenant that is bound now, or None."""
    return _bound_tenant.get()


def require_tenant_id() -> UUID:
    """Return the tenant that is bound now; raise `TenantMismatch` when there is none."""
    tenant_id = _bound_tenant.get()
    if tenant_id is None:
        raise TenantMismatch("No tenant is bound: wrap the call in bind_tenant().")
    return tenant_id


@contextmanager
def bind_tenant(tenant_id: UUID) -> Iterator[None]:
    """Work for `tenant_id`. Every transaction begun inside sees only that tenant's rows.

    Raises `TenantMismatch` when another tenant is bound already, or when the transaction that is
    open now was begun for another one.
    """
    outer = _bound_tenant.get()
    if outer is not None and outer != tenant_id:
        raise TenantMismatch("Another tenant is bound already.")
    token = _bound_tenant.set(tenant_id)
    try:
        if not connection.in_atomic_block:
            yield
        else:
            with connection.tenant_in_open_transaction(tenant_id):  # type: ignore[attr-defined]
                yield
    finally:
        _bound_tenant.reset(token)


@contextmanager
def tenant_transaction(tenant_id: UUID) -> Iterator[None]:
    """Bind the tenant and open a transaction: what tasks and commands wrap their work in."""
    with bind_tenant(tenant_id), transaction.atomic():
        yield
