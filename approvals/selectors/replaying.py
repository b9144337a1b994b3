"""A replay over the tenant's recorded requests: all of a period, in steps."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final
from uuid import UUID

from approvals.policies import Policy
from approvals.policies.replay import Change, Replay
from approvals.selectors.reachability import read_crowd
from approvals.selectors.recorded import BATCH, Period, RecordedReader
from govapp.common import clock
from govapp.common.errors import Invalid
from govapp.common.tenancy import tenant_transaction

PERIODS: Final[dict[str, timedelta | None]] = {
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
    "all": None,
}
PERIOD_WORDS: Final = {
    "30d": "the last 30 days",
    "90d": "the last 90 days",
    "all": "all recorded requests",
}


def period_of(name: str) -> Period:
    """Return the period that ends now. Raises `Invalid` for a name that is none. One statement."""
    if name not in PERIODS:
        raise Invalid(f"Choose one of these periods: {', '.join(PERIODS)}.")
    now, length = clock.now(), PERIODS[name]
    return Period(None if length is None else now - length, now)


class Replaying:
    """Replays a whole period for one tenant, in transactions of its own, a batch in each."""

    def __init__(
        self,
        tenant_id: UUID,
        policy: Policy,
        period: Period,
        *,
        compared_with: Policy | None = None,
        batch: int = BATCH,
    ):
        self._tenant_id, self._batch = tenant_id, batch
        with tenant_transaction(tenant_id):
            self.replay = Replay(policy, read_crowd(), compared_with=compared_with)
            self._reader = RecordedReader(
                period, with_demands=compared_with is None, needs=self.replay.needs
            )

    @property
    def seen(self) -> int:
        """How many requests were looked at, those that cannot be read included."""
        return self.replay.figures.requests + self.replay.figures.unreadable

    def steps(self) -> Iterator[list[Change]]:
        """Yield after each batch what would have changed in it, newest first."""
        while True:
            with tenant_transaction(self._tenant_id):
                batch = self._reader.read(self._batch)
            if batch is None:
                return
            self.replay.figures.unreadable += batch.unreadable
            # Decided outside of the transaction: nothing is held meanwhile.
            found = [self.replay.add(each) for each in batch.requests]
            yield [change for change in found if change is not None]
