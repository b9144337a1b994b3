from tenants.models.absence import Absence
from tenants.models.access import AccessToken, KeyRefusal
from tenants.models.agent import Agent, Credential
from tenants.models.autonomy import Autonomy, EnvironmentRule
from tenants.models.loosening import Loosening
from tenants.models.people import ApproverGroup, GroupMember, Invitation, Membership
from tenants.models.tenant import Tenant
from tenants.models.token import MemberToken
from tenants.models.trust import TrustAssessment, TrustStandards
from tenants.models.user import User

__all__ = [
    "Absence",
    "AccessToken",
    "Agent",
    "ApproverGroup",
    "Autonomy",
    "Credential",
    "EnvironmentRule",
    "GroupMember",
    "Invitation",
    "KeyRefusal",
    "Loosening",
    "MemberToken",
    "Membership",
    "Tenant",
    "TrustAssessment",
    "TrustStandards",
    "User",
]
