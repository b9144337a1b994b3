"""What must hold whatever was killed, each as one query that returns what breaks it.

Asked past the application, as the database's administrator. The queries read the tables and the
record only, and share nothing with the services: whoever changes a rule there has to change it
here as well, and knowingly. An approval that its votes do not carry is found by `seating`.
"""

from collections.abc import Mapping
from typing import Any, Final, LiteralString

import psycopg

Connection = psycopg.Connection[dict[str, Any]]

# The title is what is said of a breach; %(tenant)s is whose data, `what` names what is amiss.
QUERIES: Final[Mapping[str, LiteralString]] = {
    "a request is still undecided": """
        SELECT id::text AS what FROM approvals_actionrequest
        WHERE tenant_id = %(tenant)s AND status = 'pending'""",
    "a request was not recorded as submitted exactly once": """
        SELECT request.id::text AS what FROM approvals_actionrequest AS request
        WHERE request.tenant_id = %(tenant)s AND 1 <> (
          SELECT count(*) FROM audit_ledgerevent AS event
          WHERE event.tenant_id = request.tenant_id AND event.request_id = request.id
            AND event.type = 'action_request.submitted')""",
    "a request does not have exactly one final event, that of its status": """
        SELECT request.id || ' is ' || request.status || ', recorded: '
               || coalesce(string_agg(event.type, ', '), 'nothing') AS what
        FROM approvals_actionrequest AS request LEFT JOIN audit_ledgerevent AS event
          ON event.tenant_id = request.tenant_id AND event.request_id = request.id
          AND event.type IN ('action_request.allowed', 'action_request.blocked',
            'action_request.approved', 'action_request.denied', 'action_request.returned',
            'action_request.expired', 'action_request.cancelled')
        WHERE request.tenant_id = %(tenant)s AND request.status <> 'pending'
        GROUP BY request.id, request.status
        HAVING count(event.id) <> 1
            OR max(event.type) <> 'action_request.' || request.status""",
    "the record knows a request that is not there": """
        SELECT event.request_id::text AS what FROM audit_ledgerevent AS event
        WHERE event.tenant_id = %(tenant)s AND event.request_id IS NOT NULL
          AND NOT EXISTS (SELECT FROM approvals_actionrequest WHERE id = event.request_id)
        GROUP BY event.request_id""",
    "a timer is due and did not fire": """
        SELECT id || ', ' || kind AS what FROM approvals_timer
        WHERE tenant_id = %(tenant)s AND status = 'armed' AND due_at <= govapp_now()""",
    "a timer fired before it was due": """
        SELECT id || ', ' || kind AS what FROM approvals_timer
        WHERE tenant_id = %(tenant)s AND status IN ('fired', 'skipped')
          AND (closed_at IS NULL OR closed_at < due_at)""",
    "a stage was opened without one timer that ends it at its deadline": """
        SELECT stage.id::text AS what FROM approvals_requirementstage AS stage
        WHERE stage.tenant_id = %(tenant)s AND stage.opened_at IS NOT NULL
          -- one that earlier votes fill is done as it opens, and nothing is due in it
          AND stage.satisfied_at IS DISTINCT FROM stage.opened_at AND 1 <> (
          SELECT count(*) FROM approvals_timer AS timer
          WHERE timer.stage_id = stage.id AND timer.kind = 'expire'
            AND timer.due_at = stage.deadline_at)""",
    "a timer was dropped although its stage was still open": """
        SELECT timer.id || ', ' || timer.kind AS what FROM approvals_timer AS timer
        JOIN approvals_requirementstage AS stage ON stage.id = timer.stage_id
        JOIN approvals_requirement AS requirement ON requirement.id = stage.requirement_id
        JOIN approvals_actionrequest AS request ON request.id = timer.request_id
        WHERE timer.tenant_id = %(tenant)s AND timer.status = 'superseded'
          AND request.status = 'pending' AND stage.status NOT IN ('satisfied', 'closed')
          AND requirement.replaced_at IS NULL""",
    "a timer did not leave exactly one event": """
        WITH fired AS (
          SELECT timer.request_id, timer.kind, timer.level, stage.position,
                 requirement.rule_id AS rule, timer.status, count(*) AS number
          FROM approvals_timer AS timer
          LEFT JOIN approvals_requirementstage AS stage ON stage.id = timer.stage_id
          LEFT JOIN approvals_requirement AS requirement ON requirement.id = stage.requirement_id
          WHERE timer.tenant_id = %(tenant)s AND timer.status IN ('fired', 'skipped')
            AND timer.kind IN ('remind', 'escalate', 'reconcile', 'expire')
            AND NOT (timer.kind = 'expire' AND timer.status = 'fired')
          GROUP BY 1, 2, 3, 4, 5, 6
        ), said AS (
          SELECT request_id, data->>'kind' AS kind, (data->>'level')::int AS level,
                 (data->>'position')::int AS position, data->>'rule' AS rule,
                 CASE type WHEN 'timer.skipped_late' THEN 'skipped' ELSE 'fired' END AS status,
                 count(*) AS number
          FROM (SELECT *, convert_from(body, 'UTF8')::jsonb->'data' AS data
                FROM audit_ledgerevent
                WHERE tenant_id = %(tenant)s AND type IN ('timer.reminded', 'timer.escalated',
                  'timer.repeated',
                  'timer.skipped_late', 'execution.overdue')) AS event
          GROUP BY 1, 2, 3, 4, 5, 6
        )
        SELECT coalesce(fired.request_id, said.request_id) || ', '
               || coalesce(fired.kind, said.kind) || ' ' || coalesce(fired.level, said.level)
               || ': timers ' || coalesce(fired.number, 0)
               || ', events ' || coalesce(said.number, 0) AS what
        FROM fired FULL JOIN said ON fired.request_id = said.request_id
          AND fired.kind = said.kind AND fired.level = said.level AND fired.status = said.status
          AND fired.position IS NOT DISTINCT FROM said.position
          AND fired.rule IS NOT DISTINCT FROM said.rule
        WHERE coalesce(fired.number, 0) <> coalesce(said.number, 0)
           OR fired.number > 1""",
    "a request expired without one timer that fired": """
        SELECT request.id::text AS what FROM approvals_actionrequest AS request
        WHERE request.tenant_id = %(tenant)s AND (request.status = 'expired')::int <> (
          SELECT count(*) FROM approvals_timer AS timer
          WHERE timer.request_id = request.id AND timer.kind = 'expire'
            AND timer.status = 'fired')""",
    "a permission was used more than once": """
        SELECT request_id::text AS what FROM approvals_executiongrant
        WHERE tenant_id = %(tenant)s AND redeemed_at IS NOT NULL
        GROUP BY request_id HAVING count(*) > 1
        UNION ALL
        SELECT request_id::text FROM audit_ledgerevent
        WHERE tenant_id = %(tenant)s AND type = 'grant.redeemed'
        GROUP BY request_id HAVING count(*) > 1""",
    "a use of a permission and the record do not agree": """
        SELECT request.id::text AS what FROM approvals_actionrequest AS request
        WHERE request.tenant_id = %(tenant)s AND (
          SELECT count(*) FROM approvals_executiongrant AS used
          WHERE used.request_id = request.id AND used.redeemed_at IS NOT NULL
        ) <> (SELECT count(*) FROM audit_ledgerevent AS event
          WHERE event.tenant_id = request.tenant_id AND event.request_id = request.id
            AND event.type = 'grant.redeemed')""",
    "a permission was given or used for what nobody permitted": """
        SELECT used.id::text AS what FROM approvals_executiongrant AS used
        JOIN approvals_actionrequest AS request ON request.id = used.request_id
        WHERE used.tenant_id = %(tenant)s AND (
          request.status NOT IN ('allowed', 'approved')
          OR used.payload_digest <> request.payload_digest
          OR used.redeemed_at >= used.expires_at)""",
    "a message is queued twice": """
        SELECT member_id || ', ' || dedup_key AS what FROM approvals_notification
        WHERE tenant_id = %(tenant)s
        GROUP BY member_id, channel, dedup_key HAVING count(*) > 1
        UNION ALL
        SELECT member_id || ', how ' || request_id || ' ended' FROM approvals_notification
        WHERE tenant_id = %(tenant)s AND kind = 'decided'
        GROUP BY member_id, channel, request_id HAVING count(*) > 1""",
    "a message was given up or is overdue": """
        SELECT id || ', ' || kind || ', ' || status || ': ' || last_error AS what
        FROM approvals_notification
        WHERE tenant_id = %(tenant)s AND (status = 'failed'
          -- the watch goes on writing after nothing was seen to be due
          OR (status = 'queued' AND next_attempt_at <= govapp_now()
            AND created_at <= govapp_now() - interval '1 minute'))""",
    "somebody was not told how it ended": """
        SELECT DISTINCT request.id || ', ' || asked.member_id AS what
        FROM approvals_notification AS asked
        JOIN approvals_actionrequest AS request ON request.id = asked.request_id
        WHERE asked.tenant_id = %(tenant)s AND asked.kind = 'requested' AND asked.status = 'sent'
          AND request.status NOT IN ('pending', 'cancelled') AND NOT EXISTS (
            SELECT FROM approvals_notification AS told
            WHERE told.request_id = asked.request_id AND told.member_id = asked.member_id
              AND told.kind = 'decided')
          AND NOT EXISTS (
            SELECT FROM approvals_vote AS vote
            WHERE vote.request_id = asked.request_id AND vote.member_id = asked.member_id)""",
    "somebody's word was counted twice": """
        SELECT request_id || ', ' || person AS what
        FROM approvals_vote AS vote,
          LATERAL (VALUES (vote.member_id), (vote.stands_for_id)) AS word (person)
        WHERE vote.tenant_id = %(tenant)s AND vote.voided_at IS NULL AND person IS NOT NULL
        GROUP BY request_id, person HAVING count(*) > 1""",
    "a vote was not recorded exactly once": """
        SELECT request.id::text AS what FROM approvals_actionrequest AS request
        WHERE request.tenant_id = %(tenant)s AND (
          SELECT array_agg(vote.cast_at ORDER BY vote.cast_at) FROM approvals_vote AS vote
          WHERE vote.request_id = request.id
        ) IS DISTINCT FROM (
          SELECT array_agg(event.occurred_at ORDER BY event.occurred_at)
          FROM audit_ledgerevent AS event
          WHERE event.tenant_id = request.tenant_id AND event.request_id = request.id
            AND event.type = 'vote.cast')""",
    "a vote was counted at or after its deadline": """
        SELECT DISTINCT vote.id || ', ' || vote.verdict AS what FROM approvals_vote AS vote
        JOIN approvals_requirementstage AS stage ON stage.request_id = vote.request_id
        WHERE vote.tenant_id = %(tenant)s AND vote.voided_at IS NULL
          AND stage.opened_at <= vote.cast_at AND stage.deadline_at <= vote.cast_at
          AND (stage.satisfied_at IS NULL OR stage.satisfied_at >= vote.cast_at)""",
    "an approval came at or after its deadline": """
        SELECT DISTINCT request.id::text AS what FROM approvals_actionrequest AS request
        JOIN approvals_requirementstage AS stage ON stage.request_id = request.id
        WHERE request.tenant_id = %(tenant)s AND request.status = 'approved'
          AND stage.satisfied_at >= stage.deadline_at""",
    "a vote was counted for another payload than its request's": """
        SELECT vote.id::text AS what FROM approvals_vote AS vote
        JOIN approvals_actionrequest AS request ON request.id = vote.request_id
        WHERE vote.tenant_id = %(tenant)s AND vote.voided_at IS NULL
          AND vote.payload_digest <> request.payload_digest""",
    "the rules demanded approval and it was simply allowed": """
        SELECT DISTINCT request.id::text AS what FROM approvals_actionrequest AS request
        JOIN approvals_requirement AS requirement ON requirement.request_id = request.id
        WHERE request.tenant_id = %(tenant)s AND request.status = 'allowed'""",
    "an event has no place in the record, or two": """
        SELECT event.id || ', ' || event.type AS what FROM audit_ledgerevent AS event
        WHERE event.tenant_id = %(tenant)s AND 1 <> (
          SELECT count(*) FROM audit_ledgerleaf AS leaf WHERE leaf.event_id = event.id)
          -- the watch goes on recording after the queue was seen empty
          AND NOT EXISTS (
            SELECT FROM audit_ledgerqueueitem AS item WHERE item.event_id = event.id)""",
    "the record has a gap": """
        SELECT 'leaf ' || index AS what FROM (
          SELECT index, row_number() OVER (ORDER BY index) - 1 AS place
          FROM audit_ledgerleaf WHERE tenant_id = %(tenant)s) AS leaf
        WHERE index <> place
        UNION ALL
        SELECT 'its size is ' || log.size FROM audit_ledgerlog AS log
        WHERE log.tenant_id = %(tenant)s AND log.size <> (
          SELECT count(*) FROM audit_ledgerleaf WHERE tenant_id = %(tenant)s)""",
}


def find_breaches(connection: Connection, tenant_id: str) -> dict[str, list[str]]:
    """Return what breaks an invariant, by its title; empty when everything holds."""
    found = {}
    for title, query in QUERIES.items():
        rows = connection.execute(query, {"tenant": tenant_id}).fetchall()
        if rows:
            found[title] = [str(row["what"]) for row in rows]
    return found
