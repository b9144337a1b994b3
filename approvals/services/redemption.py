"""Using a permission: once, ever; a refusal is recorded as well."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog

from approvals import grant_tokens
from approvals.audit_events import execution as events
from approvals.doors import grant_by_jti
from approvals.enums import ExecutionState, Purpose, TimerKind
from approvals.grant_tokens import GrantTokenInvalid
from approvals.killing import death_of
from approvals.models import ActionRequest, ExecutionGrant, GrantKey, Timer
from approvals.selectors.delegations import cut
from approvals.selectors.held_again import held_again
from approvals.services.injection import Injected, prepare_injection
from approvals.services.lifecycle import move_execution
from approvals.services.locking import lock_request
from govapp.common import clock
from govapp.common.errors import Conflict, DomainError, FieldError, Forbidden, Invalid, NotFound
from govapp.common.formats import utc_second
from govapp.common.tenancy import bound_tenant_id, tenant_transaction
from tenants.enums import AgentStatus
from tenants.killing import CODE
from tenants.models import Agent, Tenant
from tenants.principals import AgentPrincipal
from tenants.refusals import OUTSIDE_DELEGATION, OUTSIDE_WORDS
from tenants.services.minting import Filled, Order, fill, place

log = structlog.get_logger(__name__)

REPORT_WITHIN: Final = timedelta(minutes=15)
_MAX_NAME: Final = 200


@dataclass(frozen=True)
class _Attempt:
    token: str
    redeemed_by: str
    by: AgentPrincipal | None
    tenant_id: UUID
    grant_id: UUID


@dataclass(frozen=True)
class Redeemed:
    """The permission that was used, and the secret that goes with it, if any."""

    grant: ExecutionGrant
    credential: Injected | None


def redeem_grant(*, token: str, redeemed_by: str) -> ExecutionGrant:
    """Use the permission without a key: as `redeem_with_key`, and no secret is given out."""
    return redeem_with_key(token=token, redeemed_by=redeemed_by, by=None).grant


def redeem_with_key(*, token: str, redeemed_by: str, by: AgentPrincipal | None) -> Redeemed:
    """Use the permission. Call it outside of a transaction, with its tenant bound or none.

    `by` is the key or token that came with it, as it was authenticated; a permission on an
    integration whose secret is given out needs one (`services.injection`).

    The first call wins; everything after it, and everything expired, withdrawn, forged or about
    another payload raises: `Invalid` for what is no token of ours, `NotFound` for one that this
    tenant does not know, `Conflict` for one that is not good any more. Each refusal of a token
    that this tenant signed is in the record, but for one that only has to wait for its turn
    (`minting.place`); what anybody could have made is only logged, so that nobody without a
    permission writes in the record or waits for a lock.
    """
    redeemed_by = redeemed_by.strip()
    if len(redeemed_by) > _MAX_NAME or "\0" in redeemed_by:
        raise Invalid(
            "The name is not valid.",
            errors=[FieldError("/redeemed_by", f"Write at most {_MAX_NAME} characters.")],
        )
    try:
        seen = grant_tokens.look(token)
    except GrantTokenInvalid as error:
        raise _forged(error) from error
    found = grant_by_jti.call(seen.jti)
    if not found or bound_tenant_id() not in (None, found[0]["tenant_id"]):
        raise NotFound("There is no such permission: the agent fetches another one.")
    attempt = _Attempt(token, redeemed_by, by, found[0]["tenant_id"], found[0]["grant_id"])
    with tenant_transaction(attempt.tenant_id):
        claims = _verified(attempt, seen.kid)
        outcome = _redeem(attempt, claims)
    while isinstance(outcome, Order):  # once: with a token in the hand there is none
        outcome = _redeem_with_token(attempt, claims, outcome)
    # Raised after the commit, so that the refusal stays in the record.
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome


def _redeem_with_token(
    attempt: _Attempt, claims: Mapping[str, Any], order: Order
) -> Redeemed | DomainError | Order:
    """Have the token, and use the permission with it.

    Between the two transactions nothing is locked: all is looked at again in the second. The place
    is kept until that is done, and who has one sees first whether the permission was used
    meanwhile: of calls at once with one permission none has a token that nobody is given.
    """
    with place(attempt.tenant_id) as has_place:
        is_good = has_place and _is_unused(attempt)
        filled = fill(order) if is_good else Filled.without_place(order)
        with tenant_transaction(attempt.tenant_id):
            return _redeem(attempt, claims, filled)


def _is_unused(attempt: _Attempt) -> bool:
    with tenant_transaction(attempt.tenant_id):
        return ExecutionGrant.objects.filter(pk=attempt.grant_id, redeemed_at=None).exists()


def _redeem(
    attempt: _Attempt, claims: Mapping[str, Any], filled: Filled | None = None
) -> Redeemed | DomainError | Order:
    """Use the permission, or refuse it; an `Order` when a token is to be had before, and nothing
    was done so far.
    """
    request = lock_request(_request_of(attempt.grant_id))
    grant = ExecutionGrant.objects.select_for_update().get(pk=attempt.grant_id)
    now = clock.now()
    refusal = (
        _mismatch(claims, request, grant)
        or _obstacle(request, grant, now)
        or _outside(request, attempt.by)
    )
    injection = None if refusal else prepare_injection(request, by=attempt.by, now=now)
    if isinstance(injection, DomainError):
        refusal, injection = injection, None
    if injection is not None:
        if injection.order is not None and filled is None:
            return injection.order
        refusal = injection.why_not(filled)
        if refusal is not None and filled is not None and not filled.had_place:
            return refusal  # and not recorded: nothing was wrong with it, others were before it
    if refusal is not None:
        events.grant_redeem_refused(
            request=request,
            grant=grant,
            redeemed_by=attempt.redeemed_by,
            why=refusal.detail,
            now=now,
        )
        return refusal
    grant.redeemed_at = now
    grant.redeemed_by = attempt.redeemed_by
    grant.save(update_fields=["redeemed_at", "redeemed_by"])
    move_execution(request=request, to=ExecutionState.REDEEMED, now=now)
    Timer(
        request=request,
        request_version=request.version,
        kind=TimerKind.RECONCILE,
        due_at=now + REPORT_WITHIN,
        armed_at=now,
    ).save(force_insert=True)
    events.grant_redeemed(request=request, grant=grant, redeemed_by=attempt.redeemed_by, now=now)
    credential = (
        injection.give(request=request, grant=grant, now=now, filled=filled) if injection else None
    )
    return Redeemed(grant, credential)


def _request_of(grant_id: UUID) -> UUID:
    # Read without a lock, for the request's row is the one that is locked first.
    return ExecutionGrant.objects.values_list("request_id", flat=True).get(pk=grant_id)


def _verified(attempt: _Attempt, kid: str) -> Mapping[str, Any]:
    """Return the claims of a token that was signed with the grant's key. Raises `Invalid`."""
    issued = ExecutionGrant.objects.values_list("kid", flat=True).get(pk=attempt.grant_id)
    key = GrantKey.objects.filter(kid=kid).first() if kid == issued else None
    if key is None:
        raise _logged(attempt, GrantTokenInvalid("its signature is not ours"))
    try:
        return grant_tokens.verify(
            attempt.token, public_key=bytes(key.public_key), tenant_id=attempt.tenant_id
        )
    except GrantTokenInvalid as error:
        raise _logged(attempt, error) from error


def _logged(attempt: _Attempt, error: GrantTokenInvalid) -> Invalid:
    ids = {"tenant": str(attempt.tenant_id), "grant": str(attempt.grant_id)}
    log.warning("grant.forged", **ids, why=str(error))
    return _forged(error)


def _mismatch(
    claims: Mapping[str, Any], request: ActionRequest, grant: ExecutionGrant
) -> DomainError | None:
    told = (claims.get("request"), claims.get("payload_digest"))
    if told != (request.public_id, grant.payload_digest):
        return Conflict("This permission is for something else.", code="grant_mismatch")
    return None


def _outside(request: ActionRequest, by: AgentPrincipal | None) -> DomainError | None:
    """Say so when the token that came along is bound to a delegation that this is not under."""
    if by is None or by.delegation_id in (None, request.delegation_id):
        return None
    return Forbidden(OUTSIDE_WORDS, code=OUTSIDE_DELEGATION)


def _obstacle(request: ActionRequest, grant: ExecutionGrant, now: datetime) -> DomainError | None:
    if request.purpose != Purpose.ACTION:  # there is no way to such a grant; so much the better
        return Conflict("This was an exercise; nothing is permitted by it.", code="no_action")
    if grant.redeemed_at is not None:
        at = utc_second(grant.redeemed_at)
        return Conflict(f"This permission was used on {at}.", code="grant_redeemed")
    if grant.revoked_at is not None:
        return Conflict("This permission was withdrawn.", code="grant_revoked")
    dead = death_of(request, grant.issued_at)
    if dead is not None:
        said = dead.sentence if dead.resumed_at is None else dead.dead_sentence
        return Conflict(said, code=CODE)
    if now >= grant.expires_at:
        return Conflict("This permission has expired; ask for a new one.", code="grant_expired")
    if grant.payload_digest != request.payload_digest:
        return Conflict("This permission is for something else.", code="grant_mismatch")
    status = Agent.objects.select_for_update(no_key=True).values_list("status", flat=True)
    if status.get(pk=request.agent_id) != AgentStatus.ACTIVE:
        return Conflict("The agent is not active any more.", code="agent_not_active")
    if Tenant.objects.get(pk=request.tenant_id).is_suspended:
        return Conflict("This account is suspended.", code="tenant_suspended")
    why = held_again(request) or (
        cut(request.delegation_id, hold=True) if request.delegation_id else None
    )
    return None if why is None else Conflict(why.sentence, code=why.code)


def _forged(error: GrantTokenInvalid) -> Invalid:
    return Invalid(
        "This is not a permission of ours: send the token that the agent was given.",
        code="grant_invalid",
        errors=[FieldError("/token", f"The token is not accepted: {error}.")],
    )
