"""What came before each recorded request, counted afterwards: for rules that are new to look at it.

A submission looks its history up when a rule asks, so requests of before such a rule have none.
Counted from the requests there are, as they ended since. The multiple of the usual amount is not:
it would take a hundred payloads for each request.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db import connection

from approvals.policies import Facts
from approvals.policies.kinds import Need
from approvals.policies.replay import Remembered
from govapp.common.tenancy import require_tenant_id

Needs = Callable[[str], frozenset[Need]]

_STATEMENT: Final = """
WITH asked AS (
  SELECT id, agent_id, submitted_at, run_key, category_key, target_digest
  FROM approvals_actionrequest WHERE tenant_id = %(tenant)s AND id = ANY(%(ids)s::uuid[])),
busy AS (
  SELECT id, count(*) OVER hour - 1 AS hour, count(*) OVER day - 1 AS day
  FROM approvals_actionrequest WHERE tenant_id = %(tenant)s AND purpose = 'action'
    AND submitted_at >= (SELECT min(submitted_at) FROM asked) - interval '1 day'
    AND submitted_at <= (SELECT max(submitted_at) FROM asked)
  WINDOW hour AS (PARTITION BY agent_id ORDER BY submitted_at
                  RANGE BETWEEN interval '1 hour' PRECEDING AND CURRENT ROW),
         day AS (PARTITION BY agent_id ORDER BY submitted_at
                 RANGE BETWEEN interval '1 day' PRECEDING AND CURRENT ROW))
SELECT a.id, b.hour, b.day,
  CASE WHEN a.run_key <> '' THEN coalesce((
    SELECT jsonb_object_agg(key, times) FROM (
      SELECT e.category_key AS key, count(*) AS times FROM approvals_actionrequest e
      WHERE e.tenant_id = %(tenant)s AND e.agent_id = a.agent_id AND e.run_key = a.run_key
        AND e.run_key <> '' AND e.submitted_at < a.submitted_at
        AND e.status IN ('allowed', 'approved', 'pending')
      GROUP BY 1) AS runs), '{}')::text END,
  CASE WHEN a.target_digest <> '' THEN NOT EXISTS (
    SELECT FROM approvals_actionrequest e
    WHERE e.tenant_id = %(tenant)s AND e.category_key = a.category_key
      AND e.target_digest = a.target_digest AND e.target_digest <> ''
      AND e.submitted_at < a.submitted_at AND e.purpose = 'action'
      AND e.status IN ('allowed', 'approved')) END
FROM asked a JOIN busy b ON b.id = a.id"""
_decode = msgspec.json.Decoder(dict[str, int]).decode


class HistoryFiller:
    """Completes facts whose history the rules look at and nobody looked up."""

    def __init__(self, needs: Needs):
        self._ask = needs
        self._known: Remembered[str, frozenset[Need]] = Remembered()

    def fill(self, found: Mapping[UUID, Facts]) -> dict[UUID, Facts]:
        """Return the facts that are completed, by request. One statement; none when all have it."""
        lacking = [ident for ident, facts in found.items() if self._lacks(facts)]
        return {ident: replace(found[ident], **past) for ident, past in _read(lacking).items()}

    def _lacks(self, facts: Facts) -> bool:
        needs = self._known.get(facts.category)
        if needs is None:
            needs = self._known.keep(facts.category, self._ask(facts.category))
        return ("history" in needs and facts.requests_last_day is None) or (
            "run" in needs and facts.run_counts is None
        )


def _read(idents: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    if not idents:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_STATEMENT, {"tenant": require_tenant_id(), "ids": list(idents)})
        return {
            ident: {
                "requests_last_hour": hour,
                "requests_last_day": day,
                "run_counts": None if runs is None else _decode(runs),
                "first_for_target": is_first,
            }
            for ident, hour, day, runs, is_first in cursor.fetchall()
        }
