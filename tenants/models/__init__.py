from tenants.models.absence import Absence
from tenants.models.access import AccessToken, KeyRefusal
from tenants.models.agent import Agent, Credential
from tenants.models.autonomy import Autonomy, EnvironmentRule
from tenants.models.budget import Budget, BudgetChange, BudgetUse, Reservation, SpendEntry
from tenants.models.integration import (
    Integration,
    IntegrationAlert,
    IntegrationGrant,
    IntegrationUse,
)
from tenants.models.kill import KillSwitch
from tenants.models.loosening import Loosening
from tenants.models.people import ApproverGroup, GroupMember, Invitation, Membership
from tenants.models.tenant import Tenant
from tenants.models.token import MemberToken
from tenants.models.trust import TrustAssessment, TrustStandards
from tenants.models.user import User
from tenants.models.vault import TenantKey, VaultSecret

__all__ = [
    "Absence",
    "AccessToken",
    "Agent",
    "ApproverGroup",
    "Autonomy",
    "Budget",
    "BudgetChange",
    "BudgetUse",
    "Credential",
    "EnvironmentRule",
    "GroupMember",
    "Integration",
    "IntegrationAlert",
    "IntegrationGrant",
    "IntegrationUse",
    "Invitation",
    "KeyRefusal",
    "KillSwitch",
    "Loosening",
    "MemberToken",
    "Membership",
    "Reservation",
    "SpendEntry",
    "Tenant",
    "TenantKey",
    "TrustAssessment",
    "TrustStandards",
    "User",
    "VaultSecret",
]
