"""Who calls the API: an agent, known by its key."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class AgentPrincipal:
    """An authenticated agent. Ids only: whoever needs the agent reads it in its tenant."""

    tenant_id: UUID
    agent_id: UUID
    credential_id: UUID
    # What DRF's permissions ask of a user.
    is_authenticated: bool = True
