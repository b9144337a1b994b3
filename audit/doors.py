"""Where the sequencer looks for work across tenants."""

from django.conf import settings

from govapp.common.doors import Door, register_door

tenants_with_queued_events = register_door(
    Door(
        name="door_tenants_with_queued_events",
        arguments="at_most integer",
        returns="tenant_id uuid",
        body="SELECT DISTINCT tenant_id FROM audit_ledgerqueueitem LIMIT $1",
        reads={"audit_ledgerqueueitem": ("tenant_id",)},
    )
)

reports_left_alone = register_door(
    Door(
        name="door_reports_left_alone",
        arguments="seconds integer",
        returns="tenant_id uuid, report_id uuid",
        body=(
            "SELECT tenant_id, id FROM audit_report WHERE status IN ('queued', 'running')"
            " AND coalesce(started_at, requested_at)"
            " < (SELECT govapp_now()) - make_interval(secs => $1)"
        ),
        reads={"audit_report": ("id", "tenant_id", "status", "started_at", "requested_at")},
    )
)

exports_left_alone = register_door(
    Door(
        name="door_exports_left_alone",
        arguments="seconds integer",
        returns="tenant_id uuid, job_id uuid",
        body=(
            "SELECT tenant_id, id FROM audit_exportjob WHERE status IN ('queued', 'running')"
            " AND coalesce(beat_at, requested_at)"
            " < (SELECT govapp_now()) - make_interval(secs => $1)"
        ),
        reads={"audit_exportjob": ("id", "tenant_id", "status", "beat_at", "requested_at")},
    )
)

# What an erasure has left for a legal hold could not be made again: it stays until the release.
exports_to_remove = register_door(
    Door(
        name="door_exports_to_remove",
        arguments="kept integer, after_taking integer",
        returns="tenant_id uuid, job_id uuid",
        body=(
            "SELECT tenant_id, id FROM audit_exportjob WHERE removed_at IS NULL"
            " AND erasures_waiting = '[]'"
            " AND (finished_at < (SELECT govapp_now()) - make_interval(secs => $1)"
            " OR taken_at < (SELECT govapp_now()) - make_interval(secs => $2)) LIMIT 1000"
        ),
        reads={
            "audit_exportjob": (
                "id",
                "tenant_id",
                "removed_at",
                "erasures_waiting",
                "finished_at",
                "taken_at",
            )
        },
    )
)

erasures_to_look_at = register_door(
    Door(
        name="door_erasures_to_look_at",
        arguments="at_most integer",
        returns="tenant_id uuid, erasure_id uuid",
        body=(
            "SELECT tenant_id, id FROM audit_ledgererasure WHERE closed_at IS NULL"
            " ORDER BY made_at LIMIT $1"
        ),
        reads={"audit_ledgererasure": ("id", "tenant_id", "closed_at", "made_at")},
    )
)

report_schedules_due = register_door(
    Door(
        name="door_report_schedules_due",
        arguments="at_most integer",
        returns="tenant_id uuid, schedule_id uuid",
        body=(
            "SELECT tenant_id, id FROM audit_reportschedule"
            " WHERE removed_at IS NULL AND next_at <= (SELECT govapp_now())"
            " ORDER BY next_at LIMIT $1"
        ),
        reads={"audit_reportschedule": ("id", "tenant_id", "removed_at", "next_at")},
    )
)

# Tenants take turns: the first stream of each, then the second. A test is asked for again when
# whoever was to send it has not said anything for a minute. Those of suspended tenants wait.
streams_due = register_door(
    Door(
        name="door_streams_due",
        arguments="at_most integer",
        returns="tenant_id uuid, stream_id uuid, is_test boolean",
        body=f"""
            SELECT tenant_id, id, is_test FROM (
              SELECT due.*, row_number() OVER (
                PARTITION BY tenant_id ORDER BY since, id, is_test) AS turn
              FROM (
                SELECT stream.tenant_id, stream.id, stream.next_at AS since, false AS is_test
                FROM audit_auditstream stream
                JOIN audit_ledgerlog log ON log.tenant_id = stream.tenant_id
                WHERE stream.removed_at IS NULL AND stream.state IN ('active', 'failing')
                  AND stream.next_at <= (SELECT govapp_now()) AND stream.cursor < log.size
                  AND coalesce(stream.lease_until <= (SELECT govapp_now()), true)
                UNION ALL
                SELECT tenant_id, id, test_at, true FROM audit_auditstream
                WHERE removed_at IS NULL AND test_state = 'queued'
                  AND test_at < (SELECT govapp_now()) - interval '1 minute'
              ) due WHERE tenant_id NOT IN ({settings.AUDIT_SUSPENDED_SQL})
            ) turns ORDER BY turn, since, id LIMIT $1""",  # noqa: S608 - ours, in the settings
        reads={
            "audit_auditstream": (
                "id",
                "tenant_id",
                "removed_at",
                "state",
                "next_at",
                "cursor",
                "lease_until",
                "test_state",
                "test_at",
            ),
            "audit_ledgerlog": ("tenant_id", "size"),
            **settings.AUDIT_SUSPENDED_READS,
        },
    )
)

tenants_with_a_log = register_door(
    Door(
        name="door_tenants_with_a_log",
        arguments="",
        returns="tenant_id uuid, origin text",
        body="SELECT tenant_id, origin FROM audit_ledgerlog ORDER BY tenant_id",
        reads={"audit_ledgerlog": ("tenant_id", "origin")},
    )
)

# One checkpoint of each log that has grown since it was last anchored: the newest.
checkpoints_to_anchor = register_door(
    Door(
        name="door_checkpoints_to_anchor",
        arguments="at_most integer",
        returns="origin text, size bigint, note text",
        body=(
            "SELECT log.origin, log.size, signed.note FROM audit_ledgerlog log"
            " JOIN audit_ledgercheckpoint signed"
            " ON signed.tenant_id = log.tenant_id AND signed.size = log.size"
            " WHERE log.size > 0 AND NOT EXISTS (SELECT FROM audit_directoryentry entry"
            " WHERE entry.origin = log.origin AND entry.size >= log.size)"
            " ORDER BY log.origin LIMIT $1"
        ),
        reads={
            "audit_ledgerlog": ("tenant_id", "origin", "size"),
            "audit_ledgercheckpoint": ("tenant_id", "size", "note"),
            "audit_directoryentry": ("origin", "size"),
        },
    )
)

# A new log's first day is closed when a day has passed: until then it is not asked about.
tenants_with_days_to_close = register_door(
    Door(
        name="door_tenants_with_days_to_close",
        arguments="",
        returns="tenant_id uuid",
        body=(
            "SELECT log.tenant_id FROM audit_ledgerlog AS log WHERE coalesce("
            "(SELECT max(day.next_at) FROM audit_ledgerday AS day"
            " WHERE day.tenant_id = log.tenant_id), log.created_at + interval '1 day')"
            " <= (SELECT govapp_now()) ORDER BY log.tenant_id"
        ),
        reads={
            "audit_ledgerlog": ("tenant_id", "origin", "created_at"),
            "audit_ledgerday": ("tenant_id", "next_at"),
        },
    )
)

# Prunings that were let begin, and that nobody goes on with.
prunings_left_alone = register_door(
    Door(
        name="door_prunings_left_alone",
        arguments="seconds integer",
        returns="tenant_id uuid, pruning_id uuid",
        body=(
            "SELECT tenant_id, id FROM audit_pruning WHERE status = 'running'"
            " AND coalesce(beat_at, confirmed_at, asked_at)"
            " < (SELECT govapp_now()) - make_interval(secs => $1) ORDER BY id"
        ),
        reads={
            "audit_pruning": ("id", "tenant_id", "status", "beat_at", "confirmed_at", "asked_at")
        },
    )
)
