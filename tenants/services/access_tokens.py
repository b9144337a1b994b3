"""Short-lived access tokens for agents: client credentials (RFC 6749, section 4.4), where the
client is the agent and its secret is a key."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from govapp.common import clock
from govapp.common.api.ratelimit import agent_limit
from govapp.common.errors import DomainError, Forbidden, RateLimited
from govapp.common.ids import public_id
from govapp.common.tenancy import tenant_transaction
from tenants.audit_events import keys as events
from tenants.delegated import Bound, NotBound, delegations
from tenants.doors import credential_by_prefix
from tenants.dpop import ProvenRequest
from tenants.enums import AgentStatus
from tenants.keys import MARK, TOKEN_MARK, make_key
from tenants.models import AccessToken, Credential
from tenants.principals import AgentPrincipal
from tenants.refusals import AddressRefused, DelegationCut, KeyRefusedError, Killed, ProofRefused
from tenants.scopes import narrowed
from tenants.services.access import Shown, check_address, principal_of, take_proof
from tenants.services.bearer import find_key
from tenants.services.key_uses import note_key_use, note_refusal

LIFETIME: Final = timedelta(minutes=15)
MOST_LIVE_TOKENS: Final = 60  # of one key: four a minute, and each is an event


class TokenRefused(Exception):
    """No token: `error` is RFC 6749's word (section 5.2), or RFC 9449's (section 5)."""

    def __init__(self, error: str, words: str, *, status: int = 400, retry_after: int = 0) -> None:
        super().__init__(words)
        self.error, self.words, self.status, self.retry_after = error, words, status, retry_after


@dataclass(frozen=True)
class GrantedToken:
    """What the client gets, once. `expires_in` is in whole seconds, at most 900."""

    text: str
    scopes: tuple[str, ...]
    expires_in: int
    is_bound: bool


def issue_access_token(
    *, shown: Shown, client_id: str, scope: str | None, delegation: str = ""
) -> GrantedToken:
    """Give the agent whose key is shown a token with the scopes asked for, at most the key's.

    With a proof of possession the token is bound to its key. With the token of a delegation that
    was given to this agent, everything that is done with it is done under that (RFC 8693), and it
    ends no later. Raises `TokenRefused`; opens transactions of its own, so no tenant may be bound.
    """
    row = _known(shown, client_id)
    principal = principal_of(row)
    try:
        check_address(principal, row, shown)
        if principal.killed:
            raise Killed.of(principal)
        _count_call(principal)
        thumbprint = _thumbprint(principal, row, shown)
        bound = _bound(principal, delegation) if delegation else None
    except KeyRefusedError as refusal:
        note_refusal(refusal, address=shown.address())
        raise _as_oauth(refusal) from None
    except DomainError as refusal:
        raise _as_oauth(refusal) from None
    scopes = narrowed(principal.scopes, scope)
    if scopes is None:
        raise TokenRefused(
            "invalid_scope",
            "The key has not every scope that is asked for: ask for fewer, or leave scope out.",
        )
    granted = _make(principal, scopes, thumbprint, bound)
    if principal.use_is_unnoted:
        note_key_use(principal, address=shown.address(), scope="")
    return granted


def _known(shown: Shown, client_id: str) -> dict[str, Any]:
    """Return the door's row of the key. One answer for all that is not known."""
    try:
        row = find_key(shown.text, mark=MARK, door=credential_by_prefix)
    except Forbidden as refusal:
        raise TokenRefused("unauthorized_client", refusal.detail) from None
    if row is None or client_id != public_id("ag", row["agent_id"]):
        raise TokenRefused(
            "invalid_client",
            "The agent is not known by this id and key: send ag_... and one of its live keys.",
            status=401,
        )
    return row


def _count_call(principal: AgentPrincipal) -> None:
    spent = agent_limit().spend(str(principal.caller_id))
    if not spent.is_allowed:
        raise RateLimited("Too many requests.", retry_after=spent.retry_after)


def _thumbprint(principal: AgentPrincipal, row: dict[str, Any], shown: Shown) -> str:
    """Return to which key the token is bound; empty when there is no proof and none is needed."""
    if shown.proof:
        asked = ProvenRequest(shown.method, shown.url, row["asked_at"])
        return take_proof(principal, shown, asked).thumbprint
    if row["needs_proof"]:
        raise ProofRefused("This key needs a DPoP proof.", holder=principal, code="proof_needed")
    return ""


def _bound(principal: AgentPrincipal, token: str) -> Bound:
    with tenant_transaction(principal.tenant_id):
        bound = delegations().exchange(agent_id=principal.agent_id, token=token)
    if isinstance(bound, NotBound):
        raise DelegationCut(bound.sentence, holder=principal, code=bound.code)
    return bound


def _as_oauth(refusal: DomainError) -> TokenRefused:
    match refusal:
        case ProofRefused():
            return TokenRefused("invalid_dpop_proof", refusal.detail)
        case AddressRefused() | Killed():
            return TokenRefused("unauthorized_client", refusal.detail)
        case DelegationCut():
            return TokenRefused("invalid_grant", refusal.detail)
        case RateLimited():
            return TokenRefused(
                "slow_down", refusal.detail, status=429, retry_after=refusal.retry_after
            )
        case _:
            return TokenRefused(
                "temporarily_unavailable", refusal.detail, status=503, retry_after=10
            )


def _make(
    principal: AgentPrincipal, scopes: tuple[str, ...], thumbprint: str, bound: Bound | None
) -> GrantedToken:
    with tenant_transaction(principal.tenant_id):
        now = clock.now()
        # Locked, so that tokens are counted one after the other, and none outruns a revocation.
        credential = (
            Credential.objects.select_for_update(of=("self",))
            .select_related("agent")
            .filter(
                pk=principal.credential_id,
                revoked_at=None,
                expires_at__gt=now,
                agent__status=AgentStatus.ACTIVE,
            )
            .first()
        )
        if credential is None:
            raise TokenRefused(
                "invalid_client",
                "This key does not work any more: ask the owner for another one.",
                status=401,
            )
        credential.tokens.filter(expires_at__lte=now).delete()
        oldest = credential.tokens.order_by("expires_at").values_list("expires_at", flat=True)
        if len(oldest) >= MOST_LIVE_TOKENS:
            wait = max(1, int((oldest[0] - now).total_seconds()) + 1)
            raise TokenRefused(
                "slow_down", "Use a token until it expires.", status=429, retry_after=wait
            )
        key = make_key(TOKEN_MARK)
        token = AccessToken.objects.create(
            credential=credential,
            prefix=key.prefix,
            secret_hash=key.hash,
            scopes=list(scopes),
            thumbprint=thumbprint,
            created_at=now,
            delegation_id=bound.ident if bound else None,
            expires_at=_end(now, credential, bound),
        )
        events.access_token_issued(
            credential=credential, token=token, delegation=bound.public_id if bound else ""
        )
    left = int((token.expires_at - now).total_seconds())
    return GrantedToken(key.text, scopes, left, bool(thumbprint))


def _end(now: datetime, credential: Credential, bound: Bound | None) -> datetime:
    end = min(now + LIFETIME, credential.expires_at)
    return min(end, bound.expires_at) if bound else end
