"""Somebody asks to see what a request's page masks: recorded first, then shown, once."""

from django.db import transaction

from approvals.audit_events import discussion as events
from approvals.models import ActionRequest
from approvals.sensitive import Kind
from govapp.common import clock
from govapp.common.errors import Forbidden
from tenants.models import Membership


@transaction.atomic
def reveal_request(
    *, actor: Membership, request: ActionRequest, kinds: frozenset[Kind]
) -> frozenset[Kind]:
    """Record that this member is shown these kinds of data of a request, and return them.

    Nothing is recorded when nothing is masked. The caller shows it in this one answer, inside
    `shown_plainly`, and keeps nothing. Raises `Forbidden` for who is no active member.
    """
    if not actor.is_active:
        raise Forbidden("You are no active member here.")
    if kinds:
        events.record_revealed(request=request, member=actor, kinds=kinds, now=clock.now())
    return kinds
