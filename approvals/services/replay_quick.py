"""A replay of a sample while somebody writes rules: an answer well under a second, and limited."""

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from django.db import OperationalError, connection, transaction

from approvals.policies import Policy
from approvals.policies.replay import Change, Replay
from approvals.selectors.reachability import read_crowd
from approvals.selectors.recorded import RecordedReader
from approvals.selectors.replaying import period_of
from approvals.services.policies import read_policy
from govapp.common.api.ratelimit import RateLimit
from govapp.common.errors import RateLimited
from govapp.common.tenancy import require_tenant_id
from tenants.models import Membership

# A page that is being typed into asks often: a sample may take this long and no longer.
QUICK_SECONDS: Final = 0.6
QUICK_STATEMENT: Final = "700ms"
QUICK_LISTED: Final = 50
_BATCH: Final = 250
_PER_SECOND: Final = 2
_AT_ONCE: Final = 10


@dataclass(frozen=True)
class QuickReplay:
    """What a sample of the newest requests says. `is_whole`: it was every request there is."""

    summary: dict[str, Any]
    changes: tuple[Change, ...]
    is_whole: bool


def replay_quick(
    source: str | Policy,
    period: str = "30d",
    at_most: int = 2000,
    *,
    actor: Membership | None = None,
) -> QuickReplay:
    """Replay a sample of the newest requests of the period, for the page that is being edited.

    Ends within a second whatever there is: it stops when its time is over, and the database
    stops a statement that takes too long. Raises `Invalid` with every problem of a source that
    is no policy, and `RateLimited` for a person (without one: a tenant) that asks too often.
    """
    _spend(actor)
    policy = source if isinstance(source, Policy) else read_policy(source)
    until = time.monotonic() + QUICK_SECONDS
    changes: list[Change] = []
    is_whole = False
    with transaction.atomic():
        before = _limit_statements(QUICK_STATEMENT)
        replay = Replay(policy, read_crowd())
        figures = replay.figures
        with suppress(OperationalError), transaction.atomic():
            reader = RecordedReader(period_of(period), needs=replay.needs)
            while figures.requests < at_most and time.monotonic() < until:
                batch = reader.read(min(_BATCH, at_most - figures.requests))
                if batch is None:
                    is_whole = True
                    break
                figures.unreadable += batch.unreadable
                found = (replay.add(each) for each in batch.requests)
                changes += [change for change in found if change is not None]
        _limit_statements(before)
    return QuickReplay(figures.to_dict(), tuple(changes[:QUICK_LISTED]), is_whole)


def _spend(actor: Membership | None) -> None:
    limit = RateLimit(per_second=_PER_SECOND, burst=_AT_ONCE)
    who = actor.pk if actor else require_tenant_id()
    spent = limit.spend(f"replay:{who}")
    if not spent.is_allowed:
        raise RateLimited(
            f"Too many replays at once; try again in {spent.retry_after} s.",
            retry_after=spent.retry_after,
        )


def _limit_statements(longest: str) -> str:
    """Set how long a statement may take until the transaction ends; return what held before."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH before AS MATERIALIZED (SELECT current_setting('statement_timeout') AS longest)"
            " SELECT longest, set_config('statement_timeout', %s, true) FROM before",
            [longest],
        )
        before: str = cursor.fetchone()[0]
    return before
