from approvals.models.category import (
    ActionCategory,
    CategoryGroupPermission,
    CategoryUserPermission,
)
from approvals.models.contact import (
    ChatAccount,
    ChatConnection,
    ContactPreference,
    MessageTemplate,
    PushSubscription,
)
from approvals.models.delegation import Delegation, DelegationBudget, DelegationSpend
from approvals.models.discussion import Comment
from approvals.models.emergency import BreakGlassReview
from approvals.models.execution import ExecutionGrant, GrantKey
from approvals.models.exercise import CanaryPlan, Exercise
from approvals.models.finding import Finding
from approvals.models.guardrail import GuardrailVersion
from approvals.models.inbox import SavedFilter
from approvals.models.model_call import ModelCall, ModelPrice
from approvals.models.outbox import (
    CallbackDelivery,
    CallbackEndpoint,
    Notification,
    ReviewLink,
)
from approvals.models.policy import PolicyDraft, PolicyReview, PolicyVersion
from approvals.models.request import (
    ActionRequest,
    IdempotencyKey,
    Requirement,
    RequirementStage,
)
from approvals.models.revision import RequestRevision
from approvals.models.run import Run, RunStep, RunStepInput
from approvals.models.simulation import PolicySimulation, ShadowResult, SimulatedChange
from approvals.models.timer import Timer
from approvals.models.vote import Vote

__all__ = [
    "ActionCategory",
    "ActionRequest",
    "BreakGlassReview",
    "CallbackDelivery",
    "CallbackEndpoint",
    "CanaryPlan",
    "CategoryGroupPermission",
    "CategoryUserPermission",
    "ChatAccount",
    "ChatConnection",
    "Comment",
    "ContactPreference",
    "Delegation",
    "DelegationBudget",
    "DelegationSpend",
    "ExecutionGrant",
    "Exercise",
    "Finding",
    "GrantKey",
    "GuardrailVersion",
    "IdempotencyKey",
    "MessageTemplate",
    "ModelCall",
    "ModelPrice",
    "Notification",
    "PolicyDraft",
    "PolicyReview",
    "PolicySimulation",
    "PolicyVersion",
    "PushSubscription",
    "RequestRevision",
    "Requirement",
    "RequirementStage",
    "ReviewLink",
    "Run",
    "RunStep",
    "RunStepInput",
    "SavedFilter",
    "ShadowResult",
    "SimulatedChange",
    "Timer",
    "Vote",
]
