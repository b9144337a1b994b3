"""The permission that a decision yields: issued, used once, withdrawn, reported.

Every function locks the request's row first; the grant's row is read after that.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final, Literal
from uuid import UUID, uuid4

from django.db import transaction

from approvals import grant_tokens
from approvals.audit_events import execution as events
from approvals.enums import (
    LEGAL_EXECUTION_MOVES,
    ExecutionState,
    Purpose,
    RequestStatus,
    Verdict,
)
from approvals.killing import death_of, stop_of
from approvals.models import ActionRequest, ExecutionGrant, Vote
from approvals.obligations import grant_not_before
from approvals.selectors.held_again import held_again
from approvals.services.callbacks import queue_callbacks
from approvals.services.delegated_spend import renew_spend
from approvals.services.delegations import require_whole
from approvals.services.grant_keys import signing_key
from approvals.services.lifecycle import move_execution
from approvals.services.locking import ended, lock_request
from approvals.services.redemption import redeem_grant, redeem_with_key
from approvals.services.schedule import close_timers
from approvals.services.spending import renew_reservation
from approvals.services.undoing import hold_undone, note_undone
from govapp.common import clock
from govapp.common.errors import Conflict, FieldError, Forbidden, Invalid, NotFound, NotYet
from govapp.common.formats import utc_second
from govapp.common.ids import public_id
from govapp.common.sealing import unseal
from tenants.enums import AgentStatus, Role
from tenants.killing import CODE
from tenants.models import Agent, Membership
from tenants.rules import has_role

__all__ = [
    "IssuedGrant", "issue_grant", "redeem_grant", "redeem_with_key", "report_execution",
    "revoke_grant",
]  # fmt: skip

LIFETIME: Final = timedelta(minutes=5)
MAX_NOTE: Final = 4_000
Outcome = Literal["succeeded", "failed", "rolled_back"]


@dataclass(frozen=True)
class IssuedGrant:
    """A grant with its token, which exists here and with the agent only."""

    token: str
    jti: UUID
    expires_at: datetime


@transaction.atomic
def issue_grant(*, agent: Agent, request_id: UUID) -> IssuedGrant:
    """Sign the permission of an approved or allowed request of this agent, for five minutes.

    One that expired unused, or died with a kill switch, is replaced. Raises `NotFound`,
    `Forbidden` for an agent that is not active, while a kill switch stops it, when the agent may
    not do this any more (`selectors.held_again`) or its budgets let go of it and have no more of
    it, `DelegationRefused` when it was asked for under a delegation that was cut or has no more of
    it, `NotYet` while a rule holds it back, and `Conflict` when the decision gives none, or it was
    issued, used or withdrawn.
    """
    request = _own_request(agent, request_id)
    if not RequestStatus(request.status).is_grantable:
        raise Conflict(f"There is no permission to give. {ended(request)}")
    _require_active(request.agent)
    _require_not_killed(request)
    _require_not_held(request)
    now = clock.now()
    require_whole(request)
    _require_not_held_back(request, now)
    former = _expired_grant(request, now)
    if former is not None:
        former.revoked_at = now
        former.save(update_fields=["revoked_at"])
    renew_spend(request, now, now + LIFETIME)
    renew_reservation(request, now, now + LIFETIME)
    key = signing_key()
    grant = ExecutionGrant(
        request=request,
        jti=uuid4(),
        kid=key.kid,
        payload_digest=request.payload_digest,
        issued_at=now,
        expires_at=now + LIFETIME,
    )
    grant.save(force_insert=True)
    if request.execution_state == ExecutionState.NOT_STARTED:
        move_execution(request=request, to=ExecutionState.GRANTED, now=now)
    events.grant_issued(agent=agent, request=request, grant=grant, replaces=former)
    token = grant_tokens.sign(
        _claims(request, grant), kid=key.kid, private_key=unseal(bytes(key.private_key_sealed))
    )
    return IssuedGrant(token=token, jti=grant.jti, expires_at=grant.expires_at)


@transaction.atomic
def revoke_grant(*, actor: Membership, request_id: UUID, reason: str) -> ActionRequest:
    """Withdraw the permission before it is used, also before it is issued.

    By an owner, by compliance, or by somebody who voted for it. Raises `NotFound`, `Forbidden`,
    `Invalid` without a reason, and `Conflict` when there is nothing left to withdraw.
    """
    request = lock_request(request_id)
    _require_may_revoke(actor, request)
    reason = _text(reason, "/reason", least=1)
    if not RequestStatus(request.status).is_grantable:
        raise Conflict(f"There is no permission to withdraw. {ended(request)}")
    if not _is_legal(request, ExecutionState.REVOKED):
        raise Conflict(f"It cannot be withdrawn any more: {_state(request)}.")
    now = clock.now()
    grant = _alive_grant(request)
    if grant is not None:
        grant.revoked_at = now
        grant.save(update_fields=["revoked_at"])
    move_execution(request=request, to=ExecutionState.REVOKED, now=now)
    events.grant_revoked(actor=actor, request=request, grant=grant, reason=reason, now=now)
    queue_callbacks(request=request, event_type="execution.revoked")
    return request


@transaction.atomic
def report_execution(
    *,
    agent: Agent,
    request_id: UUID,
    outcome: Outcome,
    note: str = "",
    cost: dict[str, Any] | None = None,
) -> ActionRequest:
    """Keep what the agent says about how it went.

    Raises `NotFound`, `Invalid`, and `Conflict` for a move that is not one: an outcome needs a
    permission that was used, and after it only a rollback can follow.
    """
    request = _own_request(agent, request_id)
    to = _outcome(outcome)
    note = _text(note, "/note", least=0)
    if not _is_legal(request, to):
        raise Conflict(
            f"This outcome cannot be reported: {_state(request)}. It is the outcome of a permission"
            " that was used."
        )
    now, former = clock.now(), request.execution_state
    request.execution_note = note
    if cost is not None:  # a later report that says nothing of it leaves what an earlier one said
        request.execution_cost = cost
    request.save(update_fields=["execution_note", "execution_cost"])
    undone = hold_undone(made=request) if to == ExecutionState.SUCCEEDED else None
    move_execution(request=request, to=to, now=now)
    close_timers(request=request, now=now)
    events.execution_reported(agent=agent, request=request, former=former, cost=cost, now=now)
    queue_callbacks(request=request, event_type=f"execution.{to}")
    if undone is not None:
        note_undone(made=request, original=undone, now=now)
    return request


def _own_request(agent: Agent, request_id: UUID) -> ActionRequest:
    request = lock_request(request_id)
    # Drills and canaries are no business of the agent's, and nothing is ever permitted by one.
    if request.agent_id != agent.pk or request.purpose != Purpose.ACTION:
        raise NotFound("There is no such request.")
    return request


def _require_active(agent: Agent) -> None:
    # A lock that waits for whoever is pausing the agent at this moment.
    status = Agent.objects.select_for_update(no_key=True).values_list("status", flat=True)
    if status.get(pk=agent.pk) != AgentStatus.ACTIVE:
        raise Forbidden("This agent is not active: an owner lets it go on, on its page.")


def _require_not_killed(request: ActionRequest) -> None:
    found = stop_of(request)
    if found is not None:
        raise Forbidden(found.sentence, code=CODE)


def _require_not_held(request: ActionRequest) -> None:
    why = held_again(request)
    if why is not None:
        raise Forbidden(why.sentence, code=why.code)


def _require_not_held_back(request: ActionRequest, now: datetime) -> None:
    """A rule can hold the permission back for a while, in which people may still withdraw it."""
    not_before = grant_not_before(request)
    if not_before is None or now >= not_before:
        return
    if not _is_legal(request, ExecutionState.REVOKED):
        return  # withdrawn meanwhile: waiting would not help, and what follows says so
    at = utc_second(not_before)
    raise NotYet(
        f"A rule holds the permission back until {at}; ask again then.",
        not_before=not_before,
        retry_after=ceil((not_before - now).total_seconds()),
    )


def _alive_grant(request: ActionRequest) -> ExecutionGrant | None:
    alive = ExecutionGrant.objects.filter(request=request, redeemed_at=None, revoked_at=None)
    return alive.select_for_update().first()


def _expired_grant(request: ActionRequest, now: datetime) -> ExecutionGrant | None:
    """Return the grant to be replaced, if any; raise `Conflict` when none may be issued."""
    if request.execution_state not in (ExecutionState.NOT_STARTED, ExecutionState.GRANTED):
        raise Conflict(f"No permission can be issued any more: {_state(request)}.")
    grant = _alive_grant(request)
    is_dead = grant is not None and death_of(request, grant.issued_at) is not None
    if grant is not None and grant.expires_at > now and not is_dead:
        until = grant.expires_at.strftime("%H:%M:%S UTC")
        raise Conflict(f"The permission was issued already and can be used until {until}.")
    return grant


def _claims(request: ActionRequest, grant: ExecutionGrant) -> dict[str, Any]:
    version = request.policy_version
    integration = {"integration": request.integration} if request.integration else {}
    chain = [each["id"] for each in request.delegation_chain]
    delegation = {"delegation": chain} if chain else {}
    issued = int(grant.issued_at.timestamp())
    return {
        "iss": grant_tokens.issuer_of(request.tenant_id),
        "sub": request.agent.public_id,
        "aud": grant_tokens.AUDIENCE,
        "jti": str(grant.jti),
        "iat": issued,
        "nbf": issued,
        "exp": int(grant.expires_at.timestamp()),
        "tenant": public_id("tn", request.tenant_id),
        "agent": request.agent.public_id,
        "request": request.public_id,
        "category": request.category_key,
        **integration,
        **delegation,
        "payload_digest": request.payload_digest,
        "policy_version": version.number if version else None,
    }


def _require_may_revoke(actor: Membership, request: ActionRequest) -> None:
    if has_role(actor, Role.OWNER, Role.COMPLIANCE):
        return
    approved = Vote.objects.filter(
        request=request, member=actor, verdict=Verdict.APPROVE, voided_at=None
    )
    if not (actor.is_active and approved.exists()):
        raise Forbidden("Only owners, compliance and who voted for it withdraw a permission.")


def _is_legal(request: ActionRequest, to: ExecutionState) -> bool:
    return (ExecutionState(request.execution_state), to) in LEGAL_EXECUTION_MOVES


def _state(request: ActionRequest) -> str:
    return ExecutionState(request.execution_state).label.lower()


def _outcome(outcome: str) -> ExecutionState:
    if outcome not in ("succeeded", "failed", "rolled_back"):
        raise Invalid(
            "The report is not valid.",
            errors=[FieldError("/outcome", "Write succeeded, failed or rolled_back.")],
        )
    return ExecutionState(outcome)


def _text(value: str, pointer: str, *, least: int) -> str:
    value = value.strip()
    if not least <= len(value) <= MAX_NOTE or "\0" in value:
        fault = FieldError(pointer, f"Write {least} to {MAX_NOTE} characters.")
        raise Invalid(fault.detail, errors=[fault])
    return value
