"""Many pending requests quickly: copies of one that the services made, with its children."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from govapp.bench.ground import Ground

if TYPE_CHECKING:
    from govapp.bench.company import Company

# Everything of one request again, under new ids; the k-th copy belongs to the agent of its turn.
_COPY = """
WITH made AS (
  SELECT k, uuidv7() AS request, uuidv7() AS requirement, uuidv7() AS stage
  FROM generate_series(1, %(count)s) AS k),
model AS (SELECT to_jsonb(r) AS r, to_jsonb(q) AS q, to_jsonb(s) AS s
  FROM approvals_actionrequest r
  JOIN approvals_requirement q ON q.request_id = r.id
  JOIN approvals_requirementstage s ON s.requirement_id = q.id
  WHERE r.id = %(model)s LIMIT 1),
requests AS (INSERT INTO approvals_actionrequest
  SELECT p.* FROM made, model, jsonb_populate_record(NULL::approvals_actionrequest,
    r || jsonb_build_object('id', request,
                            'agent_id', (%(agents)s::uuid[])[1 + k %% %(turns)s])) AS p),
requirements AS (INSERT INTO approvals_requirement
  SELECT p.* FROM made, model, jsonb_populate_record(NULL::approvals_requirement,
    q || jsonb_build_object('id', requirement, 'request_id', request)) AS p),
stages AS (INSERT INTO approvals_requirementstage (id, tenant_id, requirement_id, request_id,
    position, name, seats, added, status, opened_at, deadline_at, satisfied_at)
  SELECT p.id, p.tenant_id, p.requirement_id, p.request_id, p.position, p.name, p.seats, p.added,
    p.status, p.opened_at, p.deadline_at, p.satisfied_at
  FROM made, model, jsonb_populate_record(NULL::approvals_requirementstage,
    s || jsonb_build_object('id', stage, 'request_id', request,
                            'requirement_id', requirement)) AS p),
timers AS (INSERT INTO approvals_timer
  SELECT p.* FROM made, approvals_timer t, jsonb_populate_record(NULL::approvals_timer,
    to_jsonb(t) || jsonb_build_object('id', uuidv7(), 'request_id', request,
                                      'stage_id', stage)) AS p
  WHERE t.request_id = %(model)s)
SELECT request, (%(agents)s::uuid[])[1 + k %% %(turns)s] FROM made
"""


# Requests that were decided by a rule have no stages, and no timers.
_COPY_DECIDED = """
INSERT INTO approvals_actionrequest
SELECT p.* FROM generate_series(1, %(count)s) AS k, approvals_actionrequest r,
  jsonb_populate_record(r, jsonb_build_object('id', uuidv7(make_interval(secs => -60 * k)),
    'agent_id', (%(agents)s::uuid[])[1 + k %% %(turns)s],
    'submitted_at', r.submitted_at - make_interval(secs => 60 * k))) AS p
WHERE r.id = %(model)s
"""


def copy_decided(company: "Company", count: int) -> None:
    """Make `count` requests that a rule has allowed, one for each minute before now."""
    from django.db import connection

    from govapp.bench.company import ALLOWED
    from govapp.common.tenancy import tenant_transaction

    model, agents = company.submit(ALLOWED), [agent.pk for agent in company.agents]
    values: dict[str, Any] = {
        "count": count,
        "model": model.pk,
        "agents": agents,
        "turns": len(agents),
    }
    with tenant_transaction(company.tenant_id), connection.cursor() as cursor:
        cursor.execute(_COPY_DECIDED, values)


def copy_pending(
    ground: Ground, count: int, company: "Company | None" = None
) -> list[tuple[UUID, UUID]]:
    """Make `count` pending requests with stages and timers; return (request, agent) of each."""
    from django.db import connection

    from govapp.common.tenancy import tenant_transaction

    company = company or ground.company
    model = company.submit()
    agents = [agent.pk for agent in company.agents]
    with tenant_transaction(company.tenant_id), connection.cursor() as cursor:
        cursor.execute(
            _COPY,
            {"count": count, "model": model.pk, "agents": agents, "turns": len(agents)},
        )
        return list(cursor.fetchall())
