from tenants.models.absence import Absence
from tenants.models.agent import Agent, Credential
from tenants.models.people import ApproverGroup, GroupMember, Invitation, Membership
from tenants.models.tenant import Tenant
from tenants.models.token import MemberToken
from tenants.models.user import User

__all__ = [
    "Absence",
    "Agent",
    "ApproverGroup",
    "Credential",
    "GroupMember",
    "Invitation",
    "MemberToken",
    "Membership",
    "Tenant",
    "User",
]
