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
from approvals.models.policy import PolicyVersion
from approvals.models.request import (
    ActionRequest,
    IdempotencyKey,
    Requirement,
    RequirementStage,
)
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
    "PolicyVersion",
    "Requirement",
    "RequirementStage",
    "ReviewLink",
    "Timer",
    "Vote",
]
