"""Giving out what an integration is used with: with the use of a permission, once, to who may.

That is a token that its token endpoint mints for this permission, or else its secret. Nowhere else
does a secret leave the vault for an agent. It is in the answer and in nothing that is kept: the
record names the integration, the version, the request and who was given it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from approvals.audit_events.execution import secret_injected, token_minted
from approvals.models import ActionRequest, ExecutionGrant
from govapp.common.errors import Conflict, DomainError, Forbidden, Unavailable
from tenants.enums import IntegrationKind
from tenants.killing import CODE
from tenants.models import Agent, Integration, VaultSecret
from tenants.principals import AgentPrincipal
from tenants.reach import NOT_GRANTED, granted_scopes
from tenants.refusals import CATEGORY_WORDS, CategoryRefused
from tenants.scopes import covers
from tenants.selectors.kill import killed_for
from tenants.selectors.reach import read_reach, unreachable
from tenants.services.minting import Filled, Order, order_of
from tenants.services.vault import find_secret, open_for

LIFETIME: Final = timedelta(minutes=5)


@dataclass(frozen=True, repr=False)
class Injected:
    """What the executing system is told once; `repr` shows nothing of it."""

    kind: Literal["minted", "sealed"]
    value: str
    scopes: tuple[str, ...]
    expires_at: datetime


@dataclass(frozen=True, repr=False)
class Injection:
    """What is about to be given out: the secret, or the token that an order is filled with."""

    integration: Integration
    secret: VaultSecret
    given_to: Agent
    scopes: tuple[str, ...]
    value: str = ""
    order: Order | None = None

    def why_not(self, filled: Filled | None) -> DomainError | None:
        """Return why the token that was had is none for this; None when it is, or none is had."""
        if filled is None:
            return None
        if self.order is None or not self.order.is_as(filled.order):
            return Conflict(
                f"The integration {self.integration.slug} was changed at this moment: try again.",
                code="integration_changed",
            )
        if filled.token is None:
            refusal = Unavailable(
                f"There is no token for the integration {self.integration.slug}."
                f" {filled.why_not} The permission is not used up.",
                code="token_not_minted",
            )
            refusal.retry_after = filled.retry_after
            return refusal
        return None

    def give(
        self, *, request: ActionRequest, grant: ExecutionGrant, now: datetime, filled: Filled | None
    ) -> Injected:
        """Return what is told, and record that it was."""
        if filled is not None and filled.token is not None and filled.used is not None:
            token = filled.token
            # From when it was asked for: it may end a moment later, and not a moment earlier.
            expires_at = filled.order.at + timedelta(seconds=token.seconds)
            token_minted(
                request=request,
                grant=grant,
                integration=self.integration,
                client_version=filled.used.version,
                client_mark=filled.used.mark,
                given_to=self.given_to,
                scopes=token.scopes,
                expires_at=expires_at,
                now=now,
            )
            return Injected("minted", token.value, token.scopes, expires_at)
        expires_at = now + LIFETIME
        secret_injected(
            request=request,
            grant=grant,
            integration=self.integration,
            secret=self.secret,
            given_to=self.given_to,
            expires_at=expires_at,
            now=now,
        )
        return Injected("sealed", self.value, self.scopes, expires_at)


def prepare_injection(
    request: ActionRequest, *, by: AgentPrincipal | None, now: datetime
) -> Injection | DomainError | None:
    """Return what is to be given out with this permission, why it is refused, or None.

    `by` is the key that came with the permission: of the request's own agent, or of an executing
    system that was granted the integration for this category itself, and that no kill switch
    stops. The key has to be for the category.
    """
    slug = request.integration
    if not slug:
        return None
    found = Integration.objects.filter(slug=slug, kind=IntegrationKind.INJECTED).first()
    if found is None:
        return None
    if by is None:
        return Forbidden(
            f"With this permission the secret of the integration {slug} is given out: redeem it"
            " with a key of the agent, or of a system that was granted the integration.",
            code="key_needed",
        )
    if (why := _why_not(request, by)) is not None:
        return why
    secret = find_secret(found.public_id)
    if secret is None:
        return Conflict(
            f"The integration {slug} has no secret to give out: set one.", code="secret_missing"
        )
    scopes = _scopes(request, found, by)
    if found.token_with_scopes and not scopes:
        # A token that is asked for without any usually has all of them.
        return Forbidden(
            f"No scope that the integration {slug} declares is granted for this: grant one.",
            code=NOT_GRANTED,
        )
    given_to = Agent.objects.get(pk=by.agent_id)
    try:
        if found.mints_tokens:
            order = order_of(found, secret, scopes=scopes, purpose="redemption", now=now)
            return Injection(found, secret, given_to, scopes, order=order)
        value = open_for(secret=secret, purpose="redemption")
    except DomainError as refusal:
        return refusal
    return Injection(found, secret, given_to, scopes, value)


def _scopes(
    request: ActionRequest, integration: Integration, by: AgentPrincipal
) -> tuple[str, ...]:
    """Return what may be done with what is given out.

    That is what the integration declares today, for grants are not changed with it, and what was
    granted to the request's agent and to who is given it, for this category.
    """
    allowed = set(integration.scopes)
    for agent_id in {request.agent_id, by.agent_id}:
        known = read_reach(agent_id, request.integration)
        allowed &= set(granted_scopes(known, category=request.category_key))
    return tuple(sorted(allowed))


def _why_not(request: ActionRequest, by: AgentPrincipal) -> DomainError | None:
    """Return why whoever holds this key is not given the secret, though the permission is good."""
    slug, category = request.integration, request.category_key
    if not covers(by.categories, category):
        return Forbidden(CATEGORY_WORDS, code=CategoryRefused.code)
    if by.agent_id == request.agent_id:
        return None  # the permission was looked at already, with all that holds its agent
    if (sentence := killed_for(by.agent_id, category, slug)) is not None:
        return Forbidden(sentence, code=CODE)
    why = unreachable(by.agent_id, slug, category)
    return None if why is None else Forbidden(why.sentence, code=why.code)
