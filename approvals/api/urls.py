"""Addresses of the interface for agents, and of members' for policies, below `/api/v1/`."""

from django.urls import path, register_converter

from approvals.api.comments import ActionRequestComments
from approvals.api.delegations import DelegationIdConverter, DelegationRevoke, Delegations
from approvals.api.events import ActionRequestEvents
from approvals.api.execution import (
    ActionRequestExecution,
    ActionRequestGrant,
    ActionRequestUndo,
    GrantRedeem,
)
from approvals.api.explanations import ActionRequestExplanation
from approvals.api.guardrails import GuardrailChecks
from approvals.api.policies import (
    LivePolicy,
    PolicyPublish,
    PolicyReviews,
    PolicyVersionDetail,
    PolicyVersions,
    PolicyWithdraw,
)
from approvals.api.policy_base import (
    PolicyDraftIdConverter,
    PolicyVersionIdConverter,
    SimulationIdConverter,
)
from approvals.api.policy_drafts import (
    PolicyCheckView,
    PolicyDraftDetail,
    PolicyDrafts,
    PolicyDraftSubmit,
)
from approvals.api.policy_simulations import (
    PolicyApprovers,
    PolicyPreviewView,
    PolicySimulationCancel,
    PolicySimulationChanges,
    PolicySimulationDetail,
    PolicySimulations,
)
from approvals.api.requests import (
    ActionRequestCancel,
    ActionRequestDetail,
    ActionRequestList,
    ActionRequestPreview,
)
from approvals.api.runs import RunClose, RunRead, Runs, RunSteps
from approvals.api.spend import BudgetsView, SpendView
from approvals.api.status_list import StatusListView
from govapp.common.api.converters import PublicIdConverter
from tenants.api.vault import VaultKeyRotate, VaultKeyView


class ActionRequestIdConverter(PublicIdConverter):
    """`ar_…`."""

    prefix = "ar"


class RunIdConverter(PublicIdConverter):
    """`run_…`."""

    prefix = "run"


register_converter(ActionRequestIdConverter, "action_request")
register_converter(RunIdConverter, "run")
register_converter(DelegationIdConverter, "delegation")

register_converter(PolicyVersionIdConverter, "policy_version")
register_converter(PolicyDraftIdConverter, "policy_draft")
register_converter(SimulationIdConverter, "policy_simulation")

_DRAFT = "policies/drafts/<policy_draft:draft_id>"
_SIMULATION = "policies/simulations/<policy_simulation:simulation_id>"
_VERSION = "policies/<policy_version:version_id>"
_ONE = "action-requests/<action_request:request_id>"

urlpatterns = [
    path("action-requests", ActionRequestList.as_view()),
    path("action-requests/preview", ActionRequestPreview.as_view()),
    path("action-requests/events", ActionRequestEvents.as_view()),
    path(_ONE, ActionRequestDetail.as_view()),
    path(f"{_ONE}/cancel", ActionRequestCancel.as_view()),
    path(f"{_ONE}/comments", ActionRequestComments.as_view()),
    path(f"{_ONE}/grant", ActionRequestGrant.as_view()),
    path(f"{_ONE}/execution", ActionRequestExecution.as_view()),
    path(f"{_ONE}/undo", ActionRequestUndo.as_view()),
    path(f"{_ONE}/explanation", ActionRequestExplanation.as_view()),
    path("runs", Runs.as_view()),
    path("runs/<run:run_id>", RunRead.as_view()),
    path("runs/<run:run_id>/steps", RunSteps.as_view()),
    path("runs/<run:run_id>/close", RunClose.as_view()),
    path("policies", PolicyVersions.as_view()),
    path("policies/live", LivePolicy.as_view()),
    path("policies/check", PolicyCheckView.as_view()),
    path("policies/drafts", PolicyDrafts.as_view()),
    path(_DRAFT, PolicyDraftDetail.as_view()),
    path(f"{_DRAFT}/submit", PolicyDraftSubmit.as_view()),
    path("policies/preview", PolicyPreviewView.as_view()),
    path("policies/approvers", PolicyApprovers.as_view()),
    path("policies/simulations", PolicySimulations.as_view()),
    path(_SIMULATION, PolicySimulationDetail.as_view()),
    path(f"{_SIMULATION}/changes", PolicySimulationChanges.as_view()),
    path(f"{_SIMULATION}/cancel", PolicySimulationCancel.as_view()),
    path(_VERSION, PolicyVersionDetail.as_view()),
    path(f"{_VERSION}/reviews", PolicyReviews.as_view()),
    path(f"{_VERSION}/publish", PolicyPublish.as_view()),
    path(f"{_VERSION}/withdraw", PolicyWithdraw.as_view()),
    path("delegations", Delegations.as_view()),
    path("delegations/<delegation:delegation_id>/revoke", DelegationRevoke.as_view()),
    path("guardrails/check", GuardrailChecks.as_view()),
    path("grants/redeem", GrantRedeem.as_view()),
    path("status-list", StatusListView.as_view()),
    path("spend", SpendView.as_view()),
    path("budgets", BudgetsView.as_view()),
    path("vault/key", VaultKeyView.as_view()),
    path("vault/key/rotate", VaultKeyRotate.as_view()),
]
