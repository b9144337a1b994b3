"""Requests that differ in nothing that decides who is reminded: one of them is looked at for all.

Thousands of requests of one kind come due together. What is not the same for them, the times,
is read as it is; the people, the seats and the words are found for the first.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from django.db import connection

from govapp.common.arrays import uuid_array


class Twin(NamedTuple):
    """A request of which one reminder is due and nothing else, and on which nobody has voted.

    Its times are texts, UTC as PostgreSQL writes it: what is done with hundreds of them is to
    copy them.
    """

    request_id: UUID
    timer_id: UUID
    due_at: str
    opened_at: str  # the stage
    ends_at: str  # the stage
    deadline_at: str | None  # the request


# `kind` is the text of all that decides, written by PostgreSQL: equal when and only when it is.
# Of whoever is away, what counts is whether they are back before a stage ends: of two stages
# before whose ends equally many are back, the same are back.
_FIND: Final = """
WITH away AS MATERIALIZED (
  SELECT ends_at FROM tenants_absence WHERE cancelled_at IS NULL AND ends_at > %s)
SELECT timer.request_id, timer.id, (timer.due_at AT TIME ZONE 'UTC')::text,
  (stage.opened_at AT TIME ZONE 'UTC')::text, (stage.deadline_at AT TIME ZONE 'UTC')::text,
  (request.deadline_at AT TIME ZONE 'UTC')::text,
  ROW(timer.level, request.purpose, request.category_id, agent.owner_id,
    request.owner_at_submission_id, request.on_behalf_of,
    request.delegation_id)::text || board.stages AS kind
FROM (
  SELECT *, count(*) OVER (PARTITION BY request_id) AS due FROM approvals_timer
  WHERE request_id = ANY(%s::uuid[]) AND status = 'armed' AND due_at <= %s) AS timer
JOIN approvals_actionrequest AS request
  ON request.tenant_id = timer.tenant_id AND request.id = timer.request_id
JOIN approvals_requirementstage AS stage
  ON stage.tenant_id = timer.tenant_id AND stage.id = timer.stage_id
JOIN tenants_agent AS agent
  ON agent.tenant_id = request.tenant_id AND agent.id = request.agent_id
CROSS JOIN LATERAL (
  SELECT bool_or(one.id = timer.stage_id) AS has_stage,
    string_agg(concat_ws(' ', to_jsonb(ARRAY[demand.rule_id, one.name]), demand.flow, one.seats,
      one.added, demand.separation_of_duties, one.position, one.status, one.id = timer.stage_id,
      (SELECT count(*) FROM away WHERE away.ends_at < one.deadline_at)), ' '
      ORDER BY demand.rule_id, one.position) AS stages
  FROM approvals_requirementstage AS one
  JOIN approvals_requirement AS demand
    ON demand.tenant_id = one.tenant_id AND demand.id = one.requirement_id
  WHERE one.tenant_id = timer.tenant_id AND one.request_id = timer.request_id
    AND demand.replaced_at IS NULL) AS board
WHERE timer.due = 1 AND timer.kind = 'remind' AND timer.request_version = request.version
  AND request.status = 'pending' AND stage.status = 'open' AND board.has_stage
  AND NOT EXISTS (
    SELECT FROM approvals_vote AS vote
    WHERE vote.tenant_id = timer.tenant_id AND vote.request_id = timer.request_id
      AND vote.voided_at IS NULL)
ORDER BY timer.due_at, timer.id
"""


def find_twins(request_ids: Sequence[UUID], *, now: datetime) -> dict[UUID, list[Twin]]:
    """Return, by the first of them, which of these requests are in all else like it.

    Only requests whose due timer is one current reminder, and that have no vote. The caller has
    locked all of them. One statement.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [now, uuid_array(request_ids), now])
        rows = cursor.fetchall()
    firsts: dict[str, UUID] = {}
    found: dict[UUID, list[Twin]] = {}
    for *columns, kind in rows:
        first = firsts.setdefault(kind, columns[0])
        if first is columns[0]:
            found[first] = []
        else:
            found[first].append(Twin(*columns))
    return found
