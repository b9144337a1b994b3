"""Who calls the API: an agent, known by its key, or a member, known by a token."""

from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True)
class AgentPrincipal:
    """An authenticated agent. Ids only: whoever needs the agent reads it in its tenant."""

    tenant_id: UUID
    agent_id: UUID
    credential_id: UUID
    # What the key or token opens, and for which categories: all when there are none.
    scopes: frozenset[str] = field(default=frozenset())
    categories: tuple[str, ...] = ()
    use_is_unnoted: bool = False
    # Which kill switch stops it: "agent", "tenant", or none.
    killed: str = ""
    # How many of its calls, and of all calls of its tenant, are answered; None: the usual.
    calls_per_second: int | None = None
    tenant_calls_per_second: int | None = None
    # Under which delegation it acts, when its token is bound to one.
    delegation_id: UUID | None = None
    # What DRF's permissions ask of a user.
    is_authenticated: bool = True

    @property
    def caller_id(self) -> UUID:
        """Whose calls are counted together."""
        return self.agent_id


@dataclass(frozen=True)
class MemberPrincipal:
    """An authenticated member of a tenant. Ids only, as above."""

    tenant_id: UUID
    member_id: UUID
    token_id: UUID
    calls_per_second: int | None = None
    tenant_calls_per_second: int | None = None
    is_authenticated: bool = True

    @property
    def caller_id(self) -> UUID:
        """Whose calls are counted together."""
        return self.member_id


Principal = AgentPrincipal | MemberPrincipal
