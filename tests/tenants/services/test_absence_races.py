"""People who stand in for one another write it down at the same moment."""

from datetime import timedelta
from functools import partial

from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tenants.models import Absence, Membership
from tenants.services.absences import enter_absence
from tests.people import Company, make_company
from tests.support.committed import CommittedDatabase

ROUNDS = 40


def enter(company: Company, member: Membership, stand_in: Membership, day: int) -> Absence:
    with tenant_transaction(company.id):
        start = clock.now() + timedelta(days=2 * day)
        return enter_absence(
            actor=member,
            member=member,
            stand_in=stand_in,
            starts_at=start,
            ends_at=start + timedelta(days=1),
        )


def test_two_who_stand_in_for_each_other_do_not_wait_for_each_other(
    committed_db: CommittedDatabase,
) -> None:
    company = make_company("acme")
    alice, bob = company.alice, company.bob
    for day in range(ROUNDS):
        outcomes = committed_db.at_once(
            [partial(enter, company, alice, bob, day), partial(enter, company, bob, alice, day)]
        )
        assert [type(each).__name__ for each in outcomes] == ["Absence", "Absence"]
