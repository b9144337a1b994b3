"""What is held is neither pruned nor erased, whoever asks, until another person releases it."""

from datetime import UTC, datetime
from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from audit.models import HoldKind, LedgerEvent, LedgerSubject, LegalHold, Pruning
from audit.selectors.holds import (
    check_not_held,
    find_hold,
    held_requests,
    list_holds,
    lock_keeping,
)
from audit.services.erasure import erase_subject
from audit.services.holds import Scope, place_hold, release_hold
from audit.services.pruning import run_pruning
from audit.services.retention import ask_pruning
from audit.services.sequencer import sequence_tenant
from audit.services.verification import verify_tenant
from govapp.common.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from govapp.common.ids import new_id, public_id
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import ALICE, PAYER, subject_of_request, write_event
from tests.audit.keeping import CARL, OLIVIA, ask_and_confirm, old_tenant, prune, pruned_ranges
from tests.support.committed import CommittedDatabase

pytestmark = pytest.mark.usefixtures("committed", "kept_a_year", "named")

EVERYTHING = Scope(HoldKind.EVERYTHING)
OLD = datetime(2024, 5, 2, tzinfo=UTC)


def names_said(ref: str) -> tuple[str, list[str]]:
    """What `settings.AUDIT_NAMES_OF_SUBJECT` is pointed at."""
    if ref == ALICE.id:
        return ALICE.name, ["adr_alice"]
    if ref == PAYER.id:
        return PAYER.name, []
    raise NotFound("There is no such person or agent.")


@pytest.fixture
def named(settings: Any) -> None:
    settings.AUDIT_NAMES_OF_SUBJECT = "tests.audit.services.test_holds.names_said"


def hold(tenant_id: UUID, scope: Scope, matter: str = "Quist v. Acme") -> LegalHold:
    with tenant_transaction(tenant_id):
        return place_hold(actor=CARL, scope=scope, matter=matter, reason="We were told to.")


def left(tenant_id: UUID) -> list[str]:
    """The subjects of the old events that are still there."""
    with tenant_transaction(tenant_id):
        rows = LedgerEvent.objects.filter(occurred_at__lt=datetime(2025, 1, 1, tzinfo=UTC))
        return sorted(rows.values_list("subject_id", flat=True))


def busy_tenant() -> tuple[UUID, UUID, UUID]:
    """Alice decides on one request; another agent has another one; and something else happens."""
    tenant_id, one, two = new_id(), new_id(), new_id()
    other = type(PAYER)("agent", "ag_other", "other")
    write_event(tenant_id, actor=PAYER, subject=subject_of_request(one), request_id=one, at=OLD)
    write_event(tenant_id, actor=ALICE, subject=subject_of_request(one), request_id=one, at=OLD)
    write_event(tenant_id, actor=other, subject=subject_of_request(two), request_id=two, at=OLD)
    write_event(tenant_id, actor=other, summary="It changed.", at=datetime(2024, 6, 1, tzinfo=UTC))
    sequence_tenant(tenant_id=tenant_id)
    return tenant_id, one, two


def test_a_hold_on_everything_stops_every_pruning() -> None:
    tenant_id = old_tenant(3, 0)
    pruning = ask_and_confirm(tenant_id)
    hold(tenant_id, EVERYTHING)
    assert run_pruning(tenant_id=tenant_id, pruning_id=pruning.pk) == 0
    with tenant_transaction(tenant_id), pytest.raises(Conflict, match="legal hold"):
        ask_pruning(actor=CARL, reason="Tidy.")
    assert len(left(tenant_id)) == 3


def test_where_all_that_is_old_is_held_a_pruning_says_so() -> None:
    tenant_id, _, _ = busy_tenant()
    ends = datetime(2025, 1, 1, tzinfo=UTC)
    hold(tenant_id, Scope(HoldKind.PERIOD, starts_at=OLD, ends_at=ends))
    words = "Nothing from before [0-9-]+ can go: what is left is held, open, or belongs to"
    with tenant_transaction(tenant_id), pytest.raises(Conflict, match=words):
        ask_pruning(actor=CARL, reason="Tidy.")


def test_a_hold_on_a_request_keeps_its_events_alone() -> None:
    tenant_id, one, _ = busy_tenant()
    hold(tenant_id, Scope(HoldKind.REQUEST, public_id("ar", one)))
    assert prune(tenant_id) == 2
    assert left(tenant_id) == [public_id("ar", one)] * 2
    with tenant_transaction(tenant_id):
        assert pruned_ranges() == (range(3, 5),)
    assert verify_tenant(tenant_id=tenant_id).findings == []


@pytest.mark.parametrize("ref", [ALICE.id, PAYER.id])
def test_a_hold_on_somebody_keeps_the_requests_that_they_occur_in(ref: str) -> None:
    tenant_id, one, _ = busy_tenant()
    hold(tenant_id, Scope(HoldKind.SUBJECT, ref))
    kept = [public_id("ar", one)] * 2
    # What was done to the agent is kept as well: it is the subject of the last event.
    kept += ["ag_payer"] if ref == PAYER.id else []
    assert prune(tenant_id) == 4 - len(kept)
    assert left(tenant_id) == sorted(kept)


def test_a_hold_on_a_period_keeps_what_happened_in_it() -> None:
    tenant_id, _, _ = busy_tenant()
    june = Scope(
        HoldKind.PERIOD,
        starts_at=datetime(2024, 6, 1, tzinfo=UTC),
        ends_at=datetime(2024, 7, 1, tzinfo=UTC),
    )
    hold(tenant_id, june)
    assert prune(tenant_id) == 3
    assert left(tenant_id) == ["ag_payer"]


def test_what_was_released_by_another_person_goes() -> None:
    tenant_id = old_tenant(3, 0)
    placed = hold(tenant_id, EVERYTHING)
    with tenant_transaction(tenant_id):
        with pytest.raises(Forbidden):
            release_hold(actor=CARL, hold_id=placed.pk, reason="Settled.")
        release_hold(actor=OLIVIA, hold_id=placed.pk, reason="Settled.")
        with pytest.raises(Conflict, match="released before"):
            release_hold(actor=OLIVIA, hold_id=placed.pk, reason="Settled.")
        with pytest.raises(NotFound):
            release_hold(actor=OLIVIA, hold_id=new_id(), reason="Settled.")
    assert prune(tenant_id) == 3
    with tenant_transaction(tenant_id):
        (found,) = list_holds()
        types = LedgerEvent.objects.filter(type__startswith="hold.").order_by("id")
        assert [each.type for each in types] == ["hold.placed", "hold.released"]
    assert (found.released_by_name, found.release_reason) == ("Olivia Owner", "Settled.")


@pytest.mark.parametrize(
    "scope", [EVERYTHING, Scope(HoldKind.SUBJECT, ALICE.id), "request", "period"]
)
def test_erasure_is_refused_while_a_hold_keeps_something(scope: Any) -> None:
    tenant_id, one, _ = busy_tenant()
    if scope == "request":
        scope = Scope(HoldKind.REQUEST, public_id("ar", one))
    if scope == "period":
        scope = Scope(HoldKind.PERIOD, starts_at=OLD, ends_at=datetime(2024, 5, 3, tzinfo=UTC))
    placed = hold(tenant_id, scope)
    with tenant_transaction(tenant_id), pytest.raises(Conflict) as refused:
        erase_subject(actor=CARL, ref=ALICE.id, reason="Asked.")
    assert (refused.value.code, "Quist v. Acme" in refused.value.detail) == ("held", True)
    with tenant_transaction(tenant_id):
        release_hold(actor=OLIVIA, hold_id=placed.pk, reason="Settled.")
        assert erase_subject(actor=CARL, ref=ALICE.id, reason="Asked.").keys >= 1


def test_a_hold_on_somebody_else_hinders_nobody() -> None:
    tenant_id, _, two = busy_tenant()
    hold(tenant_id, Scope(HoldKind.REQUEST, public_id("ar", two)))
    with tenant_transaction(tenant_id):
        check_not_held(ALICE.id)
        found = find_hold([public_id("ar", two)])
        assert held_requests([two, new_id()]) == {two}
    assert found is not None
    assert found.ref == public_id("ar", two)


def test_what_somebody_wrote_about_holds_and_prunings_goes_with_them() -> None:
    tenant_id, _, two = busy_tenant()
    placed = hold(tenant_id, Scope(HoldKind.REQUEST, public_id("ar", two)))
    prune(tenant_id)
    with tenant_transaction(tenant_id):
        erase_subject(actor=OLIVIA, ref=CARL.id, reason="Asked.")
        release_hold(actor=OLIVIA, hold_id=placed.pk, reason="Settled.")
        kept = LegalHold.objects.get()
        assert (kept.matter, kept.reason, kept.release_reason) == (
            "[erased]", "[erased]", "Settled.",
        )  # fmt: skip
        assert Pruning.objects.get().reason == "[erased]"
        keys = LedgerSubject.objects.filter(ref=CARL.id, key_sealed__isnull=False)
        assert keys.count() == 0
        erase_subject(actor=CARL, ref=OLIVIA.id, reason="Asked.")
        assert LegalHold.objects.get().release_reason == "[erased]"


@pytest.mark.parametrize(
    ("scope", "matter", "refused"),
    [
        (EVERYTHING, " ", Invalid),
        (EVERYTHING, "x" * 121, Invalid),
        (Scope(HoldKind.SUBJECT, "mem_nobody"), "M", NotFound),
        (Scope(HoldKind.REQUEST, "mem_nobody"), "M", Invalid),
        (Scope(HoldKind.REQUEST, public_id("ar", UUID(int=7))), "M", NotFound),
        (Scope(HoldKind.PERIOD, starts_at=OLD), "M", Invalid),
        (Scope(HoldKind.PERIOD, starts_at=OLD, ends_at=OLD), "M", Invalid),
    ],
)
def test_what_cannot_be_held_is_refused(
    scope: Scope, matter: str, refused: type[DomainError]
) -> None:
    tenant_id = old_tenant(1, 0)
    with pytest.raises(refused):
        hold(tenant_id, scope, matter)


def at_once(*acts: Any) -> list[Any]:
    """Do several things in threads that begin together; return what each gave or raised."""
    barrier = Barrier(len(acts))
    results: list[Any] = [None] * len(acts)

    def act(place: int) -> None:
        barrier.wait()
        try:
            results[place] = acts[place]()
        except DomainError as error:
            results[place] = error
        finally:
            connections.close_all()

    threads = [Thread(target=act, args=[place]) for place in range(len(acts))]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return results


def test_a_hold_that_is_placed_beside_a_pruning_keeps_what_it_finds() -> None:
    for _ in range(4):
        tenant_id = old_tenant(40, 0)
        pruning = ask_and_confirm(tenant_id)
        seen: list[int] = []

        def hold_and_look(tenant_id: UUID = tenant_id, seen: list[int] = seen) -> None:
            with tenant_transaction(tenant_id):
                place_hold(actor=CARL, scope=EVERYTHING, matter="M", reason="R")
                rows = LedgerEvent.objects.filter(occurred_at=OLD)
                seen.append(rows.count())

        went, _ = at_once(
            lambda: run_pruning(tenant_id=tenant_id, pruning_id=pruning.pk, batch=5),  # noqa: B023
            hold_and_look,
        )
        assert seen == [40 - went]
        assert len(left(tenant_id)) == seen[0]
        assert verify_tenant(tenant_id=tenant_id).findings == []


def has_begun(tenant_id: UUID) -> bool:
    with tenant_transaction(tenant_id):
        return Pruning.objects.filter(events__gt=0).exists()


def test_a_hold_on_somebody_beside_a_pruning_finds_requests_whole_or_not_at_all() -> None:
    for _ in range(4):
        tenant_id, requests = new_id(), [new_id() for _ in range(12)]
        for actor in (PAYER, ALICE):  # all of the first acts are the first to go
            for each in requests:
                write_event(
                    tenant_id, actor=actor, subject=subject_of_request(each), request_id=each,
                    at=OLD,
                )  # fmt: skip
        sequence_tenant(tenant_id=tenant_id)
        pruning = ask_and_confirm(tenant_id)
        seen: list[str] = []

        def hold_and_look(tenant_id: UUID = tenant_id, seen: list[str] = seen) -> None:
            while not has_begun(tenant_id):
                pass
            with tenant_transaction(tenant_id):
                place_hold(
                    actor=CARL, scope=Scope(HoldKind.SUBJECT, PAYER.id), matter="M", reason="R"
                )
                rows = LedgerEvent.objects.filter(occurred_at=OLD)
                seen.extend(rows.values_list("subject_id", flat=True))

        went, _ = at_once(
            lambda: run_pruning(tenant_id=tenant_id, pruning_id=pruning.pk, batch=1),  # noqa: B023
            hold_and_look,
        )
        assert len(seen) == 24 - went
        assert {seen.count(each) for each in seen} <= {2}
        assert left(tenant_id) == sorted(seen)
        assert verify_tenant(tenant_id=tenant_id).findings == []


def test_a_request_that_goes_while_its_hold_is_placed_is_not_found() -> None:
    tenant_id, one, _ = busy_tenant()
    pruning = ask_and_confirm(tenant_id)
    scope = Scope(HoldKind.REQUEST, public_id("ar", one))
    with tenant_transaction(tenant_id):
        lock_keeping()
        placed = CommittedDatabase().begin_beside(lambda: hold(tenant_id, scope))
        assert run_pruning(tenant_id=tenant_id, pruning_id=pruning.pk) == 4
    with pytest.raises(NotFound):
        placed.result(60)


def test_a_hold_and_an_erasure_at_once_are_one_after_the_other() -> None:
    for _ in range(4):
        tenant_id, one, _ = busy_tenant()
        scope = Scope(HoldKind.REQUEST, public_id("ar", one))

        def erase(tenant_id: UUID = tenant_id) -> None:
            with tenant_transaction(tenant_id):
                erase_subject(actor=CARL, ref=ALICE.id, reason="Asked.")

        erased, _ = at_once(erase, lambda: hold(tenant_id, scope))  # noqa: B023
        with tenant_transaction(tenant_id):
            rows = LedgerEvent.objects.filter(type__in=["hold.placed", "subject.erased"])
            types = set(rows.values_list("type", flat=True))
        is_refused = isinstance(erased, Conflict)
        assert types == {"hold.placed"} | (set() if is_refused else {"subject.erased"})


def test_the_sequencer_and_two_prunings_at_once_leave_a_whole_tree() -> None:
    tenant_id = old_tenant(60, 0)
    pruning = ask_and_confirm(tenant_id)
    for number in range(30):
        write_event(tenant_id, data={"number": number})

    def run() -> int:
        return run_pruning(tenant_id=tenant_id, pruning_id=pruning.pk, batch=7)

    def sequence() -> int:
        return sum(sequence_tenant(tenant_id=tenant_id, batch=3) for _ in range(40))

    one, two, _ = at_once(run, run, sequence)
    assert one + two == 60
    while sequence_tenant(tenant_id=tenant_id):
        pass
    result = verify_tenant(tenant_id=tenant_id)
    assert (result.findings, result.pruned, result.queued) == ([], 60, 0)
