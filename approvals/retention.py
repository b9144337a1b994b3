"""What this floor adds to retention: how long frameworks ask for, and what requests asked for.

What a request asked for goes with its events, in one transaction (`audit.pruners.Beside`): whole
or not at all. What a request is that has no event any more goes after them.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from approvals.enums import RequestStatus
from approvals.models import ActionRequest, Comment, PolicyDraft, Vote
from approvals.policy_templates import TEMPLATES
from approvals.policy_templates.template import Article
from audit.models import HoldKind, LedgerEvent, LegalHold
from audit.pruners import Beside, Pruner, register_beside, register_pruner
from audit.selectors.holds import holds_in_force
from audit.selectors.retention import COUNTED, Minimum
from govapp.common import clock
from govapp.common.forgetting import forget_contents
from govapp.common.ids import InvalidId, parse_public_id
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


def requests_that_stay(refs: Collection[str], _: datetime) -> set[str]:
    """Return those that wait for a decision: none of theirs goes, however old it is."""
    rows = ActionRequest.objects.filter(pk__in=idents("ar", refs), status=RequestStatus.PENDING)
    return {each.public_id for each in rows.only("pk")}


def forget_with_events(refs: Sequence[str]) -> Sequence[tuple[str, int]]:
    """Empty what requests asked for whose events go."""
    rows = ActionRequest.objects.filter(pk__in=idents("ar", refs), forgotten_at=None)
    return _forget(list(rows.values_list("pk", flat=True)))


def forget_requests(before: datetime, at_most: int) -> Sequence[tuple[str, int]]:
    """Empty what requests asked for of which no event is left; votes and digests stay.

    A hold keeps what is still there: here the tables say whose it is, as the record does not.
    """
    left = Exists(LedgerEvent.objects.filter(request_id=OuterRef("pk")))
    rows = _ended(before).filter(~left)
    for hold in holds_in_force():
        rows = rows.exclude(_kept_by(hold))
    return _forget(list(rows.values_list("pk", flat=True)[:at_most]))


def idents(prefix: str, refs: Collection[str]) -> list[UUID]:
    """Return the ids in those of the public ids that are of this form."""
    found = []
    for ref in refs:
        try:
            found.append(parse_public_id(prefix, ref))
        except InvalidId:
            continue
    return found


def _forget(free: Sequence[UUID]) -> Sequence[tuple[str, int]]:
    """Empty what was asked for, and what was said of it; votes and digests stay."""
    if not free:
        return ()
    forget_contents(free)
    ActionRequest.objects.filter(pk__in=free).update(forgotten_at=clock.now())
    return (("requests whose contents went", len(free)),)


def _ended(before: datetime) -> QuerySet[ActionRequest]:
    """Requests that are wholly from before: nothing of them was recorded since."""
    later = LedgerEvent.objects.filter(request_id=OuterRef("pk"), occurred_at__gte=before)
    return (
        ActionRequest.objects.filter(~Exists(later), submitted_at__lt=before, forgotten_at=None)
        .exclude(status=RequestStatus.PENDING)
        .order_by("pk")
    )


def _kept_by(hold: LegalHold) -> Q:
    """Which requests a hold keeps, by what the tables say of them."""
    if hold.kind == HoldKind.EVERYTHING:
        return Q(pk__isnull=False)
    if hold.kind == HoldKind.PERIOD:
        return Q(submitted_at__gte=hold.starts_at, submitted_at__lt=hold.ends_at)
    if hold.kind == HoldKind.REQUEST:
        return Q(pk__in=idents("ar", [hold.ref]))
    members = idents("mem", hold.refs)
    return (
        Q(agent_id__in=idents("ag", hold.refs))
        | Q(pk__in=Vote.objects.filter(member_id__in=members).values("request_id"))
        | Q(pk__in=Comment.objects.filter(author_id__in=members).values("request_id"))
    )


def _why(title: str, article: Article | None) -> str:
    return f"{title}, {article.reference}" if article else title


register_minimums(minimums_in_use)
register_beside(Beside("request", requests_that_stay, forget_with_events))
register_pruner(Pruner(count_requests, forget_requests))
