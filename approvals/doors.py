"""Where the sweeps and the links look before they know the tenant."""

from govapp.common.doors import Door, register_door

due_timers = register_door(
    Door(
        name="door_due_timers",
        # `passed` is how far each tenant has been looked through: a list of tenant_id, due_at, id.
        arguments="at_most integer, passed jsonb",
        returns="tenant_id uuid, request_id uuid, due_at timestamptz, id uuid",
        # Every tenant with something due has the same share, so that none waits for the backlog
        # of another; and a request is listed once, by the oldest of its timers, however many it
        # has: whoever fires one fires all of them.
        body="""
            WITH tenants AS MATERIALIZED (
              SELECT DISTINCT tenant_id FROM approvals_timer
              WHERE status = 'armed' AND due_at <= (SELECT govapp_now())
            ), share AS (SELECT greatest($1 / greatest(count(*), 1), 1) AS size FROM tenants)
            SELECT due.tenant_id, due.request_id, due.due_at, due.id
            FROM tenants
            LEFT JOIN jsonb_to_recordset($2) AS passed(tenant_id uuid, due_at timestamptz, id uuid)
              USING (tenant_id)
            CROSS JOIN LATERAL (
              SELECT timer.tenant_id, timer.request_id, timer.due_at, timer.id,
                row_number() OVER (ORDER BY timer.due_at, timer.id) AS turn
              FROM approvals_timer AS timer
              WHERE timer.tenant_id = tenants.tenant_id
                AND timer.status = 'armed' AND timer.due_at <= (SELECT govapp_now())
                AND (passed.id IS NULL OR (timer.due_at, timer.id) > (passed.due_at, passed.id))
                AND NOT EXISTS (
                  SELECT FROM approvals_timer AS older
                  WHERE older.tenant_id = timer.tenant_id AND older.request_id = timer.request_id
                    AND older.status = 'armed'
                    AND (older.due_at, older.id) < (timer.due_at, timer.id))
              ORDER BY timer.due_at, timer.id LIMIT (SELECT size FROM share)
            ) AS due
            ORDER BY due.turn, due.due_at, due.id LIMIT $1""",
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
