"""Where the sweeps and the links look before they know the tenant."""

from govapp.common.doors import Door, register_door

due_timers = register_door(
    Door(
        name="door_due_timers",
        # `passed` is how far each tenant has been looked through: a list of tenant_id, due_at, id.
        arguments="at_most integer, passed jsonb",
        returns="tenant_id uuid, request_id uuid, due_at timestamptz, id uuid, timers integer",
        # The tenants take turns, so that none waits for the backlog of another; and a request is
        # listed once, by the oldest of its timers, however many it has: whoever fires one fires
        # all of them. One scan of what is due: probes for each row were quadratic without fresh
        # statistics.
        body="""
            WITH due AS (
              SELECT timer.tenant_id, timer.request_id, timer.due_at, timer.id,
                row_number() OVER (
                  PARTITION BY timer.tenant_id, timer.request_id
                  ORDER BY timer.due_at, timer.id) AS place,
                count(*) OVER (PARTITION BY timer.tenant_id, timer.request_id) AS timers
              FROM approvals_timer AS timer
              LEFT JOIN jsonb_to_recordset($2)
                AS passed(tenant_id uuid, due_at timestamptz, id uuid)
                ON passed.tenant_id = timer.tenant_id
              WHERE timer.status = 'armed' AND timer.due_at <= (SELECT govapp_now())
                AND (passed.id IS NULL OR (timer.due_at, timer.id) > (passed.due_at, passed.id))
            ), listed AS (
              SELECT due.*,
                row_number() OVER (PARTITION BY tenant_id ORDER BY due_at, id) AS turn
              FROM due WHERE place = 1
            )
            SELECT tenant_id, request_id, due_at, id, timers::integer
            FROM listed ORDER BY turn, due_at, id LIMIT $1""",
        reads={"approvals_timer": ("id", "tenant_id", "request_id", "status", "due_at")},
    )
)

due_notifications = register_door(
    Door(
        name="door_due_notifications",
        arguments="at_most integer",
        returns="tenant_id uuid, id uuid",
        body=(
            "SELECT tenant_id, id FROM approvals_notification"
            " WHERE status = 'queued' AND next_attempt_at <= (SELECT govapp_now())"
            " ORDER BY next_attempt_at LIMIT $1"
        ),
        reads={"approvals_notification": ("id", "tenant_id", "status", "next_attempt_at")},
    )
)

due_callbacks = register_door(
    Door(
        name="door_due_callbacks",
        arguments="at_most integer",
        returns="tenant_id uuid, id uuid",
        body=(
            "SELECT tenant_id, id FROM approvals_callbackdelivery"
            " WHERE status = 'queued' AND next_attempt_at <= (SELECT govapp_now())"
            " ORDER BY next_attempt_at LIMIT $1"
        ),
        reads={"approvals_callbackdelivery": ("id", "tenant_id", "status", "next_attempt_at")},
    )
)

due_policies = register_door(
    Door(
        name="door_due_policies",
        arguments="at_most integer",
        returns="tenant_id uuid",
        body=(
            "SELECT tenant_id FROM approvals_policyversion"
            " WHERE status = 'scheduled' AND starts_at <= (SELECT govapp_now())"
            " ORDER BY starts_at LIMIT $1"
        ),
        reads={"approvals_policyversion": ("tenant_id", "status", "starts_at")},
    )
)

review_link_by_token = register_door(
    Door(
        name="door_review_link_by_token",
        arguments="hash bytea",
        returns="tenant_id uuid, link_id uuid",
        body="SELECT tenant_id, id FROM approvals_reviewlink WHERE token_hash = $1",
        reads={"approvals_reviewlink": ("id", "tenant_id", "token_hash")},
    )
)

grant_by_jti = register_door(
    Door(
        name="door_grant_by_jti",
        arguments="wanted uuid",
        returns="tenant_id uuid, grant_id uuid",
        body="SELECT tenant_id, id FROM approvals_executiongrant WHERE jti = $1",
        reads={"approvals_executiongrant": ("id", "tenant_id", "jti")},
    )
)

public_grant_keys = register_door(
    Door(
        name="door_public_grant_keys",
        arguments="",
        returns="kid text, public_key bytea",
        body="SELECT kid::text, public_key FROM approvals_grantkey ORDER BY created_at DESC",
        reads={"approvals_grantkey": ("tenant_id", "kid", "public_key", "created_at")},
    )
)

simulations_left_alone = register_door(
    Door(
        name="door_simulations_left_alone",
        arguments="seconds integer",
        returns="tenant_id uuid, simulation_id uuid",
        body=(
            "SELECT tenant_id, id FROM approvals_policysimulation"
            " WHERE status IN ('queued', 'running')"
            " AND coalesce(touched_at, requested_at)"
            " < (SELECT govapp_now()) - make_interval(secs => $1) LIMIT 100"
        ),
        reads={
            "approvals_policysimulation": (
                "id", "tenant_id", "status", "touched_at", "requested_at",
            )
        },
    )
)  # fmt: skip

due_canaries = register_door(
    Door(
        name="door_due_canaries",
        arguments="at_most integer",
        returns="tenant_id uuid, plan_id uuid",
        body=(
            "SELECT tenant_id, id FROM approvals_canaryplan"
            " WHERE next_at <= (SELECT govapp_now()) ORDER BY next_at LIMIT $1"
        ),
        reads={"approvals_canaryplan": ("id", "tenant_id", "next_at")},
    )
)

tenants_to_watch = register_door(
    Door(
        name="door_tenants_to_watch",
        arguments="",
        returns="tenant_id uuid",
        # Where anything is under way, or was found: of ten thousand tenants most are asleep.
        body="""
            SELECT tenant_id FROM approvals_actionrequest WHERE status = 'pending'
            UNION SELECT tenant_id FROM approvals_timer WHERE status = 'armed'
            UNION SELECT tenant_id FROM approvals_notification WHERE status = 'queued'
            UNION SELECT tenant_id FROM approvals_callbackdelivery WHERE status = 'queued'
            UNION SELECT tenant_id FROM approvals_finding WHERE cleared_at IS NULL
            UNION SELECT tenant_id FROM audit_ledgerqueueitem
            UNION SELECT tenant_id FROM audit_auditstream
              WHERE removed_at IS NULL AND state IN ('failing', 'stopped')
            UNION SELECT tenant_id FROM approvals_actionrequest
              WHERE status = 'approved'
              AND decided_at > (SELECT govapp_now()) - interval '1 day'
            UNION SELECT tenant_id FROM approvals_actionrequest
              WHERE integration <> ''
              AND submitted_at > (SELECT govapp_now()) - interval '2 hours'
            UNION SELECT tenant_id FROM tenants_integrationuse
              WHERE hour > (SELECT govapp_now()) - interval '2 hours'
            UNION SELECT tenant_id FROM tenants_integration WHERE check_asked_at IS NOT NULL
            UNION SELECT tenant_id FROM tenants_vaultsecret
              WHERE previous_until <= (SELECT govapp_now())
            UNION SELECT tenant_id FROM tenants_tenantkey
              WHERE replaced_at IS NOT NULL AND destroyed_at IS NULL""",
        reads={
            "approvals_actionrequest": (
                "tenant_id", "status", "decided_at", "integration", "submitted_at",
            ),
            "approvals_timer": ("tenant_id", "status"),
            "approvals_notification": ("tenant_id", "status"),
            "approvals_callbackdelivery": ("tenant_id", "status"),
            "approvals_finding": ("tenant_id", "cleared_at"),
            "audit_ledgerqueueitem": ("tenant_id",),
            "audit_auditstream": ("tenant_id", "removed_at", "state"),
            "tenants_integrationuse": ("tenant_id", "hour"),
            "tenants_integration": ("tenant_id", "check_asked_at"),
            "tenants_vaultsecret": ("tenant_id", "previous_until"),
            "tenants_tenantkey": ("tenant_id", "replaced_at", "destroyed_at"),
        },
    )
)  # fmt: skip

system_figures = register_door(
    Door(
        name="door_system_figures",
        arguments="",
        returns="name text, label text, value double precision",
        # Sums over all tenants for /metrics: no id, no name, no payload.
        body="""
            SELECT 'requests_pending', '', count(*)::float FROM approvals_actionrequest
              WHERE status = 'pending'
            UNION ALL SELECT 'timers_armed', kind::text, count(*) FROM approvals_timer
              WHERE status = 'armed' GROUP BY kind
            UNION ALL SELECT 'timer_lateness_seconds', '', coalesce(extract(epoch FROM
              (SELECT govapp_now()) - min(due_at)), 0) FROM approvals_timer
              WHERE status = 'armed' AND due_at <= (SELECT govapp_now())
            UNION ALL SELECT 'messages_queued', channel::text, count(*)
              FROM approvals_notification WHERE status = 'queued' GROUP BY channel
            UNION ALL SELECT 'message_lateness_seconds', '', coalesce(extract(epoch FROM
              (SELECT govapp_now()) - min(next_attempt_at)), 0) FROM approvals_notification
              WHERE status = 'queued' AND next_attempt_at <= (SELECT govapp_now())
            UNION ALL SELECT 'callbacks_queued', '', count(*)
              FROM approvals_callbackdelivery WHERE status = 'queued'
            UNION ALL SELECT 'ledger_unsealed', '', count(*) FROM audit_ledgerqueueitem
            UNION ALL SELECT 'ledger_lateness_seconds', '', coalesce(extract(epoch FROM
              (SELECT govapp_now()) - min(queued_at)), 0) FROM audit_ledgerqueueitem
            UNION ALL SELECT 'streams', state::text, count(*) FROM audit_auditstream
              WHERE removed_at IS NULL GROUP BY state
            UNION ALL SELECT 'stream_events_behind', '', coalesce(max(log.size - stream.cursor), 0)
              FROM audit_auditstream stream
              JOIN audit_ledgerlog log ON log.tenant_id = stream.tenant_id
              WHERE stream.removed_at IS NULL AND stream.state IN ('active', 'failing')
            UNION ALL SELECT 'findings_open', kind::text, count(*) FROM approvals_finding
              WHERE cleared_at IS NULL GROUP BY kind
            UNION ALL SELECT 'tenants', '', count(*) FROM tenants_tenant""",
        reads={
            "approvals_actionrequest": ("tenant_id", "status"),
            "approvals_timer": ("tenant_id", "status", "kind", "due_at"),
            "approvals_notification": ("tenant_id", "status", "channel", "next_attempt_at"),
            "approvals_callbackdelivery": ("tenant_id", "status"),
            "approvals_finding": ("tenant_id", "kind", "cleared_at"),
            "audit_ledgerqueueitem": ("tenant_id", "queued_at"),
            "audit_auditstream": ("tenant_id", "removed_at", "state", "cursor"),
            "audit_ledgerlog": ("tenant_id", "size"),
            "tenants_tenant": ("id",),
        },
    )
)

agents_to_assess = register_door(
    Door(
        name="door_agents_to_assess",
        arguments="at_most integer",
        returns="tenant_id uuid, agent_id uuid",
        body="""
            SELECT agent.tenant_id, agent.id FROM tenants_agent agent
            LEFT JOIN tenants_trustassessment known ON known.agent_id = agent.id
            WHERE agent.status <> 'retired' AND (known.assessed_at IS NULL
              OR known.assessed_at < (SELECT govapp_now()) - interval '1 day')
            ORDER BY known.assessed_at NULLS FIRST, agent.id LIMIT $1""",
        reads={
            "tenants_agent": ("id", "tenant_id", "status"),
            "tenants_trustassessment": ("agent_id", "assessed_at"),
        },
    )
)

chat_connection_by_id = register_door(
    Door(
        name="door_chat_connection_by_id",
        arguments="wanted uuid",
        returns="tenant_id uuid",
        body="SELECT tenant_id FROM approvals_chatconnection WHERE id = $1 AND channel = 'slack'",
        reads={"approvals_chatconnection": ("id", "tenant_id", "channel")},
    )
)

lapsed_delegation_spend = register_door(
    Door(
        name="door_lapsed_delegation_spend",
        arguments="at_most integer",
        returns="tenant_id uuid, request_id uuid",
        body=(
            "SELECT DISTINCT tenant_id, request_id FROM approvals_delegationspend"
            " WHERE state = 'reserved' AND expires_at IS NOT NULL"
            " AND expires_at <= (SELECT govapp_now()) LIMIT $1"
        ),
        reads={
            "approvals_delegationspend": ("tenant_id", "request_id", "state", "expires_at"),
        },
    )
)
