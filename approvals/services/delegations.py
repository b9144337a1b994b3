"""Handing rights on from agent to agent, and cutting them off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction

from approvals.audit_events import delegations as events
from approvals.delegating.links import REVOKED, Link, why_cut
from approvals.delegating.narrowing import (
    DEEPEST,
    EXPIRED,
    MOST_LIVE,
    TOO_DEEP,
    Problem,
    Rights,
    narrows,
)
from approvals.holders.delegation import UNKNOWN, UNKNOWN_WORDS
from approvals.models import ActionRequest, Delegation, DelegationBudget
from approvals.rules import may_revoke_delegation
from approvals.selectors.delegations import (
    MARK,
    Claim,
    chain_ids,
    cut,
    find_claim,
    hold_chain,
    read_links,
    under,
)
from govapp.common import clock
from govapp.common.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from govapp.common.ids import new_id, public_id
from tenants.enums import AgentStatus
from tenants.keys import make_key
from tenants.models import Agent, Credential, Membership, Tenant
from tenants.scopes import MOST_PATTERNS, is_pattern

SHORTEST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(days=366)
MOST_CURRENCIES: Final = 10
MOST_MONEY: Final = Decimal(10) ** 15
_POINTERS: Final = {
    "categories": "/categories",
    "integrations": "/integrations",
    "budget": "/budget",
    "expires_at": "/expires_in",
    "depth": "/depth",
}
_NOT_HELD: Final = frozenset({UNKNOWN, REVOKED, EXPIRED})


class DelegationRefused(Forbidden):
    """What was handed on is not good for this (HTTP 403); `claim` is what was named, if known."""

    code = REVOKED
    title = "The delegation does not allow this"

    def __init__(self, problem: Problem, *, claim: Claim | None = None) -> None:
        # What does not hold any more is what was named, whichever part of it ended.
        pointer = "/under" if problem.code in _NOT_HELD else _POINTERS[problem.part]
        errors = [FieldError(pointer, problem.sentence)]
        super().__init__(problem.sentence, code=problem.code, errors=errors)
        self.claim = claim


@dataclass(frozen=True)
class Wish:
    """What an agent wants to hand on. None of a part: as much as there is of it."""

    to: UUID
    lifetime: timedelta | None = None
    categories: tuple[str, ...] | None = None
    integrations: tuple[str, ...] | None = None
    budget: Mapping[str, Decimal] | None = None
    depth: int = 0
    purpose: str = ""


@dataclass(frozen=True)
class Handed:
    """A delegation with its token, which exists here and with the agent only."""

    delegation: Delegation
    token: str
    links: tuple[Link, ...]


@transaction.atomic
def create_delegation(*, actor: Agent, credential_id: UUID, wish: Wish, under: str = "") -> Handed:
    """Hand part of what the agent has on to another agent of the tenant.

    `under` is the delegation that it comes from: a token that was given to the agent, or a public
    id that is known already; empty: what the agent's key opens. Raises `Invalid` for a wish that
    cannot be meant, `NotFound`, `Conflict`, and `DelegationRefused` where it is more than there
    is to give, or where there is nothing (any more).
    """
    _check(wish)
    if wish.lifetime is None and not under:
        raise _fault("/expires_in", "Say for how long: it is not part of another delegation.")
    credential = Credential.objects.get(pk=credential_id, agent=actor)
    claim = _claimed(actor, under) if under else None
    now, most = clock.now(), Tenant.objects.values_list("delegation_depth", flat=True).get()
    taker = _taker(actor, wish.to)
    links: tuple[Link, ...] = ()
    parent = Rights(
        tuple(credential.categories) or None, None, None, credential.expires_at, min(most, DEEPEST)
    )
    if claim is not None:
        hold_chain(claim.chain)
        links = read_links(claim.chain)
        if cut := why_cut(links, now):
            raise DelegationRefused(cut, claim=claim)
        parent = links[-1].rights
        _check_chain(links, taker, most, claim)
    child = Rights(
        wish.categories if wish.categories is not None else parent.categories,
        wish.integrations if wish.integrations is not None else parent.integrations,
        wish.budget if wish.budget is not None else parent.budget,
        parent.expires_at if wish.lifetime is None else now + wish.lifetime,
        wish.depth,
    )
    if problems := (*narrows(parent, child), *_key_problems(credential, child)):
        raise DelegationRefused(problems[0], claim=claim)
    _check_count(actor)
    delegation, token = _write(actor, taker, credential, child, claim, wish.purpose.strip())
    chain = chain_ids(delegation.path)
    links = read_links(chain)
    events.delegation_created(actor=actor, delegation=delegation, links=links)
    return Handed(delegation, token, links)


@transaction.atomic
def revoke_delegation(
    *, actor: Agent | Membership, delegation_id: UUID, reason: str = ""
) -> Delegation:
    """Cut a link and everything under it, at once: nothing is done under any of it any more.

    By the agent that handed it on, or one above it in the chain; by the owner of either of its
    agents, and by owners and compliance. Raises `NotFound` (also to an agent that has no part in
    it), `Forbidden`, `Invalid` for a person without a reason, `Conflict` when it is cut already.
    """
    # Whoever uses or hands on anything under it holds this row, and is waited for: what is read
    # after that is all there is to cut.
    rows = Delegation.objects.select_for_update(of=("self",), no_key=True)
    found = rows.select_related("from_agent", "to_agent").filter(pk=delegation_id).first()
    if found is None:
        raise NotFound("There is no such delegation.")
    _require_may_revoke(actor, found)
    reason = _reason(actor, reason)
    if found.revoked_at is not None:
        raise Conflict(
            f"It was revoked on {found.revoked_at:%Y-%m-%d %H:%M UTC}.", code="already_revoked"
        )
    now = clock.now()
    member = actor if isinstance(actor, Membership) else None
    links = read_links(chain_ids(found.path))
    count = (
        under(found)
        .filter(revoked_at=None)
        .update(revoked_at=now, revoked_by=member, revoked_with=found, revoked_reason=reason)
    )
    found.refresh_from_db(fields=["revoked_at", "revoked_by", "revoked_with", "revoked_reason"])
    events.delegation_revoked(
        actor=actor, delegation=found, links=links, reason=reason, under=count - 1
    )
    return found


def require_whole(request: ActionRequest) -> None:
    """Raise `DelegationRefused` when the chain that a request was asked for under was cut.

    It stays whole until the transaction ends.
    """
    if request.delegation_id is None:
        return
    if problem := cut(request.delegation_id, hold=True):
        raise refusal_under(request, problem)


def refusal_under(request: ActionRequest, problem: Problem) -> DelegationRefused:
    """Return the refusal of a request by the delegation that it came under."""
    named = request.delegation_id
    claim = find_claim(public_id("dg", named)) if named is not None else None
    return DelegationRefused(problem, claim=claim)


def note_refused_use(
    claim: Claim, *, by: Agent, code: str, why: str, request: ActionRequest | None = None
) -> None:
    """Record that somebody wanted to act under a delegation that refuses it."""
    events.delegation_used_refused(
        actor=by, delegation=claim.delegation, code=code, why=why, request=request
    )


def note_refused_wish(*, by: Agent, to: UUID, code: str, why: str) -> None:
    """Record that an agent wanted to hand on more than it has."""
    events.delegation_refused(actor=by, to=to, code=code, why=why)


def _claimed(actor: Agent, named: str) -> Claim:
    claim = find_claim(named)
    if claim is None or claim.delegation.to_agent_id != actor.pk:
        raise DelegationRefused(Problem(UNKNOWN, "depth", UNKNOWN_WORDS), claim=claim)
    return claim


def _taker(actor: Agent, ident: UUID) -> Agent:
    if ident == actor.pk:
        raise _fault("/to", "An agent hands nothing on to itself: name another one.")
    # Locked, so that it is not retired meanwhile.
    rows = Agent.objects.select_for_update(no_key=True).filter(pk=ident)
    taker = rows.first()
    if taker is None:
        raise _fault("/to", "There is no such agent.")
    if taker.status != AgentStatus.ACTIVE:
        raise Conflict(f"{taker.name} is {taker.status}.", code="agent_not_active")
    return taker


def _check_chain(links: Sequence[Link], taker: Agent, most: int, claim: Claim) -> None:
    """A chain meets no agent twice, and is no longer than the tenant says now."""
    agents = {links[0].giver.id, *(link.taker.id for link in links)}
    if taker.public_id in agents:
        raise _fault("/to", f"{taker.name} is part of this chain already.")
    if len(links) >= most:
        said = f"The task was handed on {len(links)} times; at most {most} are allowed here."
        raise DelegationRefused(Problem(TOO_DEEP, "depth", said), claim=claim)


def _key_problems(credential: Credential, child: Rights) -> tuple[Problem, ...]:
    """Nobody hands on what the key that they use for it does not open, either."""
    most = Rights(
        tuple(credential.categories) or None, None, None, child.expires_at, child.depth_left + 1
    )
    return narrows(most, child)


def _check_count(actor: Agent) -> None:
    live = Delegation.objects.filter(
        from_agent=actor, revoked_at=None, expires_at__gt=clock.Now()
    ).count()
    if live >= MOST_LIVE:
        raise Conflict(
            f"This agent has {MOST_LIVE} delegations that are not over: revoke some first.",
            code="too_many_delegations",
        )


def _write(
    actor: Agent,
    taker: Agent,
    credential: Credential,
    child: Rights,
    claim: Claim | None,
    purpose: str,
) -> tuple[Delegation, str]:
    ident, key = new_id(), make_key(MARK)
    above = claim.delegation.path if claim else "/"
    delegation = Delegation.objects.create(
        id=ident,
        from_agent=actor,
        to_agent=taker,
        parent=claim.delegation if claim else None,
        credential=credential,
        path=f"{above}{public_id('dg', ident)}/",
        depth=len(claim.chain) + 1 if claim else 1,
        categories=_listed(child.categories),
        integrations=_listed(child.integrations),
        depth_left=child.depth_left,
        purpose=purpose,
        expires_at=child.expires_at,
        prefix=key.prefix,
        secret_hash=key.hash,
    )
    DelegationBudget.objects.bulk_create(
        DelegationBudget(delegation=delegation, currency=currency, amount=amount)
        for currency, amount in sorted((child.budget or {}).items())
    )
    return delegation, key.text


def _listed(names: tuple[str, ...] | None) -> list[str] | None:
    return None if names is None else sorted(set(names))


def _require_may_revoke(actor: Agent | Membership, delegation: Delegation) -> None:
    if isinstance(actor, Agent):
        above = Delegation.objects.filter(pk__in=chain_ids(delegation.path), from_agent=actor)
        if not above.exists():
            raise NotFound("There is no such delegation.")
    elif not may_revoke_delegation(actor, delegation):
        raise Forbidden(
            "Only owners, compliance and the owner of either agent revoke a delegation."
        )


def _reason(actor: Agent | Membership, reason: str) -> str:
    reason = reason.strip()
    if isinstance(actor, Membership) and not reason:
        raise _fault("/reason", "Say why.")
    if len(reason) > 500 or "\0" in reason:
        raise _fault("/reason", "Write at most 500 characters.")
    return reason


def _check(wish: Wish) -> None:
    if wish.lifetime is not None and not SHORTEST <= wish.lifetime <= LONGEST:
        raise _fault("/expires_in", "A delegation holds for a minute at least, 366 days at most.")
    if not 0 <= wish.depth < DEEPEST:
        raise _fault("/depth", f"Write a number from 0 to {DEEPEST - 1}.")
    if len(wish.purpose) > 200 or "\0" in wish.purpose or len(wish.purpose.splitlines()) > 1:
        raise _fault("/purpose", "Write one line of at most 200 characters.")
    for name in ("categories", "integrations"):
        names = getattr(wish, name)
        if names is not None and not 1 <= len(names) <= MOST_PATTERNS:
            raise _fault(f"/{name}", f"Name 1 to {MOST_PATTERNS}, or leave it out for all.")
    for pattern in wish.categories or ():
        if not is_pattern(pattern):
            raise _fault("/categories", "Write categories, or patterns as payments.*.")
    _check_budget(wish.budget)


def _check_budget(budget: Mapping[str, Decimal] | None) -> None:
    if budget is None:
        return
    if not 1 <= len(budget) <= MOST_CURRENCIES:
        raise _fault("/budget", f"Name 1 to {MOST_CURRENCIES} currencies, or leave it out.")
    for currency, amount in budget.items():
        exponent = amount.as_tuple().exponent
        if not (0 <= amount < MOST_MONEY and isinstance(exponent, int) and exponent >= -6):
            raise _fault(f"/budget/{currency}", "Write an amount with at most six decimals.")


def _fault(pointer: str, detail: str) -> Invalid:
    return Invalid(detail, errors=[FieldError(pointer, detail)])
