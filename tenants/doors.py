"""What the application may look up before a tenant is known."""

from typing import Final

from govapp.common.doors import Door, register_door

tenant_by_slug = register_door(
    Door(
        name="door_tenant_by_slug",
        arguments="wanted text",
        returns="tenant_id uuid, name text, is_suspended boolean",
        body="SELECT id, name::text, is_suspended FROM tenants_tenant WHERE slug = $1",
        reads={"tenants_tenant": ("id", "tenant_id", "slug", "name", "is_suspended")},
    )
)

tenants_of_user = register_door(
    Door(
        name="door_tenants_of_user",
        arguments="person uuid",
        returns="tenant_id uuid, slug text, name text",
        # Suspended ones too: the person is told so there, and nowhere else.
        body=(
            "SELECT t.id, t.slug::text, t.name::text FROM tenants_membership m"
            " JOIN tenants_tenant t ON t.id = m.tenant_id"
            " WHERE m.user_id = $1 AND m.status = 'active'"
            " ORDER BY t.name, t.id"
        ),
        reads={"tenants_membership": ("tenant_id", "user_id", "status")},
    )
)

# What a key is held to stands beside it, so that knowing it stays one statement.
_ACCESS: Final = (
    "tenant_id uuid, credential_id uuid, agent_id uuid, secret_hash bytea,"
    " is_usable boolean, is_suspended boolean, use_is_unnoted boolean,"
    " scopes text[], categories text[], networks text[], needs_proof boolean,"
    " thumbprint text, delegation_id uuid, asked_at timestamptz, killed text,"
    " calls_per_second integer, tenant_calls_per_second integer"
)
_KEY_READS: Final = (
    "id", "tenant_id", "agent_id", "prefix", "secret_hash", "revoked_at", "expires_at",
    "last_used_at", "scopes", "categories", "networks", "needs_proof",
)  # fmt: skip
_AGENT_READS: Final = ("id", "tenant_id", "status", "needs_proof", "calls_per_second")
_RATES: Final = "coalesce(a.calls_per_second, t.agent_calls_per_second), t.calls_per_second"
_RATE_READS: Final = ("id", "calls_per_second", "agent_calls_per_second")
_KEY_IS_LIVE: Final = "c.revoked_at IS NULL AND c.expires_at > govapp_now() AND a.status = 'active'"
# Which kill switch stops the agent or everybody, the widest; NULL for none.
_KILLED: Final = (
    "(SELECT s.scope::text FROM tenants_killswitch s WHERE s.tenant_id = c.tenant_id"
    " AND s.resumed_at IS NULL AND NOT s.is_drill"
    " AND (s.scope = 'tenant' OR s.scope = 'agent' AND s.agent_id = c.agent_id)"
    " ORDER BY s.scope DESC LIMIT 1)"
)
_KILL_READS: Final = ("tenant_id", "scope", "agent_id", "resumed_at", "is_drill")
_UNNOTED: Final = "c.last_used_at IS NULL OR c.last_used_at < govapp_now() - interval '1 minute'"

credential_by_prefix = register_door(
    Door(
        name="door_credential_by_prefix",
        arguments="wanted text",
        returns=_ACCESS,
        body=(
            "SELECT c.tenant_id, c.id, c.agent_id, c.secret_hash,"  # noqa: S608 - our own words
            f" {_KEY_IS_LIVE}, t.is_suspended, {_UNNOTED},"
            " c.scopes::text[], c.categories::text[], c.networks::text[],"
            " c.needs_proof OR a.needs_proof, ''::text, NULL::uuid, govapp_now(),"
            f" {_KILLED}, {_RATES} FROM tenants_credential c"
            " JOIN tenants_agent a ON a.id = c.agent_id"
            " JOIN tenants_tenant t ON t.id = c.tenant_id WHERE c.prefix = $1"
        ),
        reads={
            "tenants_credential": _KEY_READS,
            "tenants_agent": _AGENT_READS,
            "tenants_killswitch": _KILL_READS,
            "tenants_tenant": _RATE_READS,
        },
    )
)

access_token_by_prefix = register_door(
    Door(
        name="door_access_token_by_prefix",
        arguments="wanted text",
        returns=_ACCESS,
        # It lives as its key does: what stops the key stops it on the next request.
        body=(
            "SELECT k.tenant_id, c.id, c.agent_id, k.secret_hash,"  # noqa: S608 - our own words
            f" k.expires_at > govapp_now() AND {_KEY_IS_LIVE}, t.is_suspended, {_UNNOTED},"
            " k.scopes::text[], c.categories::text[], c.networks::text[],"
            " c.needs_proof OR a.needs_proof, k.thumbprint::text, k.delegation_id, govapp_now(),"
            f" {_KILLED}, {_RATES} FROM tenants_accesstoken k"
            " JOIN tenants_credential c ON c.id = k.credential_id"
            " JOIN tenants_agent a ON a.id = c.agent_id"
            " JOIN tenants_tenant t ON t.id = k.tenant_id WHERE k.prefix = $1"
        ),
        reads={
            "tenants_accesstoken": (
                "tenant_id", "credential_id", "prefix", "secret_hash", "expires_at", "scopes",
                "thumbprint", "delegation_id",
            ),
        },
    )
)  # fmt: skip

member_token_by_prefix = register_door(
    Door(
        name="door_member_token_by_prefix",
        arguments="wanted text",
        returns=(
            "tenant_id uuid, token_id uuid, member_id uuid, secret_hash bytea,"
            " is_usable boolean, is_suspended boolean, use_is_unnoted boolean"
        ),
        body=(
            "SELECT k.tenant_id, k.id, k.member_id, k.secret_hash,"
            " k.revoked_at IS NULL AND k.expires_at > govapp_now()"
            " AND m.status = 'active', t.is_suspended,"
            " k.last_used_at IS NULL OR k.last_used_at < govapp_now() - interval '1 minute'"
            " FROM tenants_membertoken k"
            " JOIN tenants_membership m ON m.id = k.member_id"
            " JOIN tenants_tenant t ON t.id = k.tenant_id WHERE k.prefix = $1"
        ),
        reads={
            "tenants_membertoken": (
                "id", "tenant_id", "member_id", "prefix", "secret_hash", "revoked_at",
                "expires_at", "last_used_at",
            ),
            "tenants_membership": ("id",),
        },
    )
)  # fmt: skip

invitation_by_token = register_door(
    Door(
        name="door_invitation_by_token",
        arguments="hash bytea",
        returns="tenant_id uuid, invitation_id uuid",
        body="SELECT tenant_id, id FROM tenants_invitation WHERE token_hash = $1",
        reads={"tenants_invitation": ("id", "tenant_id", "token_hash")},
    )
)

logins_elsewhere = register_door(
    Door(
        name="door_logins_elsewhere",
        arguments="person uuid, here uuid",
        returns="tenant_id uuid",
        body="SELECT tenant_id FROM tenants_membership WHERE user_id = $1 AND tenant_id <> $2",
        reads={"tenants_membership": ("tenant_id", "user_id")},
    )
)

all_tenants = register_door(
    Door(
        name="door_all_tenants",
        arguments="",
        returns="tenant_id uuid, slug text",
        body="SELECT id, slug::text FROM tenants_tenant ORDER BY id",
    )
)

tenants_that_prune = register_door(
    Door(
        name="door_tenants_that_prune",
        arguments="",
        returns="tenant_id uuid",
        body=(
            "SELECT id FROM tenants_tenant WHERE prunes_daily AND retention_days IS NOT NULL"
            " AND NOT is_suspended ORDER BY id"
        ),
        reads={
            "tenants_tenant": ("id", "tenant_id", "prunes_daily", "retention_days", "is_suspended")
        },
    )
)

unsettled_kill_switches = register_door(
    Door(
        name="door_unsettled_kill_switches",
        arguments="at_most integer",
        returns="tenant_id uuid, id uuid",
        body=(
            "SELECT tenant_id, id FROM tenants_killswitch"
            " WHERE pending = 'cancel' AND settled_at IS NULL AND NOT is_drill"
            " ORDER BY thrown_at, id LIMIT $1"
        ),
        reads={
            "tenants_killswitch": (
                "id", "tenant_id", "pending", "settled_at", "is_drill", "thrown_at",
            )
        },
    )
)  # fmt: skip
expired_reservations = register_door(
    Door(
        name="door_expired_reservations",
        arguments="at_most integer",
        returns="tenant_id uuid, reservation_id uuid",
        body=(
            "SELECT tenant_id, id FROM tenants_reservation"
            " WHERE state = 'open' AND expires_at IS NOT NULL"
            " AND expires_at <= (SELECT govapp_now()) ORDER BY expires_at, id LIMIT $1"
        ),
        reads={"tenants_reservation": ("id", "tenant_id", "state", "expires_at")},
    )
)
