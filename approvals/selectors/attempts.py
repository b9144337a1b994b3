"""How often the same was tried in vain: one JSON value of the situation.

A try is the same category and payload, by the same agent, that was blocked or denied for what it
is, or that failed. What met a kill switch, a suspended system or account, a closed environment, a
paused agent or a throttle is none: it says nothing of the thing, and whoever kept asking while it
was stopped goes on when it is resumed. `approvals.leash.counts_as_try` decides, and a request that
is none keeps no `attempt_digest`.
"""

from typing import Final

RETRIES_SQL: Final = """SELECT json_build_object('times', count(*), 'limit', t.retry_limit,
 'minutes', t.retry_minutes, 'oldest', min(tried.ended_at))
 FROM (SELECT coalesce(r.execution_reported_at, r.decided_at) AS ended_at
   FROM approvals_actionrequest r
   WHERE r.tenant_id = t.id AND r.agent_id = asked.agent_id AND asked.attempt_digest <> ''
   AND r.attempt_digest = asked.attempt_digest AND r.purpose = 'action'
   AND (r.status IN ('blocked', 'denied') OR r.execution_state = 'failed')
   AND coalesce(r.execution_reported_at, r.decided_at)
     > clock.now - make_interval(mins => t.retry_minutes)
   ORDER BY 1 DESC LIMIT t.retry_limit) AS tried
 HAVING t.retry_limit IS NOT NULL AND count(*) > 0"""
"""NULL when it was not, or where agents may keep trying. Uses `t`, `asked` and `clock`."""
