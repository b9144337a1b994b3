"""Where the sweeps and the links look before they know the tenant."""

from govapp.common.doors import Door, register_door

due_timers = register_door(
    Door(
        name="door_due_timers",
        # From behind a place in the order of what is due; null: from the oldest on.
        arguments="at_most integer, after_at timestamptz, after_id uuid",
        returns="tenant_id uuid, request_id uuid, due_at timestamptz, id uuid",
        body=(
            "SELECT tenant_id, request_id, due_at, id FROM approvals_timer"
            " WHERE status = 'armed' AND due_at <= (SELECT govapp_now())"
            " AND ($2 IS NULL OR (due_at, id) > ($2, $3))"
            " ORDER BY due_at, id LIMIT $1"
        ),
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
