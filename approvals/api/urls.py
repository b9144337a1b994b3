"""Addresses of the agents' interface, below `/api/v1/`."""

from django.urls import path, register_converter

from approvals.api.events import ActionRequestEvents
from approvals.api.execution import ActionRequestExecution, ActionRequestGrant, GrantRedeem
from approvals.api.requests import (
    ActionRequestCancel,
    ActionRequestDetail,
    ActionRequestList,
    ActionRequestPreview,
)
from govapp.common.api.converters import PublicIdConverter


class ActionRequestIdConverter(PublicIdConverter):
    """`ar_…`."""

    prefix = "ar"


register_converter(ActionRequestIdConverter, "action_request")

_ONE = "action-requests/<action_request:request_id>"

urlpatterns = [
    path("action-requests", ActionRequestList.as_view()),
    path("action-requests/preview", ActionRequestPreview.as_view()),
    path("action-requests/events", ActionRequestEvents.as_view()),
    path(_ONE, ActionRequestDetail.as_view()),
    path(f"{_ONE}/cancel", ActionRequestCancel.as_view()),
    path(f"{_ONE}/grant", ActionRequestGrant.as_view()),
    path(f"{_ONE}/execution", ActionRequestExecution.as_view()),
    path("grants/redeem", GrantRedeem.as_view()),
]
