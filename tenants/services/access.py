"""Knowing an agent by what it sends: a key, or one of the key's tokens, with or without a proof."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from govapp.common.tenancy import tenant_transaction
from tenants.delegated import delegations
from tenants.doors import access_token_by_prefix, credential_by_prefix
from tenants.dpop import BadProof, Proof, ProvenRequest, read_proof, use_once
from tenants.keys import MARK, TOKEN_MARK
from tenants.networks import is_allowed
from tenants.principals import AgentPrincipal
from tenants.refusals import AddressRefused, DelegationCut, ProofRefused
from tenants.services.bearer import find_key

BEARER: Final = "bearer"
DPOP: Final = "dpop"


@dataclass(frozen=True)
class Shown:
    """What a request shows of itself: its token, and whatever may be held against it."""

    text: str
    scheme: str = BEARER
    proof: str = ""
    method: str = ""
    url: str = ""
    address: Callable[[], str] = str  # asked for only where it matters
    # Read again on behalf of somebody who waits: the proof was taken when they came.
    is_repeat: bool = False


def authenticate_key(shown: Shown) -> AgentPrincipal | None:
    """Return whose key or token this is, or None when it is malformed, unknown, revoked, expired,
    or its agent may not act now.

    Raises `Forbidden` when its tenant is suspended, `AddressRefused` outside of the key's
    networks, `ProofRefused` (RFC 9449, section 7), `DelegationCut` for a token that is bound to a
    delegation which is over, and `Unavailable` when proofs cannot be remembered: whoever has the
    key is told so. One statement, and two more for a token that is bound to a delegation; no
    tenant may be bound.
    """
    is_token = shown.text.startswith(TOKEN_MARK)
    mark, door = (TOKEN_MARK, access_token_by_prefix) if is_token else (MARK, credential_by_prefix)
    row = find_key(shown.text, mark=mark, door=door)
    if row is None:
        return None
    principal = principal_of(row)
    check_address(principal, row, shown)
    _check_proof(principal, row, shown)
    check_delegation(principal)
    return principal


def principal_of(row: dict[str, Any]) -> AgentPrincipal:
    """Return the agent of a door's row."""
    return AgentPrincipal(
        tenant_id=row["tenant_id"],
        agent_id=row["agent_id"],
        credential_id=row["credential_id"],
        scopes=frozenset(row["scopes"]),
        categories=tuple(row["categories"]),
        use_is_unnoted=row["use_is_unnoted"],
        killed=row["killed"] or "",
        calls_per_second=row["calls_per_second"],
        tenant_calls_per_second=row["tenant_calls_per_second"],
        delegation_id=row["delegation_id"],
    )


def check_address(principal: AgentPrincipal, row: dict[str, Any], shown: Shown) -> None:
    """Raise `AddressRefused` when the key has networks and this comes from none of them."""
    networks = tuple(row["networks"])
    if networks and not is_allowed(shown.address(), networks):
        raise AddressRefused(
            "This key may not be used from this address. Its owner can say from where it may.",
            holder=principal,
        )


def check_delegation(principal: AgentPrincipal) -> None:
    """Raise `DelegationCut` when the delegation that the token is bound to does not hold."""
    if principal.delegation_id is None:
        return
    with tenant_transaction(principal.tenant_id):
        why = delegations().why_cut(principal.delegation_id)
    if why is not None:
        raise DelegationCut(why.sentence, holder=principal, code=why.code)


def take_proof(principal: AgentPrincipal, shown: Shown, request: ProvenRequest) -> Proof:
    """Return the proof that was sent along, once. Raises `ProofRefused`, `Unavailable`."""
    try:
        proof = read_proof(shown.proof, request)
    except BadProof as problem:
        raise ProofRefused(str(problem), holder=principal) from None
    if not use_once(proof):
        raise ProofRefused(
            "This proof was used before.", holder=principal, code="dpop_proof_replayed"
        )
    return proof


def _check_proof(principal: AgentPrincipal, row: dict[str, Any], shown: Shown) -> None:
    """Hold a bound token to its key (RFC 9449, section 7.1), and who needs one to having one."""
    bound_to = row["thumbprint"]
    if not bound_to:
        if row["needs_proof"]:
            raise ProofRefused(
                "This key works only through tokens that are bound to a key of yours: ask"
                " /oauth/token for one, with a DPoP proof.",
                holder=principal,
                code="proof_needed",
            )
        if shown.scheme == DPOP:
            raise ProofRefused(
                "This is not bound to a key: send it as Bearer.",
                holder=principal,
                code="token_is_bound",
            )
        return
    if shown.scheme != DPOP:
        raise ProofRefused(
            "This token is bound to a key: send it as DPoP, with a proof.",
            holder=principal,
            code="token_is_bound",
        )
    if shown.is_repeat:
        return
    wanted = ProvenRequest(shown.method, shown.url, row["asked_at"], shown.text)
    if take_proof(principal, shown, wanted).thumbprint != bound_to:
        raise ProofRefused("The proof is of another key than the token.", holder=principal)
