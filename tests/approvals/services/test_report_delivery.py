"""Whoever reads a scheduled report gets a link to it, and never the file."""

from datetime import UTC, datetime

import pytest

from approvals.models import Notification
from approvals.services.report_delivery import send_links
from audit.models import Report
from govapp.common.ids import new_id, public_id
from govapp.common.tenancy import tenant_transaction
from tests.people import Company, make_company

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Company:
    return make_company()


def finished(acme: Company) -> Report:
    return Report(
        tenant_id=acme.id,
        id=new_id(),
        kind="access",
        period_start=datetime(2026, 1, 1, tzinfo=UTC),
        period_end=datetime(2026, 2, 1, tzinfo=UTC),
        sha256="ab" * 32,
    )


def sent(acme: Company, report: Report, *recipients: str) -> list[Notification]:
    with tenant_transaction(acme.id):
        send_links(report=report, recipients=recipients)
        return list(Notification.objects.order_by("id"))


def test_a_reader_gets_a_link(acme: Company) -> None:
    (row,) = sent(acme, finished(acme), acme.carl.public_id)
    assert (row.member_id, row.channel) == (acme.carl.pk, "email")
    assert row.content["subject"] == "Access and credentials: 2026-01-01 to 2026-01-31"
    assert "/t/acme/reports/" in row.content["text"]
    assert "ab" * 32 in row.content["text"]


def test_each_gets_it_once(acme: Company) -> None:
    report = finished(acme)
    assert len(sent(acme, report, acme.carl.public_id)) == 1
    assert len(sent(acme, report, acme.carl.public_id)) == 1


def test_nobody_gets_one_who_may_not_read_it(acme: Company) -> None:
    stranger = make_company("umbrella").carl.public_id
    wanted = (acme.alice.public_id, stranger, public_id("mem", new_id()), "nonsense")
    assert sent(acme, finished(acme), *wanted) == []


def test_who_was_suspended_gets_none(acme: Company) -> None:
    with tenant_transaction(acme.id):
        type(acme.carl).objects.filter(pk=acme.carl.pk).update(status="suspended")
    assert sent(acme, finished(acme), acme.carl.public_id) == []
