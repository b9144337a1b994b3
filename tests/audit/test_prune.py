"""The function of the database that prunes believes the record, its own clock, and the holds."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import Error

from audit.models import HoldKind, LedgerEvent, LegalHold
from audit.prune import delete_pruned
from audit.services.sequencer import sequence_tenant
from govapp.common import clock
from govapp.common.ids import new_id, public_id
from govapp.common.tenancy import tenant_transaction
from tenants.services.tenants import set_retention
from tests.audit.books import ALICE, subject_of_request, write_event
from tests.audit.keeping import CARL
from tests.people import Company, make_company

pytestmark = pytest.mark.django_db

OLD = datetime(2024, 5, 2, tzinfo=UTC)
REQUEST = new_id()


@pytest.fixture
def acme() -> Company:
    """A company that keeps its record for 100 days."""
    company = make_company()
    with tenant_transaction(company.id):
        set_retention(actor=company.carl, days=100)
    return company


def named(company: Company, before: datetime | None = datetime(2024, 6, 1, tzinfo=UTC)) -> UUID:
    """A signed event that names one other as pruned, as a program that lies could record it."""
    old = write_event(
        company.id,
        actor=ALICE,
        subject=subject_of_request(REQUEST),
        request_id=REQUEST,
        at=OLD,
    )
    sequence(company.id)
    with tenant_transaction(company.id):
        index = LedgerEvent.objects.values_list("leaf_rows__index", flat=True).get(pk=old.pk)
    data: dict[str, Any] = {"ranges": [{"first": index, "last": index}], "reason": "none"}
    if before is not None:
        data["before"] = before.isoformat()
    event = write_event(company.id, event_type="ledger.pruned", data=data)
    sequence(company.id)
    return event.pk


def sequence(tenant_id: UUID) -> None:
    while sequence_tenant(tenant_id=tenant_id):
        pass


def refused(company: Company, event_id: UUID, why: str) -> None:
    with pytest.raises(Error, match=why), tenant_transaction(company.id):
        delete_pruned(event_id)


def deleted(company: Company, event_id: UUID) -> int:
    with tenant_transaction(company.id):
        return delete_pruned(event_id)


def test_nothing_goes_that_is_not_said_to_be_old(acme: Company) -> None:
    refused(acme, named(acme, None), "not said to be old")


def test_nothing_goes_before_the_time_of_keeping_is_over(acme: Company) -> None:
    now = clock.now()
    refused(acme, named(acme, now - timedelta(days=99)), "time of keeping is not over")
    assert deleted(acme, named(acme, now - timedelta(days=101))) == 1


def test_nothing_goes_where_no_time_of_keeping_is_set() -> None:
    company = make_company()
    refused(company, named(company), "time of keeping is not over")


@pytest.mark.parametrize(
    "scope",
    [
        {"kind": HoldKind.EVERYTHING},
        {"kind": HoldKind.PERIOD, "starts_at": OLD, "ends_at": OLD + timedelta(seconds=1)},
        {"kind": HoldKind.REQUEST, "ref": public_id("ar", REQUEST)},
        {"kind": HoldKind.SUBJECT, "ref": ALICE.id},
        {"kind": HoldKind.SUBJECT, "ref": "mem_other", "also": ["adr_other", ALICE.id]},
    ],
)
def test_nothing_goes_that_is_held(acme: Company, scope: dict[str, Any]) -> None:
    event_id = named(acme)
    place(acme, scope)
    refused(acme, event_id, "legal hold keeps")
    with tenant_transaction(acme.id):
        LegalHold.objects.update(released_at=clock.now(), released_by_id="mem_olivia")
    assert deleted(acme, event_id) == 1


@pytest.mark.parametrize(
    "scope",
    [
        {"kind": HoldKind.PERIOD, "starts_at": OLD - timedelta(days=1), "ends_at": OLD},
        {"kind": HoldKind.REQUEST, "ref": public_id("ar", new_id())},
        {"kind": HoldKind.SUBJECT, "ref": "mem_other", "also": ["adr_other"]},
    ],
)
def test_what_is_not_held_goes(acme: Company, scope: dict[str, Any]) -> None:
    event_id = named(acme)
    place(acme, scope)
    assert deleted(acme, event_id) == 1


def place(company: Company, scope: dict[str, Any]) -> None:
    with tenant_transaction(company.id):
        LegalHold.objects.create(
            matter="Quist v. Acme",
            reason="We were told to.",
            placed_by_id=CARL.id,
            placed_by_name=CARL.name,
            **scope,
        )
