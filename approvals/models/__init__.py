from approvals.models.category import (
    ActionCategory,
    CategoryGroupPermission,
    CategoryUserPermission,
)
from approvals.models.execution import ExecutionGrant, GrantKey
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
from approvals.models.simulation import PolicySimulation, ShadowResult, SimulatedChange
from approvals.models.timer import Timer
from approvals.models.vote import Vote

__all__ = [
    "ActionCategory",
    "ActionRequest",
    "CallbackDelivery",
    "CallbackEndpoint",
    "CategoryGroupPermission",
    "CategoryUserPermission",
    "ExecutionGrant",
    "GrantKey",
    "IdempotencyKey",
    "Notification",
    "PolicyDraft",
    "PolicyReview",
    "PolicySimulation",
    "PolicyVersion",
    "Requirement",
    "RequirementStage",
    "ReviewLink",
    "ShadowResult",
    "SimulatedChange",
    "Timer",
    "Vote",
]
