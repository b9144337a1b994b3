"""Everything that a submission is judged by, in one statement: it is asked thousands of times.

Written as SQL because these rows have no relation to one another but their tenant. Row-level
security holds for each of the tables, as in any other statement.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import Field, Model

from approvals.enums import GuardrailStatus, PolicyStatus
from approvals.models import ActionCategory, PolicyVersion
from approvals.selectors.attempts import RETRIES_SQL
from approvals.selectors.delegations import DELEGATION_SQL
from approvals.selectors.runs import RUN_SQL, read_run_id
from govapp.common.arrays import uuid_array
from govapp.common.tenancy import require_tenant_id
from tenants.office_hours import OfficeHours
from tenants.selectors.autonomy import AUTONOMY_SQL, ENVIRONMENT_SQL
from tenants.selectors.budgets import BUDGETS_SQL
from tenants.selectors.kill import KILL_SQL
from tenants.selectors.reach import REACH_SQL

_Row = TypeVar("_Row", bound=Model)

# Large, and read by `selectors.policies.compiled` when it must.
_LEFT_OUT: Final = frozenset({"source", "document"})
# What has started last; a version whose start nobody wrote down is older than all others. The
# time decides here, not the task that moves statuses: a version holds from its instant on.
_DECIDING: Final = (
    "SELECT v.* FROM approvals_policyversion v WHERE v.tenant_id = t.id"  # noqa: S608 - names of our own
    f" AND v.status IN ('{PolicyStatus.LIVE.value}', '{PolicyStatus.SCHEDULED.value}')"
    " AND (v.starts_at IS NULL OR v.starts_at <= clock.now)"
    " ORDER BY v.starts_at DESC NULLS LAST, v.number DESC LIMIT 1"
)


# What else holds a submission: a name, and SQL that gives one JSON value, or NULL. It may use
# `t` (the tenant), `a` (the agent), `c` (the category), `clock.now`, and what was `asked`.
_HOLDERS: Final[tuple[tuple[str, str], ...]] = (
    ("kill", KILL_SQL),
    ("reach", REACH_SQL),
    ("run", RUN_SQL),
    ("budgets", BUDGETS_SQL),
    ("retries", RETRIES_SQL),
    ("autonomy", AUTONOMY_SQL),
    ("environment", ENVIRONMENT_SQL),
    ("delegation", DELEGATION_SQL),
)
_ASKED: Final = (
    "SELECT %s::uuid AS agent_id, %s::text AS category, %s::text AS integration,"
    " %s::text AS environment, %s::text AS run, %s::uuid AS run_id, %s::text AS step,"
    " %s::text AS attempt_digest, %s::uuid[] AS delegation"
)


@dataclass(frozen=True)
class Situation:
    """How the tenant stands at this moment. `agent_status` is None for an agent that is gone.

    `version` decides; `shadow` is evaluated beside it. `guardrails` is the number and the text of
    the tenant's own guardrails, None while it has those that everybody begins with. `holders` is
    what each of `_HOLDERS` found, by its name.
    """

    now: datetime
    time_zone: str
    office: OfficeHours
    agent_status: str | None
    category: ActionCategory | None
    version: PolicyVersion | None
    shadow: PolicyVersion | None
    guardrails: tuple[int, str] | None
    holders: Mapping[str, Any] = field(default_factory=dict)


def read_situation(
    *,
    agent_id: UUID,
    category: str,
    integration: str = "",
    environment: str = "",
    run: str = "",
    step: str = "",
    attempt_digest: str = "",
    delegation: Sequence[UUID] = (),
) -> Situation:
    """Return the database's time, and what is known of this agent, category and policy.

    `delegation` has the ids of the chain that the agent acts under.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _statement(),
            [
                agent_id,
                category,
                integration,
                environment,
                run,
                read_run_id(run),
                step,
                attempt_digest,
                uuid_array(delegation),
                require_tenant_id(),
            ],
        )
        row = cursor.fetchone()
    now, time_zone, days, opens, closes, country, agent_status, number, rules, held, *rest = row
    border = len(_fields(ActionCategory))
    end = border + len(_fields(PolicyVersion))
    return Situation(
        now=now,
        time_zone=time_zone,
        office=OfficeHours.of(days, opens, closes, country),
        agent_status=agent_status,
        category=_model(ActionCategory, rest[:border]),
        version=_model(PolicyVersion, rest[border:end]),
        shadow=_model(PolicyVersion, rest[end:]),
        guardrails=None if number is None else (number, rules),
        holders=json.loads(held),
    )


@cache
def _statement() -> str:
    category, version, shadow = (
        ", ".join(f'{alias}."{each.column}"' for each in _fields(model))
        for alias, model in (("c", ActionCategory), ("p", PolicyVersion), ("s", PolicyVersion))
    )
    holders = ", ".join(f"'{name}', ({sql})" for name, sql in _HOLDERS)
    return (
        "SELECT clock.now, t.time_zone, t.business_days, t.business_from, t.business_to,"  # noqa: S608 - names of our own
        f" t.holiday_country, a.status, g.number, g.document::text,"
        f" json_build_object({holders})::text, {category}, {version}, {shadow}"
        f" FROM (SELECT govapp_now() AS now) AS clock CROSS JOIN ({_ASKED}) AS asked"
        " JOIN tenants_tenant t ON true"
        " LEFT JOIN tenants_agent a ON a.tenant_id = t.id AND a.id = asked.agent_id"
        " LEFT JOIN approvals_actioncategory c ON c.tenant_id = t.id AND c.key = asked.category"
        f" LEFT JOIN LATERAL ({_DECIDING}) p ON true"
        " LEFT JOIN approvals_policyversion s ON s.tenant_id = t.id"
        " AND s.shadow_since IS NOT NULL AND s.shadow_until IS NULL"
        " LEFT JOIN approvals_guardrailversion g ON g.tenant_id = t.id"
        f" AND g.status = '{GuardrailStatus.LIVE.value}'"
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
