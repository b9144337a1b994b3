"""The page that says who vouches for the record, and what it says when nobody does."""

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from audit.models import Voucher
from audit.selectors.directory import REFUSED
from audit.services.directory import grow_directory
from audit.services.sequencer import sequence_tenant
from tenants.models import Membership
from tests.audit.vouched import Witness
from tests.people import Company, make_company

pytestmark = pytest.mark.django_db

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def acme() -> Company:
    """A company whose record is signed and in the directory."""
    company = make_company()
    while sequence_tenant(tenant_id=company.id):
        pass
    grow_directory()
    return company


def page(member: Membership, path: str = "anchors/") -> str:
    client = Client()
    client.force_login(member.user, backend=BACKEND)
    response = client.get(f"/t/acme/audit/{path}")
    assert response.status_code == 200
    return response.content.decode()


def test_nobody_vouches(acme: Company) -> None:
    said = page(acme.audrey)
    assert "Nobody else vouches for this record yet" in said
    assert "directory.govapp.example/" in said  # what a witness of the reader's own needs


def test_who_vouches_for_how_much(acme: Company, settings: Settings) -> None:
    witness = Witness()
    settings.LEDGER_WITNESSES = [witness.setting]
    assert "Nobody has vouched for this record yet" in page(acme.audrey)
    witness.cosign(1)
    said = page(acme.audrey)
    assert "witness.example/w1 vouches for the first" in said
    assert '<time datetime="2027-01-15T08:00:00+00:00">' in said


def test_who_does_not_answer_is_said_with_the_reason(acme: Company, settings: Settings) -> None:
    witness = Witness()
    settings.LEDGER_WITNESSES = [witness.setting]
    witness.cosign(1)
    Voucher.objects.update(failure="It answered with status <503>.", attempts=3)
    said = page(acme.audrey)
    assert "Not everybody who is asked answers" in said
    assert "It answered with status &lt;503&gt;. Tried 3 times." in said


def test_a_refusal_is_not_said_lightly(acme: Company, settings: Settings) -> None:
    witness = Witness()
    settings.LEDGER_WITNESSES = [witness.setting]
    witness.cosign(1)
    Voucher.objects.update(failure=REFUSED, attempts=1)
    assert "A witness refuses to vouch" in page(acme.audrey)


def test_the_record_says_it_in_one_line(acme: Company, settings: Settings) -> None:
    assert "vouches for" not in page(acme.audrey, "")
    witness = Witness()
    settings.LEDGER_WITNESSES = [witness.setting]
    witness.cosign(1)
    assert "witness.example/w1 vouches for" in page(acme.audrey, "")


def test_who_may_not_read_the_record_may_not_read_this(acme: Company) -> None:
    client = Client()
    client.force_login(acme.alice.user, backend=BACKEND)
    expected = client.get("/t/acme/audit/").status_code
    assert client.get("/t/acme/audit/anchors/").status_code == expected == 403
