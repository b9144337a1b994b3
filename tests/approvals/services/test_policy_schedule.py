"""Versions that go live at a time, and versions in shadow."""

from datetime import datetime, timedelta

import pytest

from approvals.enums import PolicyStatus
from approvals.models import PolicyVersion, ShadowResult
from approvals.selectors.policies import live_policy
from approvals.services.policies import (
    propose_policy,
    publish_policy,
    renew_version,
    start_shadow,
    stop_shadow,
    withdraw_policy,
)
from approvals.services.policy_schedule import sweep
from audit.models import LedgerEvent
from govapp.common import clock
from govapp.common.errors import Conflict, Forbidden, Invalid
from govapp.common.tenancy import tenant_transaction
from tests.approvals.services.test_policies import SOURCE, YES
from tests.approvals.services.test_policy_reviews import (
    STRICTER,
    WEAKER,
    colleague,
    make_live,
    status,
)
from tests.approvals.world import FOUR_EYES, HOUR, make_world
from tests.conftest import MoveClock
from tests.people import Company, make_company
from tests.support.committed import CommittedDatabase
from tests.support.recorded import read


@pytest.fixture
def acme(db: None) -> Company:
    return make_company()


def statuses() -> dict[int, str]:
    return dict(PolicyVersion.objects.values_list("number", "status"))


def summaries(event_type: str) -> list[str]:
    rows = LedgerEvent.objects.filter(type=event_type).order_by("occurred_at", "id")
    return [read(row)["summary"] for row in rows]


def in_one_hour() -> datetime:
    return clock.now() + HOUR


def test_a_scheduled_version_decides_from_its_time_on(acme: Company, move_clock: MoveClock) -> None:
    with tenant_transaction(acme.id):
        dora = colleague(acme)
        first = make_live(acme, dora)
        second = propose_policy(actor=acme.carl, source=STRICTER)
        made = publish_policy(actor=dora, version=second, attestation=YES, starts_at=in_one_hour())
        assert (made.status, live_policy()) == (PolicyStatus.SCHEDULED, first)
        (summary,) = summaries("policy.scheduled")
        assert summary.startswith("Dora scheduled policy version 2 for ")
        assert summary.endswith(" (UTC).")
    assert sweep() == 0
    move_clock(HOUR + timedelta(seconds=1))
    with tenant_transaction(acme.id):
        # also before the sweep has been there
        assert (live_policy(), statuses()) == (second, {1: "live", 2: "scheduled"})
    assert (sweep(), sweep()) == (1, 0)
    with tenant_transaction(acme.id):
        assert (live_policy(), statuses()) == (second, {1: "archived", 2: "live"})
        assert summaries("policy.published")[-1] == (
            "Policy version 2, published by Dora for this time, is live, in place of version 1."
        )


@pytest.mark.parametrize("start", [timedelta(0), -HOUR, timedelta(days=400)])
def test_a_start_lies_in_the_future_and_within_a_year(acme: Company, start: timedelta) -> None:
    with tenant_transaction(acme.id):
        dora = colleague(acme)
        version = propose_policy(actor=acme.carl, source=SOURCE)
        with pytest.raises(Invalid) as refused:
            publish_policy(
                actor=dora, version=version, attestation=YES, starts_at=clock.now() + start
            )
        assert [error.pointer for error in refused.value.errors] == ["/starts_at"]
        assert status(version) == "in_review"


def test_while_one_is_scheduled_no_other_goes_live_and_it_can_be_withdrawn(acme: Company) -> None:
    with tenant_transaction(acme.id):
        dora = colleague(acme)
        first = make_live(acme, dora)
        second = propose_policy(actor=acme.carl, source=STRICTER)
        third = propose_policy(actor=acme.carl, source=WEAKER)
        publish_policy(actor=dora, version=second, attestation=YES, starts_at=in_one_hour())
        for starts_at in (None, in_one_hour() + HOUR):
            with pytest.raises(Conflict, match="Version 2 is scheduled and would undo this one"):
                publish_policy(actor=dora, version=third, attestation=YES, starts_at=starts_at)
        withdraw_policy(actor=dora, version=second, remark="Wait for the audit.")
        assert (status(second), live_policy()) == ("withdrawn", first)
        assert summaries("policy.withdrawn") == [
            "Dora withdrew policy version 2 before its time came: Wait for the audit."
        ]
        publish_policy(actor=dora, version=third, attestation=YES)
        assert live_policy() == third


def test_what_started_before_it_was_swept_counts_as_live(
    acme: Company, move_clock: MoveClock
) -> None:
    with tenant_transaction(acme.id):
        dora = colleague(acme)
        make_live(acme, dora)
        second = propose_policy(actor=acme.carl, source=STRICTER)
        third = propose_policy(actor=acme.carl, source=WEAKER)
        publish_policy(actor=dora, version=second, attestation=YES, starts_at=in_one_hour())
        move_clock(2 * HOUR)
        with pytest.raises(Conflict, match="Version 2 went live in the meantime"):
            publish_policy(actor=dora, version=third, attestation=YES)
    with tenant_transaction(acme.id):
        with pytest.raises(Conflict, match="Version 2 is live"):
            withdraw_policy(actor=dora, version=second)
        renewed = renew_version(actor=acme.carl, version=third)
        assert renewed.based_on == second
    assert sweep() == 0
    with tenant_transaction(acme.id):
        assert statuses() == {1: "archived", 2: "live", 3: "in_review"}


def test_many_sweepers_at_once_do_it_once(committed_db: CommittedDatabase) -> None:
    companies = [make_company(slug) for slug in ("acme", "globex")]
    for company in companies:
        with tenant_transaction(company.id):
            dora = colleague(company)
            make_live(company, dora)
            version = propose_policy(actor=company.carl, source=STRICTER)
            publish_policy(actor=dora, version=version, attestation=YES, starts_at=in_one_hour())
    committed_db.move_clock(2 * HOUR)
    assert sum(map(int, committed_db.at_once([sweep] * 4))) == 2  # type: ignore[arg-type]
    for company in companies:
        with tenant_transaction(company.id):
            assert statuses() == {1: "archived", 2: "live"}
            assert len(summaries("policy.published")) == 2


def test_a_version_runs_in_shadow_until_it_is_stopped(acme: Company) -> None:
    with tenant_transaction(acme.id):
        dora = colleague(acme)
        make_live(acme, dora)
        version = propose_policy(actor=acme.carl, source=STRICTER)
        started = start_shadow(actor=dora, version=version)
        assert (started.is_in_shadow, status(version), live_policy() == version) == (
            True,
            "in_review",
            False,
        )
        assert start_shadow(actor=acme.carl, version=version).shadow_since == started.shadow_since
        other = propose_policy(actor=acme.carl, source=WEAKER)
        with pytest.raises(Conflict, match="Version 2 runs in shadow; stop that one first"):
            start_shadow(actor=dora, version=other)
        assert stop_shadow(actor=acme.carl, version=version).is_in_shadow is False
        with pytest.raises(Conflict, match="does not run in shadow"):
            stop_shadow(actor=acme.carl, version=version)
        assert start_shadow(actor=dora, version=other).is_in_shadow
        assert summaries("policy.shadow_started")[0] == (
            "Dora started policy version 2 in shadow: it is evaluated beside the live version and"
            " decides nothing."
        )
        assert summaries("policy.shadow_stopped") == [
            (
                "Carl took policy version 2 out of shadow: it differed from what was live in 0 of 0"
                " requests."
            )
        ]


def test_only_compliance_puts_in_shadow_and_only_what_is_to_come(acme: Company) -> None:
    with tenant_transaction(acme.id):
        dora = colleague(acme)
        live = make_live(acme, dora)
        version = propose_policy(actor=acme.carl, source=STRICTER)
        for person in (acme.olivia, acme.alice, acme.audrey):
            with pytest.raises(Forbidden):
                start_shadow(actor=person, version=version)
            with pytest.raises(Forbidden):
                stop_shadow(actor=person, version=version)
        with pytest.raises(Conflict, match="Version 1 is live"):
            start_shadow(actor=dora, version=live)


@pytest.mark.django_db
def test_going_live_ends_the_shadow_and_says_how_much_differed() -> None:
    world = make_world(FOUR_EYES)
    acme = world.company
    request = world.submit()
    with tenant_transaction(acme.id):
        dora = colleague(acme)
        version = propose_policy(actor=acme.carl, source=SOURCE)
        start_shadow(actor=dora, version=version)
        ShadowResult.objects.create(
            request=request, version=version, live_outcome="require_approval", outcome="deny",
            differs=True, because="It is denied.",
        )  # fmt: skip
        publish_policy(actor=dora, version=version, attestation=YES)
        assert PolicyVersion.objects.get(pk=version.pk).is_in_shadow is False
        assert summaries("policy.shadow_stopped") == [
            (
                "The system took policy version 2 out of shadow because it went live: it differed"
                " from what was live in 1 of 1 requests."
            )
        ]
