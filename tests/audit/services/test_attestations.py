"""A named officer vouches for a report: for these bytes, once, and reports made after say so."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from audit.models import LedgerLeaf, Report, ReportAttestation
from audit.reports.document import gather_document
from audit.reports.kinds import KINDS
from audit.reports.reading import source_of
from audit.services.attestations import USUAL, attest_report
from audit.services.reports import request_report
from audit.services.sequencer import sequence_tenant
from govapp.common import clock
from govapp.common.errors import Conflict, Invalid, NotFound
from govapp.common.tenancy import tenant_transaction
from tests.people import Company, make_company

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Company:
    return make_company()


@pytest.fixture
def report(acme: Company) -> Iterator[Report]:
    with tenant_transaction(acme.id):
        now = clock.now()
        row = request_report(
            actor=acme.carl.as_actor(), period_start=now - timedelta(days=7), period_end=now
        )
        Report.objects.filter(pk=row.pk).update(status="ready", sha256="ab" * 32)
        yield row


def test_an_attestation_is_of_exactly_this_file(acme: Company, report: Report) -> None:
    row = attest_report(actor=acme.carl.as_actor(), report_id=report.pk, statement=f" {USUAL}\n")
    assert (row.sha256, row.attested_by_name, row.statement) == ("ab" * 32, "Carl", USUAL)


def test_an_officer_attests_once_and_another_too(acme: Company, report: Report) -> None:
    for officer in (acme.carl, acme.alice):
        attest_report(actor=officer.as_actor(), report_id=report.pk, statement=USUAL)
    with pytest.raises(Conflict, match="already"):
        attest_report(actor=acme.carl.as_actor(), report_id=report.pk, statement="Again")
    assert ReportAttestation.objects.count() == 2


@pytest.mark.parametrize("statement", ["", "  \n ", "x" * 1001, "a\0b"])
def test_an_attestation_has_words(acme: Company, report: Report, statement: str) -> None:
    with pytest.raises(Invalid):
        attest_report(actor=acme.carl.as_actor(), report_id=report.pk, statement=statement)


def test_only_a_finished_report_is_attested(acme: Company, report: Report) -> None:
    Report.objects.update(status="running")
    with pytest.raises(NotFound):
        attest_report(actor=acme.carl.as_actor(), report_id=report.pk, statement=USUAL)


def test_reports_made_after_it_say_so(acme: Company) -> None:
    with tenant_transaction(acme.id):
        now = clock.now()
        row = request_report(
            actor=acme.carl.as_actor(), period_start=now - timedelta(days=7), period_end=now
        )
        Report.objects.filter(pk=row.pk).update(status="ready", sha256="ab" * 32)
        attest_report(actor=acme.carl.as_actor(), report_id=row.pk, statement=USUAL)
    sequence_tenant(tenant_id=acme.id)
    with tenant_transaction(acme.id):
        source = replace(
            source_of(LedgerLeaf.objects.count()), start=now - timedelta(days=7), end=now
        )
        same = gather_document(KINDS["oversight"], source).html(stylesheet="x.css")
        other = gather_document(KINDS["access"], source).html(stylesheet="x.css")
    assert ('class="attested">Carl attested the oversight report' in same) is True
    assert 'class="attested"' not in other
