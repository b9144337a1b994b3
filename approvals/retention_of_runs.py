"""What runs said goes when its time of keeping is over: with their events, whole or not at all.

The steps say why something was asked for. So a run stays as long as a request of it does.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from approvals.enums import RequestStatus
from approvals.models import ActionRequest, Run
from approvals.retention import idents
from audit.models import HoldKind, LedgerEvent, LegalHold
from audit.pruners import Beside, Pruner, register_beside, register_pruner
from audit.selectors.holds import held_requests, holds_in_force
from audit.selectors.retention import COUNTED
from govapp.common import clock
from govapp.common.forgetting import forget_contents
from govapp.common.ids import public_id


def count_runs(before: datetime) -> Sequence[tuple[str, int]]:
    """Say of how many runs the words would go; more than 100,000 are not counted."""
    return (("runs whose words go", _over(before)[:COUNTED].count()),)


def runs_that_stay(refs: Collection[str], before: datetime) -> set[str]:
    """Return those that are not over, and those of which a request is young, open or held."""
    runs = idents("run", refs)
    open_ones = Run.objects.filter(pk__in=runs, closed_at=None).values_list("pk", flat=True)
    kept: set[UUID | None] = set(open_ones)
    requests = dict(
        ActionRequest.objects.filter(run__in=runs, forgotten_at=None).values_list("pk", "run_id")
    )
    younger = LedgerEvent.objects.filter(request_id=OuterRef("pk"), occurred_at__gte=before)
    staying = ActionRequest.objects.filter(
        Q(status=RequestStatus.PENDING) | Exists(younger), pk__in=requests
    )
    kept |= {requests[each] for each in staying.values_list("pk", flat=True)}
    kept |= {requests[each] for each in held_requests(list(requests))}
    return {public_id("run", each) for each in kept if each}


def forget_with_events(refs: Sequence[str]) -> Sequence[tuple[str, int]]:
    """Empty what runs said whose events go."""
    rows = Run.objects.filter(pk__in=idents("run", refs), forgotten_at=None)
    return _forget(list(rows.values_list("pk", flat=True)))


def forget_runs(before: datetime, at_most: int) -> Sequence[tuple[str, int]]:
    """Empty what runs said of which no event is left. A hold keeps what is still there."""
    rows, after = _over(before), UUID(int=0)
    for hold in holds_in_force():
        rows = rows.exclude(_kept_by(hold))
    while found := list(rows.filter(pk__gt=after).values_list("pk", flat=True)[:at_most]):
        after = found[-1]
        refs = {public_id("run", each): each for each in found}
        own = LedgerEvent.objects.filter(subject_type="run", subject_id__in=refs)
        there = set(own.values_list("subject_id", flat=True).distinct())
        kept = there | runs_that_stay(refs, before)
        if free := [each for ref, each in refs.items() if ref not in kept]:
            return _forget(free)
    return ()


def _forget(free: Sequence[UUID]) -> Sequence[tuple[str, int]]:
    """Empty what an agent said of its task and its steps; kinds, labels, digests, edges stay."""
    if not free:
        return ()
    forget_contents(free)
    Run.objects.filter(pk__in=free).update(forgotten_at=clock.now())
    return (("runs whose words went", len(free)),)


def _over(before: datetime) -> QuerySet[Run]:
    """Runs that are wholly from before, with everything that was asked for in them."""
    younger = LedgerEvent.objects.filter(request_id=OuterRef("pk"), occurred_at__gte=before)
    staying = ActionRequest.objects.filter(
        Q(status=RequestStatus.PENDING) | Exists(younger), run=OuterRef("pk")
    )
    rows = Run.objects.filter(~Exists(staying), closed_at__lt=before, forgotten_at=None)
    return rows.order_by("pk")


def _kept_by(hold: LegalHold) -> Q:
    """Which runs a hold keeps, by what the tables say of them."""
    if hold.kind == HoldKind.EVERYTHING:
        return Q(pk__isnull=False)
    if hold.kind == HoldKind.PERIOD:
        return Q(started_at__lt=hold.ends_at, closed_at__gte=hold.starts_at)
    if hold.kind == HoldKind.REQUEST:
        return Q(pk__in=idents("run", hold.also)) | Q(requests__in=idents("ar", [hold.ref]))
    return Q(agent_id__in=idents("ag", hold.refs))


register_beside(Beside("run", runs_that_stay, forget_with_events))
register_pruner(Pruner(count_runs, forget_runs))
