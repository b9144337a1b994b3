"""The tenant's recorded requests as a replay wants them: many, newest first, in raw columns.

Written as SQL because a hundred thousand model objects would take longer than deciding them.
Row-level security holds as in any other statement; each batch is found by where the last ended.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, cast
from uuid import UUID

import msgspec
from django.db import connection

from approvals.enums import RequestStatus
from approvals.leash import NOTHING_HELD, Held
from approvals.policies import ALLOW, DENY, REQUIRE_APPROVAL, Facts, Flow, Outcome
from approvals.policies.demands import NOTHING_ASKED, Ask, Demand, ask_of
from approvals.policies.obligations import EvaluatedObligations
from approvals.policies.replay import Decided, Recorded, Remembered
from approvals.selectors.recorded_facts import OldFacts, RecordedRow
from approvals.selectors.recorded_history import HistoryFiller, Needs
from govapp.common.ids import public_id
from govapp.common.tenancy import require_tenant_id
from tenants.models import Agent, Membership

BATCH: Final = 2_000
_STEP: Final = 1_000
_OUTCOMES: Final[dict[str, Outcome]] = {
    RequestStatus.ALLOWED: ALLOW,
    RequestStatus.BLOCKED: DENY,
}
# What only a request without stored facts needs is left out of the others' rows.
_COLUMNS: Final = """
 r.id, r.submitted_at::text, r.status, r.because, r.category_key, r.facts::text, r.payload::text,
 r.obligations::text, r.agent_id, r.owner_at_submission_id, r.on_behalf_of,
 CASE WHEN r.facts IS NULL THEN jsonb_build_object('category_id', r.category_id,
  'environment', r.environment, 'confidence', r.confidence::text, 'cost', r.estimated_cost,
  'integration', r.integration, 'refusals', r.trace->'refusals')::text END,
 CASE WHEN r.facts->'held' IS NULL THEN jsonb_build_object('refusals', r.trace->'refusals',
  'demands', r.trace->'demands', 'used_default', r.trace->'used_default',
  'outcome', r.trace->'outcome', 'because', r.because)::text END"""
_IN_PERIOD: Final = """ FROM approvals_actionrequest r
 WHERE r.tenant_id = %s AND r.purpose = 'action'
 AND r.submitted_at >= %s AND r.submitted_at < %s"""
_BATCH: Final = f"""SELECT {_COLUMNS} {_IN_PERIOD}
 AND (r.submitted_at, r.id) < (%s::timestamptz, %s)
 ORDER BY r.submitted_at DESC, r.id DESC LIMIT %s"""
_DEMANDS: Final = """SELECT request_id, flow::text, separation_of_duties
 FROM approvals_requirement WHERE tenant_id = %s AND request_id = ANY(%s::uuid[])
 AND replaced_at IS NULL"""
_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_ID: Final = UUID(int=2**128 - 1)
_decode = msgspec.json.Decoder().decode


@dataclass(frozen=True)
class Period:
    """From when to when; `since` is included, `until` is not."""

    since: datetime | None
    until: datetime


@dataclass
class Batch:
    """Some requests, and how many could not be read at all."""

    requests: list[Recorded] = field(default_factory=list)
    unreadable: int = 0


def count_recorded(period: Period) -> int:
    """Return how many requests were submitted in the period. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*)" + _IN_PERIOD,
            [require_tenant_id(), period.since or _FIRST, period.until],
        )
        (count,) = cursor.fetchone()
    return int(count)


class RecordedReader:
    """Reads a period from its end to its beginning, a batch at a time.

    Made inside a transaction of the tenant: agents, people and categories are read once. Each
    `read` is two or three statements; the transactions between them may be different ones.
    """

    def __init__(self, period: Period, *, with_demands: bool = True, needs: Needs | None = None):
        self.period, self.with_demands = period, with_demands
        self._at, self._after = period.until.isoformat(), _LAST_ID
        self._tenant_id = require_tenant_id()
        self._old = OldFacts()
        self._history = HistoryFiller(needs) if needs else None
        members = Membership.objects.select_related("user").only("user__email", "manager_id")
        self._emails = {member.pk: member.user.email.lower() for member in members}
        self._managers = {
            member.pk: frozenset({self._emails[member.manager_id]})
            for member in members
            if member.manager_id is not None
        }
        self._named = {email: email for email in self._emails.values()} | {
            public_id("mem", ident): email for ident, email in self._emails.items()
        }
        self._owners = dict(Agent.objects.values_list("pk", "owner_id"))
        self._asks: Remembered[tuple[str, bool], Ask] = Remembered()
        self._demands: Remembered[tuple[frozenset[Ask], str], Demand] = Remembered()
        self._sides: Remembered[tuple[UUID, UUID | None, str], frozenset[str]] = Remembered()

    def read(self, at_most: int = BATCH) -> Batch | None:
        """Return the next requests, or None when there are no more."""
        with connection.cursor() as cursor:
            since = self.period.since or _FIRST
            cursor.execute(
                _BATCH,
                [self._tenant_id, since, self.period.until, self._at, self._after, at_most],
            )
            rows = [RecordedRow(*row) for row in cursor.fetchall()]
        if not rows:
            return None
        self._at, self._after = rows[-1].submitted_at, rows[-1].ident
        asks = self._read_asks(rows) if self.with_demands else {}
        batch = Batch()
        for row in rows:
            try:
                batch.requests.append(self._recorded(row, asks.get(row.ident, frozenset())))
            except (ValueError, TypeError):
                # A record that this version cannot read is counted, and said, not guessed.
                batch.unreadable += 1
        if self._history is not None:
            batch.requests = self._with_history(self._history, batch.requests)
        return batch

    def _with_history(self, filler: HistoryFiller, requests: list[Recorded]) -> list[Recorded]:
        filled = filler.fill({cast("UUID", each.ident): each.facts for each in requests})
        if not filled:
            return requests
        return [
            replace(each, facts=filled[cast("UUID", each.ident)], is_looked_up_since=True)
            if each.ident in filled
            else each
            for each in requests
        ]

    def _read_asks(self, rows: list[RecordedRow]) -> dict[UUID, frozenset[Ask]]:
        asked = [row.ident for row in rows if row.status not in _OUTCOMES]
        found: dict[UUID, frozenset[Ask]] = {}
        with connection.cursor() as cursor:
            for start in range(0, len(asked), _STEP):
                cursor.execute(_DEMANDS, [self._tenant_id, asked[start : start + _STEP]])
                for request_id, flow, separated in cursor.fetchall():
                    ask = self._ask(flow, separated)
                    found[request_id] = found.get(request_id, frozenset()) | {ask}
        return found

    def _ask(self, flow: str, separated: bool) -> Ask:
        known = self._asks.get((flow, separated))
        if known is None:
            made = ask_of(Flow.from_dict(_decode(flow)), separated=separated)
            known = self._asks.keep((flow, separated), made)
        return known

    def _recorded(self, row: RecordedRow, asks: frozenset[Ask]) -> Recorded:
        payload = _decode(row.payload)
        if row.facts is None:
            record: dict[str, Any] = {}
            facts = self._old.facts(row, payload)
        else:
            record = _decode(row.facts)
            facts = Facts.from_record(record, payload)
        held = _held(record.get("held"), row.trace)
        outcome = _OUTCOMES.get(row.status, REQUIRE_APPROVAL)
        is_held = outcome == ALLOW and self.with_demands
        demand = self._demand(asks, row.obligations) if asks or is_held else NOTHING_ASKED
        return Recorded(
            row.ident,
            facts,
            Decided(outcome, row.because, demand),
            self._side(row),
            self._managers_of(row.agent_id),
            is_reconstructed=row.facts is None,
            held=held,
        )

    def _demand(self, asks: frozenset[Ask], obligations: str) -> Demand:
        known = self._demands.get((asks, obligations))
        if known is None:
            obliged = EvaluatedObligations.from_dict(_decode(obligations))
            made = Demand(asks, obliged.step_up, obliged.login, obliged.delay)
            known = self._demands.keep((asks, obligations), made)
        return known

    def _managers_of(self, agent_id: UUID) -> frozenset[str]:
        owner = self._owners.get(agent_id)
        return self._managers.get(owner, frozenset()) if owner else frozenset()

    def _side(self, row: RecordedRow) -> frozenset[str]:
        """The agent's owners then and now, and on whose behalf it acted: as `is_excluded`."""
        key = (row.agent_id, row.owner_id, row.on_behalf_of)
        known = self._sides.get(key)
        if known is None:
            owners = {self._owners.get(row.agent_id), row.owner_id}
            side = {self._emails[each] for each in owners if each in self._emails}
            behalf = row.on_behalf_of.strip().lower()
            if behalf in self._named:
                side.add(self._named[behalf])
            known = self._sides.keep(key, frozenset(side))
        return known


def _held(record: dict[str, Any] | None, trace: str | None) -> Held:
    """What held a request, as it keeps it; of an older one, as its trace says."""
    if record is not None:
        return Held.from_record(record) if record else NOTHING_HELD
    return Held.from_trace(_decode(trace)) if trace else NOTHING_HELD
