"""The reports page: asking, watching, cancelling, downloading."""

import pytest
from django.test import Client

from audit.models import LedgerEvent, Report, ReportSchedule
from audit.services.reports import make_report
from audit.services.sequencer import sequence_tenant
from govapp.common.ids import public_id
from govapp.common.tenancy import tenant_transaction
from tests.audit.views.test_explorer import signed_in
from tests.people import Company, make_company

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Company:
    return make_company()


def ask(client: Client, **form: str) -> None:
    assert client.post("/t/acme/reports/", form).status_code == 302


def only_report(company: Company) -> Report:
    with tenant_transaction(company.id):
        return Report.objects.get()


def test_a_report_is_asked_for_made_and_downloaded(acme: Company) -> None:
    carl = signed_in(acme.carl)
    sequence_tenant(tenant_id=acme.id)
    ask(carl, preset="week")
    response = carl.get("/t/acme/reports/")
    assert (response["Refresh"], b"Waiting for its turn" in response.content) == ("3", True)
    make_report(tenant_id=acme.id, report_id=only_report(acme).pk)
    report = only_report(acme)
    assert report.status == "ready"
    response = carl.get("/t/acme/reports/")
    assert "Refresh" not in response
    assert report.sha256.encode() in response.content
    response = carl.post(f"/t/acme/reports/{public_id('rep', report.pk)}/download")
    assert response.content == bytes(report.content or b"")
    assert response["Content-Type"] == "application/pdf"
    with tenant_transaction(acme.id):
        kinds = LedgerEvent.objects.filter(subject_type="report").order_by("id")
        assert list(kinds.values_list("type", "actor_kind")) == [
            ("report.requested", "person"),
            ("report.finished", "system"),
            ("report.downloaded", "person"),
        ]


def test_a_report_is_cancelled(acme: Company) -> None:
    carl = signed_in(acme.carl)
    ask(carl, preset="month")
    page = f"/t/acme/reports/{public_id('rep', only_report(acme).pk)}/cancel"
    assert carl.post(page).status_code == 302
    assert only_report(acme).status == "cancelled"
    assert carl.post(page).status_code == 302
    assert only_report(acme).status == "cancelled"


@pytest.mark.parametrize(
    "form",
    [
        {"since": "2026-02-01", "until": "2026-01-01"},
        {"since": "x", "until": "2026-01-01"},
        {"since": "2099-01-01", "until": "2099-01-02"},
        {"since": "0001-01-01", "until": "0001-01-02"},
        {"since": "9999-12-30", "until": "9999-12-31"},
        {},
    ],
)
def test_a_period_that_makes_no_sense_makes_no_report(acme: Company, form: dict[str, str]) -> None:
    ask(signed_in(acme.carl), **form)
    with tenant_transaction(acme.id):
        assert Report.objects.count() == 0


def test_approvers_and_other_tenants_get_nothing(acme: Company) -> None:
    ask(signed_in(acme.carl), preset="week")
    ident = public_id("rep", only_report(acme).pk)
    other = signed_in(make_company("umbrella").carl)
    for action in ("download", "cancel"):
        assert signed_in(acme.alice).post(f"/t/acme/reports/{ident}/{action}").status_code == 403
        assert other.post(f"/t/umbrella/reports/{ident}/{action}").status_code == 404
    assert only_report(acme).status == "queued"


def test_any_kind_is_asked_for_and_compared(acme: Company) -> None:
    ask(signed_in(acme.carl), preset="week", kind="access", compare="1")
    report = only_report(acme)
    assert (report.kind, report.is_compared) == ("access", True)


def test_an_unknown_kind_makes_no_report(acme: Company) -> None:
    ask(signed_in(acme.carl), preset="week", kind="astrology")
    with tenant_transaction(acme.id):
        assert Report.objects.count() == 0


def test_a_preview_is_the_same_document_and_keeps_nothing(acme: Company) -> None:
    sequence_tenant(tenant_id=acme.id)
    response = signed_in(acme.carl).post(
        "/t/acme/reports/preview", {"preset": "week", "kind": "access", "compare": "1"}
    )
    words = response.content.decode()
    assert response.status_code == 200
    assert "Preview, not signed." in words
    assert "<h1>Access and credentials</h1>" in words
    assert "Figures are compared with" in words
    assert "style=" not in words
    with tenant_transaction(acme.id):
        assert Report.objects.count() == 0


def test_a_preview_of_nonsense_is_refused(acme: Company) -> None:
    sequence_tenant(tenant_id=acme.id)
    carl = signed_in(acme.carl)
    page = "/t/acme/reports/preview"
    assert carl.post(page, {"since": "2026-02-01", "until": "2026-01-01"}).status_code == 400
    assert carl.post(page, {"preset": "week", "kind": "astrology"}).status_code == 404
    assert carl.get(page).status_code == 405


def test_officers_attest_and_auditors_do_not(acme: Company) -> None:
    carl = signed_in(acme.carl)
    ask(carl, preset="week")
    report = only_report(acme)
    with tenant_transaction(acme.id):
        Report.objects.update(status="ready", sha256="ab" * 32)
    page = f"/t/acme/reports/{public_id('rep', report.pk)}/attest"
    with tenant_transaction(acme.id):
        roles = acme.alice.roles
        type(acme.alice).objects.filter(pk=acme.alice.pk).update(roles=["auditor"])
    assert signed_in(acme.alice).post(page, {"statement": "I saw it."}).status_code == 403
    with tenant_transaction(acme.id):
        type(acme.alice).objects.filter(pk=acme.alice.pk).update(roles=roles)
    assert carl.post(page, {"statement": "I saw it."}).status_code == 302
    words = carl.get("/t/acme/reports/").content.decode()
    assert "Attested by Carl" in words
    assert "“I saw it.”" in words
    assert f"{page}" not in words  # no form for whoever has attested


def test_a_reader_takes_and_leaves_the_link_of_a_schedule(acme: Company) -> None:
    carl = signed_in(acme.carl)
    assert carl.post("/t/acme/reports/schedules", {"every": "month", "kind": "soc-2"}).status_code
    with tenant_transaction(acme.id):
        schedule = ReportSchedule.objects.get()
    assert (schedule.kind, schedule.recipients) == ("soc-2", [acme.carl.public_id])
    page = f"/t/acme/reports/schedules/{public_id('rsc', schedule.pk)}/delivery"
    for wanted, recipients in (("0", []), ("1", [acme.carl.public_id])):
        assert carl.post(page, {"wanted": wanted}).status_code == 302
        with tenant_transaction(acme.id):
            assert ReportSchedule.objects.get().recipients == recipients
