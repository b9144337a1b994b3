"""A company whose agent pays invoices: the ground on which the tests of approvals stand."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Permission

from approvals.enums import PolicyStatus, Verdict
from approvals.models import (
    ActionCategory,
    ActionRequest,
    CategoryGroupPermission,
    CategoryUserPermission,
    PolicyVersion,
)
from approvals.policies import parse_policy
from approvals.selectors.people import APPROVE
from approvals.services.submission import Submission, submit_action
from approvals.services.votes import cast_vote
from govapp.common import clock
from govapp.common.tenancy import bind_tenant, tenant_transaction
from tenants.enums import Role
from tenants.models import Agent, ApproverGroup, Integration, Membership, Tenant
from tenants.services.groups import add_to_group
from tenants.services.people import add_member
from tests.people import Company, make_agent, make_company, make_user
from tests.tenants.systems import active_system, give

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

Document = dict[str, Any]


def stage(*seats: Any, name: str = "review", deadline: str = "4h", **more: Any) -> Document:
    """Write one stage; a seat is "finance", ("finance", 2) or {"person": …}."""
    return {"name": name, "seats": [_seat(each) for each in seats], "deadline": deadline} | more


def _seat(seat: Any) -> Document:
    if isinstance(seat, dict):
        return seat
    name, count = seat if isinstance(seat, tuple) else (seat, 1)
    return {"group": name, "count": count}


def policy(*stages: Document, **rules: list[Document]) -> Document:
    """Write a policy: one rule for payments with these stages, or one rule per name."""
    flows = rules or {"payments": list(stages)}
    return {
        "version": 1,
        "default": "deny",
        "flows": {name: {"stages": each} for name, each in flows.items()},
        "rules": [
            {
                "id": name,
                "when": {"category": "payments.transfer"},
                "then": "require_approval",
                "flow": name,
            }
            for name in flows
        ],
    }


FOUR_EYES = policy(stage("finance", "risk"))


@dataclass(frozen=True)
class World:
    """One tenant, ready to be asked."""

    company: Company
    agent: Agent
    category: ActionCategory

    def submit(self, **fields: Any) -> ActionRequest:
        submission = replace(
            Submission("payments.transfer", "Pay Acme Ltd", {"amount": "900.00"}), **fields
        )
        with tenant_transaction(self.company.id):
            return submit_action(agent=self.agent, submission=submission)

    def vote(
        self,
        member: Membership,
        request: ActionRequest,
        verdict: Verdict = Verdict.APPROVE,
        **fields: Any,
    ) -> ActionRequest:
        seen: Document = {
            "payload_digest": request.payload_digest,
            "request_version": request.version,
            "reason": "" if verdict == Verdict.APPROVE else "not like this",
        } | fields
        # Bound, but in no transaction of ours: a refused vote leaves its trace by itself.
        with bind_tenant(self.company.id):
            return cast_vote(member=member, request_id=request.pk, verdict=verdict, **seen)

    def publish(self, document: Document) -> PolicyVersion:
        """Make this document the live version, past the two-person service."""
        with tenant_transaction(self.company.id):
            return publish(self.company, document)

    def reach(self, slug: str = "acme-bank", *categories: str, **fields: Any) -> Integration:
        """Register a system under this name and grant it to the agent for these categories."""
        with tenant_transaction(self.company.id):
            made = active_system(self.company, slug, **fields)
            give(self.company, self.agent, made, *categories)
            return made

    def approvers(self, group: ApproverGroup, count: int) -> list[Membership]:
        """Add that many people to a group."""
        with tenant_transaction(self.company.id):
            return [add_approver(self.company, group, f"approver{n}") for n in range(count)]

    def approvers_named(self, group: ApproverGroup, *names: str) -> list[Membership]:
        """Add people with these names to a group."""
        with tenant_transaction(self.company.id):
            return [add_approver(self.company, group, name) for name in names]


def make_world(document: Document | None = None, slug: str = "acme") -> World:
    """Make a company with one agent, one category that its groups may approve, and a policy."""
    company = make_company(slug)
    agent, _ = make_agent(company)
    with tenant_transaction(company.id):
        # Many tests ask for the same payment again and again, and some of them at once.
        Tenant.objects.update(retry_limit=None)
        category = ActionCategory.objects.create(
            key="payments.transfer", name="Bank transfer", payload_schema=SCHEMA
        )
        for group in (company.finance, company.risk, company.managers):
            give_right(category, group)
        if document is not None:
            publish(company, document)
    return World(company, agent, category)


SCHEMA: Document = {
    "type": "object",
    "properties": {"amount": {"type": "string", "pattern": r"^\d+\.\d\d$"}},
    "required": ["amount"],
}


def give_right(category: ActionCategory, to: ApproverGroup | Membership) -> None:
    """Give the right to approve a category to a group or a person."""
    permission = Permission.objects.get(codename=APPROVE)
    if isinstance(to, ApproverGroup):
        CategoryGroupPermission.objects.create(
            group=to.group, permission=permission, content_object=category
        )
    else:
        CategoryUserPermission.objects.create(
            user=to.user, permission=permission, content_object=category
        )


def publish(company: Company, document: Document) -> PolicyVersion:
    former = PolicyVersion.objects.filter(status=PolicyStatus.LIVE)
    former.update(status=PolicyStatus.ARCHIVED)
    made = parse_policy(document)
    return PolicyVersion.objects.create(
        number=PolicyVersion.objects.count() + 1,
        status=PolicyStatus.LIVE,
        source="",
        document=made.document,
        digest=made.digest,
        proposed_by=company.carl,
        starts_at=clock.now(),
    )


def add_approver(company: Company, group: ApproverGroup, name: str) -> Membership:
    user = make_user(name, company.slug)
    member = add_member(actor=company.olivia, user=user, roles=[Role.APPROVER])
    add_to_group(actor=company.olivia, group=group, member=member)
    return member
