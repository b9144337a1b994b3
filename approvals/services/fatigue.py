"""Against approving without looking: a minimum reading time, and a cap per person and hour.

The tenant switches each of them on. They hold for approvals only: saying no is never held up, and
an emergency is not either (security page, "Decisions").
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from approvals.enums import Risk, Verdict
from approvals.models import ActionRequest, Vote
from govapp.common.errors import Conflict
from tenants.models import Membership, Tenant

_HOUR: Final = timedelta(hours=1)
_READ_FIRST: Final = (Risk.HIGH, Risk.CRITICAL)
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


def check_fatigue(
    *, request: ActionRequest, member: Membership, seconds_viewed: int | None, now: datetime
) -> None:
    """Refuse an approval that comes too soon or too often. Under the request's lock.

    `seconds_viewed` is None where it is not known how long somebody looked: then they have not.
    Raises `Conflict`. One statement; two more where approvals are capped, which are counted one
    after the other for each person.
    """
    reading, cap = Tenant.objects.values_list("reading_seconds", "approvals_per_hour").get()
    looked = seconds_viewed or 0
    if looked < reading and _is_read_first(request):
        raise Conflict(
            f"Look at it for {reading} seconds before you approve it; it has been {looked}."
            " What is of high risk is read first here.",
            code="read_first",
        )
    if cap is not None:
        _check_cap(member, cap, now)


def _is_read_first(request: ActionRequest) -> bool:
    return request.category is None or request.category.risk in _READ_FIRST


def _check_cap(member: Membership, cap: int, now: datetime) -> None:
    with connection.cursor() as cursor:
        # No row: nothing that somebody else may hold while waiting for a request.
        cursor.execute(_LOCK, [f"approvals_per_hour:{member.pk}"])
    given = Vote.objects.filter(
        member=member, verdict=Verdict.APPROVE, is_break_glass=False, cast_at__gt=now - _HOUR
    )
    if given.count() >= cap:
        raise Conflict(
            f"You have given {cap} approvals in the last hour, the most that one person may here."
            " Leave it to somebody else, or come back later.",
            code="too_many_approvals",
        )
