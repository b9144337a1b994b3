"""The one way in which evidence goes: a function of the database that believes only the record.

Nobody else may delete events (`govapp.common.rowsecurity`), and it deletes exactly what an event
`ledger.pruned` names that stands in the signed tree already, when the tenant's time of keeping is
over for it and no legal hold keeps it; what belongs to one request, or to one run, when that is so
for all of it. It is made after each migrate, owned by the owner of the schema; the application role
may call it and nothing more.
"""

from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection, connections

from govapp.common.rowsecurity import APP_ROLE

NEVER_PRUNED: Final = (
    "ledger.key_",
    "ledger.prun",
    "hold.",
    "subject.erased",
    "tenant.",
    "policy.published",
)
"""How types begin that stay: what says why something is not there, whose record it is, and which
rules decided what is left."""
NEVER_LIKE: Final = [each.replace("_", r"\_") + "%" for each in NEVER_PRUNED]

_FUNCTION: Final = """
CREATE OR REPLACE FUNCTION govapp_prune(pruned_by uuid) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $prune$
DECLARE
  tenant uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
  told jsonb; place bigint; named uuid[]; whole uuid[]; requests uuid[]; runs text[];
  removed bigint; before timestamptz; kept bigint;
BEGIN
  IF tenant IS NULL THEN RAISE EXCEPTION 'no tenant is bound' USING ERRCODE = '{refused}'; END IF;
  SELECT convert_from(e.body, 'UTF8')::jsonb, l.index INTO told, place
    FROM audit_ledgerevent e
    JOIN audit_ledgerleaf l ON l.tenant_id = e.tenant_id AND l.event_id = e.id
    WHERE e.tenant_id = tenant AND e.id = pruned_by AND e.type = 'ledger.pruned'
      AND l.index < (SELECT max(size) FROM audit_ledgercheckpoint c WHERE c.tenant_id = tenant);
  IF told IS NULL OR told ->> 'type' <> 'ledger.pruned' THEN
    RAISE EXCEPTION 'no signed event names what goes' USING ERRCODE = '{refused}';
  END IF;
  IF coalesce(told #>> '{{data,reason}}', '') = '' THEN
    RAISE EXCEPTION 'nothing goes without a reason' USING ERRCODE = '{refused}';
  END IF;
  before := (told #>> '{{data,before}}')::timestamptz;
  IF before IS NULL THEN
    RAISE EXCEPTION 'nothing goes that is not said to be old' USING ERRCODE = '{refused}';
  END IF;
  FOR kept IN {kept} LOOP
    IF kept IS NULL OR before > govapp_now() - kept * interval '24 hours' THEN
      RAISE EXCEPTION 'the time of keeping is not over' USING ERRCODE = '{refused}';
    END IF;
  END LOOP;
  SELECT array_agg(l.event_id) INTO named
    FROM jsonb_to_recordset(told #> '{{data,ranges}}') AS each ("first" bigint, "last" bigint)
    JOIN audit_ledgerleaf l
      ON l.tenant_id = tenant AND l.index BETWEEN each."first" AND each."last";
  IF EXISTS (SELECT FROM audit_ledgerevent e WHERE e.tenant_id = tenant AND e.id = ANY(named)
    AND (e.type LIKE ANY('{{{never}}}'::text[])
      OR e.occurred_at >= before)) THEN
    RAISE EXCEPTION 'some of it is never pruned, or too young' USING ERRCODE = '{refused}';
  END IF;
  SELECT array_agg(DISTINCT e.request_id),
      array_agg(DISTINCT e.subject_id) FILTER (WHERE e.subject_type = 'run')
    INTO requests, runs FROM audit_ledgerevent e WHERE e.tenant_id = tenant AND e.id = ANY(named);
  SELECT array_agg(every.id) INTO whole FROM (
    SELECT unnest(named) AS id
    UNION SELECT e.id FROM audit_ledgerevent e
      WHERE e.tenant_id = tenant AND e.request_id = ANY(requests)
    UNION SELECT e.id FROM audit_ledgerevent e
      WHERE e.tenant_id = tenant AND e.subject_type = 'run' AND e.subject_id = ANY(runs)) every;
  IF EXISTS (SELECT FROM audit_ledgerevent e WHERE e.tenant_id = tenant AND e.id = ANY(whole)
    AND e.occurred_at >= before) THEN
    RAISE EXCEPTION 'what belongs to some of it is too young' USING ERRCODE = '{refused}';
  END IF;
  IF EXISTS (SELECT FROM audit_legalhold h
    JOIN audit_ledgerevent e ON e.tenant_id = tenant AND e.id = ANY(whole)
    WHERE h.tenant_id = tenant AND h.released_at IS NULL AND CASE h.kind
      WHEN 'everything' THEN true
      WHEN 'period' THEN e.occurred_at >= h.starts_at AND e.occurred_at < h.ends_at
      WHEN 'request' THEN e.subject_id = h.ref OR h.also ? e.subject_id OR e.request_id IS NOT NULL
        AND convert_from(e.body, 'UTF8')::jsonb ->> 'request' = h.ref
      ELSE h.ref IN (e.actor_id, e.subject_id) OR h.also ?| ARRAY[e.actor_id, e.subject_id]
      END) THEN
    RAISE EXCEPTION 'a legal hold keeps some of it' USING ERRCODE = '{refused}';
  END IF;
  PERFORM set_config('govapp.pruning', 'on', true);
  DELETE FROM audit_ledgerdisclosure d WHERE d.tenant_id = tenant AND d.event_id = ANY(named);
  DELETE FROM audit_ledgerevent e WHERE e.tenant_id = tenant AND e.id = ANY(named);
  GET DIAGNOSTICS removed = ROW_COUNT;
  PERFORM set_config('govapp.pruning', '', true);
  RETURN removed;
END $prune$;
REVOKE ALL ON FUNCTION govapp_prune(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION govapp_prune(uuid) TO {role};
"""


def build_pruning(using: str, **_: Any) -> None:
    """Make the function, after each migrate. Runs as the owner of the schema."""
    never = ",".join(f'"{each}"'.replace("\\", "\\\\") for each in NEVER_LIKE)
    with connections[using].cursor() as cursor:
        cursor.execute(
            _FUNCTION.format(
                refused="restrict_violation",
                never=never,
                role=APP_ROLE,
                kept=settings.AUDIT_DAYS_KEPT_SQL,
            )
        )


def delete_pruned(event_id: UUID) -> int:
    """Delete the events that this `ledger.pruned` names, with what opens them; return how many.

    Raises `django.db.Error` when the event is not in the signed tree, or names what never goes, is
    kept for longer, or is held. (That of a person is looked at in full before: `held_among`.)
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT govapp_prune(%s)", [event_id])
        (count,) = cursor.fetchone()
    return int(count)
