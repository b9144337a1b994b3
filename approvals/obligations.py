"""What the matched rules attached to a request, read from the request itself.

Frozen with it at submission, like its flows: publishing another policy changes none of it
(domain page, section 4).
"""

from dataclasses import fields
from datetime import datetime
from typing import Any

from approvals.enums import RequestStatus
from approvals.models import ActionRequest
from approvals.policies.obligations import EvaluatedObligations


def obligations_of(request: ActionRequest) -> EvaluatedObligations:
    """Return the obligations of a request. Raises `ValueError` when they cannot be read.

    An obligation that nobody understands must not be taken for none.
    """
    return EvaluatedObligations.from_dict(request.obligations)


def needs_login(request: ActionRequest) -> bool:
    """Whether a rule wants a login for every decision, also by a link or in chat.

    A second factor is asked for on the page only, so it needs one too.
    """
    attached = obligations_of(request)
    return attached.step_up or attached.login


def strictest(first: EvaluatedObligations, second: EvaluatedObligations) -> EvaluatedObligations:
    """Take both together: whatever one asks for holds, the longer delay, everybody is told."""
    return EvaluatedObligations(
        **{
            each.name: _stricter(getattr(first, each.name), getattr(second, each.name))
            for each in fields(EvaluatedObligations)
        }
    )


def _stricter(first: Any, second: Any) -> Any:
    """By kind, so that an obligation that is added later is taken together as well."""
    if isinstance(first, tuple):
        return tuple(dict.fromkeys((*first, *second)))
    if first is None or second is None:
        return second if first is None else first
    return max(first, second)


def grant_not_before(request: ActionRequest) -> datetime | None:
    """Return when the permission may be given; None when nothing holds it back, or there is none.

    A request that was decided before its delay was over keeps the instant, also when it is past.
    """
    delay = obligations_of(request).delay
    if delay is None or request.decided_at is None:
        return None
    return request.decided_at + delay if RequestStatus(request.status).is_grantable else None
