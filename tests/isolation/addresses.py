"""Every address there is, from Django's resolver, and what may stand in its gaps."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from govapp.common.ids import new_id, public_id
from tests.isolation.lives import Life

VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
TENANT = "t/<slug:slug>/"

# Answered to anybody, by purpose.
PUBLIC = {
    "healthz",
    "metrics",  # for a token or loopback only; sums without a tenant
    "api/v1/openapi.json",
    "api/v1/openapi.yaml",
    "api/v1/docs",
    ".well-known/jwks.json",
    ".well-known/oauth-authorization-server",
    "oauth/token",  # an agent's key is the secret
    "directory/checkpoint",  # of the directory log: random origins, sizes and hashes
    "directory/keys",
    "directory/tile/<path:tile>",
    "directory/tile/entries/<path:entries>",
    "api/v1/grants/redeem",  # the permission itself is the secret
    "invitations/<str:token>/",  # the token is the secret
    "l/<str:token>",
    "l/<str:token>/",
    "stop/<str:token>",  # the signed address is the right to it, and shows nothing
    "integrations/slack/<str:ident>/interactions",  # Slack's signature is the key
    "sw.js",
}
# For whoever is logged in, about themselves: no tenant's data.
OWN = {"", "accounts/sessions/"}
# django-allauth's pages about one's own login.
ACCOUNTS = {
    "email/", "login/", "logout/", "inactive/", "signup/", "reauthenticate/", "confirm-email/",
    "password/change/", "password/set/", "password/reset/", "password/reset/done/",
    "password/reset/key/done/", "login/code/confirm/", r"^confirm-email/(?P<key>[-:\w]+)/$",
    r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$", "2fa/", "2fa/authenticate/",
    "2fa/reauthenticate/", "2fa/totp/activate/", "2fa/totp/deactivate/", "2fa/recovery-codes/",
    "2fa/recovery-codes/generate/", "2fa/recovery-codes/download/", "2fa/webauthn/",
    "2fa/webauthn/add/", "2fa/webauthn/reauthenticate/", "2fa/webauthn/keys/<int:pk>/remove/",
    "2fa/webauthn/keys/<int:pk>/edit/", "2fa/webauthn/login/",
}  # fmt: skip
# What agents call with a key.
AGENTS = {
    f"api/v1/{path}"
    for path in (
        "action-requests", "action-requests/preview", "action-requests/events",
        "action-requests/<action_request:request_id>",
        "action-requests/<action_request:request_id>/cancel",
        "action-requests/<action_request:request_id>/comments",
        "action-requests/<action_request:request_id>/grant",
        "action-requests/<action_request:request_id>/execution",
        "action-requests/<action_request:request_id>/explanation",
        "action-requests/<action_request:request_id>/undo",
        "runs", "runs/<run:run_id>", "runs/<run:run_id>/steps", "runs/<run:run_id>/close",
        "guardrails/check", "status-list", "spend", "budgets",
        "delegations", "delegations/<delegation:delegation_id>/revoke",
        "audit/checkpoint", "audit/proof/inclusion", "audit/proof/consistency",
        "audit/tile/<path:tile>", "audit/receipts/<str:event>",
    )
}  # fmt: skip
AGENTS |= {"gateway/v1/chat/completions", "gateway/v1/embeddings"}
# What members' programs call with a token.
MEMBERS = {
    "api/v1/audit/tile/entries/<path:entries>", "api/v1/audit/events", "api/v1/vault/key",
    "api/v1/vault/key/rotate",
} | {
    f"api/v1/policies{path}"
    for path in (
        "", "/live", "/check", "/drafts", "/drafts/<policy_draft:draft_id>",
        "/drafts/<policy_draft:draft_id>/submit", "/<policy_version:version_id>",
        "/<policy_version:version_id>/reviews", "/<policy_version:version_id>/publish",
        "/<policy_version:version_id>/withdraw", "/preview", "/approvers", "/simulations",
        "/simulations/<policy_simulation:simulation_id>",
        "/simulations/<policy_simulation:simulation_id>/changes",
        "/simulations/<policy_simulation:simulation_id>/cancel",
    )
}  # fmt: skip


@dataclass(frozen=True)
class Gap:
    """One place of a route for an id: how a life fills it, and the id's prefix."""

    attribute: str
    prefix: str = ""

    def of(self, life: Life) -> str:
        """Return the id that exists in this life."""
        found: Any = life
        for name in self.attribute.split("."):
            found = getattr(found, name)
        if self.prefix == "ev":
            return public_id("ev", found.pk)
        if self.prefix == "group":
            return f"only-{life.slug}"
        return str(public_id(self.prefix, found.pk))

    def of_nobody(self) -> str:
        """Return an id of the same form that exists nowhere."""
        return "only-nobody" if self.prefix == "group" else public_id(self.prefix, new_id())


# The word before the gap, and the gap's name → what stands there.
GAPS = {
    "invitations/invitation": Gap("invitation", "inv"),
    "people/member": Gap("company.alice", "mem"),
    "remove/member": Gap("company.alice", "mem"),
    "groups/group": Gap("tenant", "group"),
    "agents/agent": Gap("agent", "ag"),
    "keys/key": Gap("credential", "key"),
    "integrations/integration": Gap("integration", "int"),
    "grants/grant": Gap("reach", "ig"),
    "tokens/token": Gap("token", "tok"),
    "kill-switch/switch": Gap("kill_switch", "ks"),
    "absences/absence": Gap("absence", "abs"),
    "events/event": Gap("event", "ev"),
    "receipts/event": Gap("event", "ev"),
    "requests/request_name": Gap("pending", "ar"),
    "requests/ident": Gap("pending", "ar"),
    "filters/ident": Gap("saved_filter", "flt"),
    "drills/ident": Gap("exercise", "exr"),
    "canaries/ident": Gap("canary", "cny"),
    "action-requests/request_id": Gap("pending", "ar"),
    "runs/ident": Gap("run", "run"),
    "runs/run_id": Gap("run", "run"),
    "reports/report": Gap("report", "rep"),
    "schedules/schedule": Gap("schedule", "rsc"),
    "policy/ident": Gap("draft", "pv"),
    "drafts/ident": Gap("policy_draft", "pd"),
    "simulations/ident": Gap("simulation", "sim"),
    "simulations/simulation_id": Gap("simulation", "sim"),
    "drafts/draft_id": Gap("writing", "pd"),
    "policies/version_id": Gap("draft", "pv"),
    "categories/ident": Gap("category", "cat"),
    "callbacks/ident": Gap("endpoint", "wh"),
    "reviews/ident": Gap("review", "bgr"),
    "deliveries/delivery": Gap("delivery", "msg"),
    "accounts/account": Gap("chat_account", "chac"),
    "leave/account": Gap("chat_account", "chac"),
    "confirm/account": Gap("chat_account", "chac"),
    "exports/export": Gap("export", "ex"),
    "versions/ident": Gap("guardrails", "gv"),
    "prices/price": Gap("price", "mp"),
    "budgets/budget": Gap("budget", "bud"),
    "delegations/ident": Gap("delegation", "dg"),
    "delegations/delegation_id": Gap("delegation", "dg"),
    "holds/hold": Gap("hold", "lh"),
    "changes/change": Gap("loosening", "lsn"),
    "prunings/pruning": Gap("pruning", "prn"),
    "searches/search": Gap("search", "aus"),
    "streams/stream": Gap("stream", "ast"),
    "devices/device": Gap("device", "push"),
}
# What is the same for everybody: no id of a tenant's.
SHARED = {
    "templates/key": "payments", "messages/kind": "requested", "chat/channel": "slack",
    "tile/tile": "0/000.p/1", "entries/entries": "000.p/1",
}  # fmt: skip
_GAP = re.compile(r"([\w-]+)/<(?:\w+:)?(\w+)>")


@dataclass(frozen=True)
class Route:
    """One pattern of the resolver."""

    pattern: str
    gaps: tuple[str, ...] = field(default=())

    @property
    def is_tenants(self) -> bool:
        return self.pattern.startswith(TENANT)

    def fill(self, life: Life, *, slug: str = "", **instead: str) -> str:
        """Return the address with this life's ids; `instead` overrides some gaps by key."""

        def value(found: re.Match[str]) -> str:
            key = f"{found[1]}/{found[2]}"
            if key == "t/slug":
                return f"t/{slug or life.slug}"
            return f"{found[1]}/{instead.get(key) or SHARED.get(key) or GAPS[key].of(life)}"

        return "/" + _GAP.sub(value, self.pattern)


def all_routes() -> list[Route]:
    """Return every pattern, in the resolver's order."""
    return [
        Route(
            pattern,
            tuple(
                key
                for a, b in _GAP.findall(pattern)
                if b != "slug" and (key := f"{a}/{b}") not in SHARED
            ),
        )
        for pattern in _walk(get_resolver().url_patterns, "")
    ]


def _walk(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[str]:
    for each in patterns:
        pattern = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from _walk(each.url_patterns, pattern)
        else:
            yield pattern


def tenant_routes() -> list[Route]:
    """Return the pages of a tenant."""
    return [route for route in all_routes() if route.is_tenants]


def agent_routes() -> list[Route]:
    """Return what agents call."""
    return [route for route in all_routes() if route.pattern in AGENTS]


def member_routes() -> list[Route]:
    """Return what members' programs call."""
    return [route for route in all_routes() if route.pattern in MEMBERS]
