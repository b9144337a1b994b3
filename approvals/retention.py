"""What this floor adds to retention: how long frameworks ask for, and what requests asked for."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from approvals.enums import RequestStatus
from approvals.models import ActionRequest, PolicyDraft
from approvals.policy_templates import TEMPLATES
from approvals.policy_templates.template import Article
from audit.models import LedgerEvent
from audit.selectors.holds import held_requests, holds_everything
from audit.selectors.retention import COUNTED, Minimum
from audit.services.pruning import Pruner, register_pruner
from govapp.common import clock
from govapp.common.forgetting import forget_contents
from tenants.retention import register_minimums


def minimums_in_use() -> Sequence[Minimum]:
    """Return what the templates ask for from which rules were written that nobody discarded."""
    drafts = PolicyDraft.objects.filter(discarded_at=None).exclude(template={})
    used = set(drafts.values_list("template__key", flat=True))
    return [
        Minimum(each.retention_days, _why(each.title, each.retention_article))
        for key, each in TEMPLATES.items()
        if key in used and each.retention_days is not None
    ]


def count_requests(before: datetime) -> Sequence[tuple[str, int]]:
    """Say of how many requests the contents would go; more than 100,000 are not counted."""
    return (("requests whose contents go", _ended(before)[:COUNTED].count()),)


def forget_requests(before: datetime, at_most: int) -> Sequence[tuple[str, int]]:
    """Empty what requests asked for, and what was said of them; votes and digests stay.

    None of it while a hold keeps everything: that keeps requests of which no event is left, too.
    """
    if holds_everything():
        return ()
    after = UUID(int=0)
    while rows := list(_ended(before).filter(pk__gt=after).values_list("pk", flat=True)[:at_most]):
        after = rows[-1]
        held = held_requests(rows)
        if free := [each for each in rows if each not in held]:
            forget_contents(free)
            ActionRequest.objects.filter(pk__in=free).update(forgotten_at=clock.now())
            return (("requests whose contents went", len(free)),)
    return ()


def _ended(before: datetime) -> QuerySet[ActionRequest]:
    """Requests that are wholly from before: nothing of them was recorded since."""
    later = LedgerEvent.objects.filter(request_id=OuterRef("pk"), occurred_at__gte=before)
    return (
        ActionRequest.objects.filter(~Exists(later), submitted_at__lt=before, forgotten_at=None)
        .exclude(status=RequestStatus.PENDING)
        .order_by("pk")
    )


def _why(title: str, article: Article | None) -> str:
    return f"{title}, {article.reference}" if article else title


register_minimums(minimums_in_use)
register_pruner(Pruner(count_requests, forget_requests))
