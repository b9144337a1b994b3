"""Everything that a submission is judged by, in one statement: it is asked thousands of times.

Written as SQL because these rows have no relation to one another but their tenant. Row-level
security holds for each of the tables, as in any other statement.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import Field, Model

from approvals.enums import PolicyStatus
from approvals.models import ActionCategory, PolicyVersion
from govapp.common.tenancy import require_tenant_id

_Row = TypeVar("_Row", bound=Model)

# Large, and read by `selectors.policies.compiled` when it must.
_LEFT_OUT: Final = frozenset({"source", "document"})


@dataclass(frozen=True)
class Situation:
    """How the tenant stands at this moment. `agent_status` is None for an agent that is gone."""

    now: datetime
    time_zone: str
    agent_status: str | None
    category: ActionCategory | None
    version: PolicyVersion | None


def read_situation(*, agent_id: UUID, category_key: str) -> Situation:
    """Return the database's time, and what is known of this agent, category and policy."""
    tenant_id = require_tenant_id()
    with connection.cursor() as cursor:
        cursor.execute(_statement(), [agent_id, category_key, PolicyStatus.LIVE.value, tenant_id])
        now, time_zone, agent_status, *rest = cursor.fetchone()
    border = len(_fields(ActionCategory))
    return Situation(
        now,
        time_zone,
        agent_status,
        _model(ActionCategory, rest[:border]),
        _model(PolicyVersion, rest[border:]),
    )


@cache
def _statement() -> str:
    category, version = (
        ", ".join(f'{alias}."{each.column}"' for each in _fields(model))
        for alias, model in (("c", ActionCategory), ("p", PolicyVersion))
    )
    return (
        f"SELECT govapp_now(), t.time_zone, a.status, {category}, {version}"  # noqa: S608 - names of our own
        " FROM tenants_tenant t"
        " LEFT JOIN tenants_agent a ON a.tenant_id = t.id AND a.id = %s"
        " LEFT JOIN approvals_actioncategory c ON c.tenant_id = t.id AND c.key = %s"
        " LEFT JOIN approvals_policyversion p ON p.tenant_id = t.id AND p.status = %s"
        " WHERE t.tenant_id = %s"
    )


@cache
def _fields(model: type[Model]) -> "tuple[Field[Any, Any], ...]":
    return tuple(f for f in model._meta.local_concrete_fields if f.attname not in _LEFT_OUT)


def _model(model: type[_Row], values: list[Any]) -> _Row | None:
    """Return the row as an object, as the ORM would, or None when the join found none."""
    fields = _fields(model)
    if values[fields.index(model._meta.pk)] is None:
        return None
    converted = []
    for each, value in zip(fields, values, strict=True):
        convert = getattr(each, "from_db_value", None)
        converted.append(convert(value, None, connection) if convert else value)
    return model.from_db("default", [each.attname for each in fields], converted)
