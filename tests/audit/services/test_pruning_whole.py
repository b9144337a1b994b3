"""What belongs to one request, or to one run, goes whole or not at all."""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import Error

from audit.actors import Actor, RunPlace, Subject
from audit.models import HoldKind, LedgerEvent, LegalHold
from audit.prune import delete_pruned
from audit.pruners import BESIDE, Beside, Kind
from audit.selectors import over_age
from audit.selectors.retention import older_than
from audit.services import Entry, record_entry
from audit.services.holds import Scope, place_hold
from audit.services.pruning import run_pruning
from audit.services.sequencer import sequence_tenant
from audit.services.verification import verify_tenant
from govapp.common.ids import new_id, public_id
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import ALICE, PAYER, subject_of_request, write_event
from tests.audit.keeping import CARL, ask_and_confirm, prune

pytestmark = pytest.mark.usefixtures("committed", "kept_a_year")

FIRST = datetime(2024, 5, 2, tzinfo=UTC)
LIMIT = datetime(2025, 3, 10, tzinfo=UTC)
YOUNG = datetime(2026, 3, 9, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


class Part:
    """A request, or a run, of one tenant."""

    def __init__(self, kind: Kind, tenant_id: UUID) -> None:
        self.kind, self.tenant_id, self.ident = kind, tenant_id, new_id()
        self.ref = public_id("ar" if kind == "request" else "run", self.ident)
        is_request = kind == "request"
        self.subject = (
            subject_of_request(self.ident) if is_request else Subject("run", self.ref, "Task")
        )
        self.request_id = self.ident if is_request else None

    def write(self, at: datetime, actor: Actor = PAYER) -> UUID:
        return write_event(
            self.tenant_id, actor=actor, subject=self.subject, request_id=self.request_id, at=at
        ).pk

    def left(self) -> int:
        with tenant_transaction(self.tenant_id):
            return LedgerEvent.objects.filter(subject_id=self.ref).count()


def old_and(kind: Kind, *times: datetime) -> Part:
    """A tenant with one old event of nothing, and a part with events of these times."""
    part = Part(kind, new_id())
    write_event(part.tenant_id, at=FIRST)
    for at in times:
        part.write(at)
    sequence_tenant(tenant_id=part.tenant_id)
    return part


def is_whole(tenant_id: UUID) -> bool:
    return verify_tenant(tenant_id=tenant_id).findings == []


@pytest.mark.parametrize("kind", ["request", "run"])
@pytest.mark.parametrize(
    ("times", "left"),
    [
        ((FIRST, FIRST + timedelta(days=9)), 0),
        ((FIRST, LIMIT - MOMENT), 0),
        ((FIRST, LIMIT), 2),
        ((FIRST, YOUNG), 2),
        ((YOUNG, FIRST), 2),
        ((FIRST, YOUNG, LIMIT - MOMENT), 3),
    ],
    ids=["all old", "a moment before", "the limit", "younger", "in the other order", "between"],
)
def test_what_has_something_younger_stays_as_a_whole(
    kind: Kind, times: tuple[datetime, ...], left: int
) -> None:
    part = old_and(kind, *times)
    with tenant_transaction(part.tenant_id):
        assert older_than(LIMIT).count == 1 + (0 if left else len(times))
    assert prune(part.tenant_id, batch=1) == 1 + len(times) - left
    assert part.left() == left
    assert is_whole(part.tenant_id)


def held(part: Part, scope: Scope) -> LegalHold:
    with tenant_transaction(part.tenant_id):
        return place_hold(actor=CARL, scope=scope, matter="Quist", reason="We were told to.")


@pytest.mark.parametrize("kind", ["request", "run"])
@pytest.mark.parametrize("batch", [1, 2, 50])
def test_a_hold_on_the_day_of_one_event_keeps_all_of_it(kind: Kind, batch: int) -> None:
    day = timedelta(days=1)
    part = old_and(kind, FIRST, FIRST + 20 * day, FIRST + 40 * day)
    held(part, Scope(HoldKind.PERIOD, starts_at=FIRST + 20 * day, ends_at=FIRST + 21 * day))
    assert prune(part.tenant_id, batch=batch) == 1
    assert part.left() == 3
    assert is_whole(part.tenant_id)


def test_a_hold_on_a_request_keeps_the_run_that_led_to_it() -> None:
    run, request = Part("run", new_id()), new_id()
    run.write(FIRST)
    with tenant_transaction(run.tenant_id):
        entry = Entry(
                "action_request.submitted",
                PAYER,
                subject_of_request(request),
                "It asked.",
                request_id=request,
                at=FIRST,
                run=RunPlace(run.ref, 2, "sha256:" + "0" * 64),
        )  # fmt: skip
        record_entry(entry)
    other = Part("run", run.tenant_id)
    other.write(FIRST)
    sequence_tenant(tenant_id=run.tenant_id)
    hold = held(run, Scope(HoldKind.REQUEST, public_id("ar", request)))
    assert hold.also == [run.ref]
    assert prune(run.tenant_id) == 1
    assert (run.left(), other.left()) == (1, 0)


def test_what_waits_for_its_place_keeps_what_it_belongs_to() -> None:
    part = old_and("request", FIRST)
    part.write(FIRST)
    assert prune(part.tenant_id) == 1
    assert part.left() == 2
    assert prune(part.tenant_id) == 2
    assert (part.left(), is_whole(part.tenant_id)) == (0, True)


def test_one_that_is_scattered_goes_in_one_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(over_age, "MOST_RUNS", 2)
    part = Part("request", new_id())
    for _ in range(5):
        part.write(FIRST)
        write_event(part.tenant_id, at=YOUNG)
    sequence_tenant(tenant_id=part.tenant_id)
    assert prune(part.tenant_id) == 5
    with tenant_transaction(part.tenant_id):
        naming = LedgerEvent.objects.filter(type="ledger.pruned")
        assert len(set(naming.values_list("occurred_at", flat=True))) == 3
    assert (part.left(), is_whole(part.tenant_id)) == (0, True)


@pytest.fixture
def beside() -> Iterator[list[str]]:
    """What the tables hold of requests, in a list; what is in it already stays."""
    gone: list[str] = []

    def stays(refs: Collection[str], _: datetime) -> set[str]:
        return {ref for ref in refs if ref in gone}

    def forget(refs: Sequence[str]) -> Sequence[tuple[str, int]]:
        if "fail" in gone:
            raise RuntimeError("Something is wrong here.")
        gone.extend(refs)
        return (("things that went", len(refs)),)

    made = Beside("request", stays, forget)
    BESIDE.append(made)
    yield gone
    BESIDE.remove(made)


def test_what_the_tables_hold_goes_with_the_events(beside: list[str]) -> None:
    part = old_and("request", FIRST, FIRST)
    pruning = ask_and_confirm(part.tenant_id)
    assert run_pruning(tenant_id=part.tenant_id, pruning_id=pruning.pk, batch=1) == 3
    with tenant_transaction(part.tenant_id):
        pruning.refresh_from_db()
    assert (beside, pruning.others) == ([part.ref], {"things that went": 1})


def test_neither_goes_when_one_of_them_cannot(beside: list[str]) -> None:
    part = old_and("request", FIRST, FIRST)
    pruning = ask_and_confirm(part.tenant_id)
    beside.append("fail")
    with pytest.raises(RuntimeError):
        run_pruning(tenant_id=part.tenant_id, pruning_id=pruning.pk)
    assert part.left() == 2


def test_what_is_not_over_stays_however_old_it_is(beside: list[str]) -> None:
    part = old_and("request", FIRST, FIRST)
    beside.append(part.ref)
    assert prune(part.tenant_id, batch=1) == 1
    assert part.left() == 2


@pytest.mark.parametrize("kind", ["request", "run"])
def test_the_database_refuses_to_take_a_part_of_it(kind: Kind) -> None:
    """A program that lies names the old half, or the half that no hold covers."""
    for second, why in ((YOUNG, "belongs to some of it is too young"), (FIRST, "a legal hold")):
        part = Part(kind, new_id())
        part.write(FIRST)
        part.write(second, ALICE)
        sequence_tenant(tenant_id=part.tenant_id)
        if second == FIRST:
            with tenant_transaction(part.tenant_id):
                LegalHold.objects.create(
                    kind=HoldKind.SUBJECT, ref=ALICE.id, matter="M", reason="R",
                    placed_by_id=CARL.id, placed_by_name=CARL.name,
                )  # fmt: skip
        data = {"ranges": [{"first": 1, "last": 1}], "reason": "r", "before": LIMIT.isoformat()}
        event = write_event(part.tenant_id, event_type="ledger.pruned", data=data)
        sequence_tenant(tenant_id=part.tenant_id)
        with pytest.raises(Error, match=why), tenant_transaction(part.tenant_id):
            delete_pruned(event.pk)
        assert part.left() == 2
