"""Alice, Bob, Charlie and their companies: the people whom every test knows."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from govapp.common.tenancy import tenant_transaction
from tenants.enums import Role
from tenants.models import Agent, ApproverGroup, Membership, Tenant, User
from tenants.services.agents import register_agent
from tenants.services.credentials import issue_credential
from tenants.services.groups import add_to_group, create_group
from tenants.services.people import add_member
from tenants.services.tenants import create_tenant

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class Company:
    """A tenant with a member for each role, made through the services."""

    tenant: Tenant
    olivia: Membership  # owner
    carl: Membership  # compliance
    alice: Membership  # approver, in finance
    bob: Membership  # approver, in risk
    charlie: Membership  # approver, in managers
    audrey: Membership  # auditor
    finance: ApproverGroup
    risk: ApproverGroup
    managers: ApproverGroup

    @property
    def id(self) -> UUID:
        return self.tenant.pk

    @property
    def slug(self) -> str:
        return self.tenant.slug


def make_user(name: str, slug: str = "acme") -> User:
    """Make a login: Alice of acme is alice@acme.example, with the password `PASSWORD`."""
    return User.objects.create_user(
        f"{name.lower()}@{slug}.example", PASSWORD, name=name.capitalize()
    )


def make_company(slug: str = "acme") -> Company:
    """Make a tenant with Olivia, Carl, Alice, Bob, Charlie and Audrey. No tenant may be bound."""
    tenant = create_tenant(slug=slug, name=slug.capitalize(), owner_user=make_user("olivia", slug))
    with tenant_transaction(tenant.pk):
        olivia = Membership.objects.select_related("user").get()

        def member(name: str, role: Role) -> Membership:
            return add_member(actor=olivia, user=make_user(name, slug), roles=[role])

        def group(name: str, *people: Membership) -> ApproverGroup:
            made = create_group(actor=olivia, slug=name, name=name.capitalize())
            for person in people:
                add_to_group(actor=olivia, group=made, member=person)
            return made

        alice, bob, charlie = (member(name, Role.APPROVER) for name in ("alice", "bob", "charlie"))
        return Company(
            tenant=tenant,
            olivia=olivia,
            carl=member("carl", Role.COMPLIANCE),
            alice=alice,
            bob=bob,
            charlie=charlie,
            audrey=member("audrey", Role.AUDITOR),
            finance=group("finance", alice),
            risk=group("risk", bob),
            managers=group("managers", charlie),
        )


def make_agent(company: Company, name: str = "payer") -> tuple[Agent, str]:
    """Register an agent owned by Olivia, and return it with a key that lives for 30 days."""
    with tenant_transaction(company.id):
        agent = register_agent(
            actor=company.olivia, name=name, description="Pays invoices", owner=company.olivia
        )
        _, key = issue_credential(
            actor=company.olivia, agent=agent, label="tests", lifetime=timedelta(days=30)
        )
    return agent, key
