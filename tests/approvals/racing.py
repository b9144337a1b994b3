"""Races with real threads: several acts on the same request at the same moment, round by round.

`GOVAPP_RACE_ROUNDS` says how many rounds each race has: some 60 where nothing is said, 1,000 for
a full run.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from threading import Barrier
from time import sleep
from typing import Final

import pytest
from django.db import connections

from approvals.enums import RequestStatus, StageStatus, TimerKind, TimerStatus
from approvals.models import ActionRequest, RequirementStage, Timer
from audit.models import LedgerEvent
from govapp.common.errors import DomainError
from govapp.common.tenancy import bind_tenant
from tests.approvals.world import World
from tests.support.committed import CommittedDatabase

ROUNDS: Final = int(os.environ.get("GOVAPP_RACE_ROUNDS", "60"))
_BATCH: Final = 125
# So many rounds a test, so that none of them takes long: the last one has what is left.
PARTS = pytest.mark.parametrize(
    "rounds", [min(_BATCH, ROUNDS - done) for done in range(0, ROUNDS, _BATCH)]
)
_AFTERWARDS: Final = (TimerKind.REVIEW, TimerKind.RECONCILE)
Act = Callable[[ActionRequest], object]


def race(
    committed_db: CommittedDatabase,
    world: World,
    acts: Sequence[Act],
    requests: Sequence[ActionRequest],
    *,
    before: Callable[[int], None] | None = None,
    spread: float = 0.01,
) -> list[tuple[object, ...]]:
    """Do each act on each request, all of them at once for one request after the other.

    One of them starts up to `spread` seconds later than the others, in turn. `before` is called
    with the number of each round while nobody acts. Returns, for each request, what each act
    returned or the kind of refusal that it met; anything else that was raised is raised.
    """
    rounds = iter(range(len(requests)))
    gate = Barrier(len(acts), action=partial(_begin, rounds, before), timeout=120)

    def run(place: int) -> list[object]:
        found: list[object] = []
        with bind_tenant(world.company.id):
            connections["default"].ensure_connection()
            for number, request in enumerate(requests):
                gate.wait()
                sleep(number % 10 / 10 * spread if number // 10 % len(acts) == place else 0)
                try:
                    found.append(acts[place](request))
                except DomainError as refusal:
                    found.append(type(refusal))
                except BaseException:
                    gate.abort()  # nobody waits for a minute for who does not come
                    raise
        return found

    outcomes = committed_db.at_once([partial(run, place) for place in range(len(acts))])
    failed = [each for each in outcomes if isinstance(each, Exception)]
    if failed:
        raise ExceptionGroup("An act failed", failed)
    return list(zip(*(each for each in outcomes if isinstance(each, list)), strict=True))


def _begin(rounds: Iterator[int], before: Callable[[int], None] | None) -> None:
    number = next(rounds)
    if before is not None:
        before(number)


def check_one_end(request: ActionRequest) -> ActionRequest:
    """Check that a request ended once and that nothing of it is stuck; return it as it is."""
    now = ActionRequest.objects.get(pk=request.pk)
    assert RequestStatus(now.status).is_final
    told = LedgerEvent.objects.filter(request_id=now.pk, type__startswith="action_request.")
    kinds = told.exclude(type__in=["action_request.submitted", "action_request.changed"])
    assert list(kinds.values_list("type", flat=True)) == [f"action_request.{now.status}"]
    open_stages = RequirementStage.objects.filter(
        request=now, status__in=[StageStatus.OPEN, StageStatus.WAITING]
    )
    assert not open_stages.exists()
    armed = Timer.objects.filter(request=now, status=TimerStatus.ARMED)
    assert not armed.exclude(kind__in=_AFTERWARDS).exists()
    return now
