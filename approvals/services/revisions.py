"""Writing another state of a request's action, with the row that lets its columns change."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from approvals.changing import FieldChange
from approvals.models import ActionRequest, RequestRevision
from tenants.models import Membership


def revise_request(
    request: ActionRequest,
    *,
    member: Membership,
    changes: Sequence[FieldChange],
    now: datetime,
    **columns: Any,
) -> RequestRevision:
    """Give the request these columns in its next version; return what it was until then.

    The caller holds its lock. What was submitted is kept with the first change. `columns` are all
    that are revisable (`ActionRequest.revisable`); a trigger refuses them without the revision
    (`govapp.common.rowsecurity`), so that one is written first.
    """
    if set(columns) != set(ActionRequest.revisable.fields):
        raise TypeError("A revision says all that follows from the action.")
    former = RequestRevision.objects.filter(request=request).order_by("-request_version").first()
    rows = []
    if former is None:
        former = _state_of(request, created_at=request.submitted_at)
        rows.append(former)
    for name, value in columns.items():
        setattr(request, name, value)
    request.version += 1
    rows.append(
        _state_of(
            request,
            created_at=now,
            changed_by=member,
            changes=[each.to_dict() for each in changes],
        )
    )
    RequestRevision.objects.bulk_create(rows)
    request.save(update_fields=[*columns, "version"])
    return former


def _state_of(request: ActionRequest, **more: Any) -> RequestRevision:
    return RequestRevision(
        request=request,
        request_version=request.version,
        summary=request.summary,
        payload=request.payload,
        payload_digest=request.payload_digest,
        policy_version=request.policy_version,
        trace=request.trace,
        **more,
    )
