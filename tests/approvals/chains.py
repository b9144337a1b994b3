"""Agents that hand a task on: a chain of delegations in a world."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from approvals.models import ActionRequest, Delegation
from approvals.services.delegations import Handed, Wish, create_delegation, revoke_delegation
from approvals.services.submission import Submission, submit_action
from govapp.common.tenancy import tenant_transaction
from tenants.models import Agent, Credential, Membership
from tenants.services.agents import change_agent
from tests.approvals.documents import rule, rules
from tests.approvals.world import World, make_world
from tests.people import make_agent

ALLOWED = rules(rule("all", "allow"))
NAMES = ("planner", "buyer", "clerk", "runner", "helper")


@dataclass
class Chain:
    """A world whose agents hand a task on, each to the next one of `NAMES`."""

    world: World
    agents: dict[str, Agent]
    handed: list[Handed] = field(default_factory=list)

    @property
    def tenant_id(self) -> Any:
        return self.world.company.id

    def hand(self, giver: str, taker: str, under: str = "", **wish: Any) -> Handed:
        """Hand on from one agent to another, for an hour or what is left; `budget` has texts."""
        if wish.get("budget") is not None:
            wish["budget"] = {name: Decimal(amount) for name, amount in wish["budget"].items()}
        with tenant_transaction(self.tenant_id):
            actor = self.agents[giver]
            key = Credential.objects.get(agent=actor, revoked_at=None)
            return create_delegation(
                actor=actor,
                credential_id=key.pk,
                wish=Wish(
                    self.agents[taker].pk,
                    **({"lifetime": None if under else timedelta(hours=1)} | wish),
                ),
                under=under,
            )

    def extend(self, **wish: Any) -> Handed:
        """Add a link to the chain, as deep as it may still go unless said otherwise."""
        place = len(self.handed)
        wish.setdefault("depth", 3 - place)
        under = self.handed[-1].token if self.handed else ""
        made = self.hand(NAMES[place], NAMES[place + 1], under, **wish)
        self.handed.append(made)
        return made

    def submit(self, agent: str, token: str, **fields: Any) -> ActionRequest:
        """Submit a payment under a delegation."""
        submission = Submission(
            **(
                {
                    "category": "payments.transfer",
                    "summary": "Pay Acme Ltd",
                    "payload": {"amount": "900.00"},
                    "delegation": token,
                }
                | fields
            )
        )
        with tenant_transaction(self.tenant_id):
            return submit_action(agent=self.agents[agent], submission=submission)

    def revoke(self, delegation: Delegation, actor: Agent | Membership, reason: str = "") -> None:
        """Cut a link."""
        with tenant_transaction(self.tenant_id):
            revoke_delegation(actor=actor, delegation_id=delegation.pk, reason=reason)


def make_chain(links: int = 0, document: Any = ALLOWED, **wish: Any) -> Chain:
    """Make a world with five agents, and so many links between them."""
    world = make_world(document)
    agents = {name: make_agent(world.company, name)[0] for name in NAMES}
    chain = Chain(world, agents | {"payer": world.agent})
    for _ in range(links):
        chain.extend(**wish)
    return chain


def own(chain: Chain, name: str, owner: Membership) -> None:
    """Give an agent to another owner."""
    agent = chain.agents[name]
    with tenant_transaction(chain.tenant_id):
        chain.agents[name] = change_agent(
            actor=chain.world.company.olivia, agent=agent, owner=owner
        )


def codes(request: ActionRequest) -> list[str]:
    """Return the codes by which a request was refused."""
    return [each["code"] for each in request.trace["refusals"]]


def sentences(request: ActionRequest) -> list[str]:
    """Return the sentences by which a request was refused."""
    return [each["sentence"] for each in request.trace["refusals"]]
