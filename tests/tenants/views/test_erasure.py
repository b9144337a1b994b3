"""The page that erases a person: it shows what goes, who may use it, and what is missing."""

from datetime import timedelta

import pytest
from django.test import Client

from audit.models import HoldKind, LedgerEvent, Report
from audit.services.holds import Scope, place_hold
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tenants.enums import Role
from tenants.models import Membership, User
from tenants.services.groups import add_to_group
from tenants.services.people import add_member, suspend_member
from tests.people import Company, make_company

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
NAME, ADDRESS = "Zelda Quist-Öberg", "zelda.quist@acme.example"


@pytest.fixture
def acme() -> Company:
    return make_company()


@pytest.fixture
def zelda(acme: Company) -> Membership:
    user = User.objects.create_user(ADDRESS, "correct horse battery", name=NAME)
    with tenant_transaction(acme.id):
        member = add_member(actor=acme.olivia, user=user, roles=[Role.APPROVER])
        add_to_group(actor=acme.olivia, group=acme.finance, member=member)
    return member


def signed_in(member: Membership) -> Client:
    client = Client()
    client.force_login(member.user, backend=BACKEND)
    return client


def path_of(member: Membership) -> str:
    return f"/t/acme/people/{member.public_id}/erase"


def suspended(acme: Company, member: Membership) -> None:
    with tenant_transaction(acme.id):
        suspend_member(actor=acme.olivia, member=member, reason="Left", confirmed=True)


@pytest.mark.parametrize(
    ("who", "status"), [("olivia", 200), ("carl", 200), ("alice", 403), ("audrey", 403)]
)
def test_who_may_look(acme: Company, zelda: Membership, who: str, status: int) -> None:
    client = signed_in(getattr(acme, who))
    assert client.get(path_of(zelda)).status_code == status
    page = client.get(f"/t/acme/people/{zelda.public_id}/").content.decode()
    assert (f'href="{path_of(zelda)}"' in page) is (status == 200)


def test_nobody_erases_themselves(acme: Company) -> None:
    client = signed_in(acme.olivia)
    assert client.get(path_of(acme.olivia)).status_code == 403
    assert path_of(acme.olivia) not in client.get(
        f"/t/acme/people/{acme.olivia.public_id}/"
    ).content.decode()  # fmt: skip


def test_what_hinders_is_said_and_nothing_is_erased(acme: Company, zelda: Membership) -> None:
    client = signed_in(acme.olivia)
    page = client.get(path_of(zelda)).content.decode()
    assert f"{NAME} is active: suspend them first." in page
    assert "for good</button>" not in page
    refused = client.post(path_of(zelda), {"reason": "They asked", "is_sure": "on"})
    assert refused.status_code == 422
    with tenant_transaction(acme.id):
        assert Membership.objects.get(pk=zelda.pk).user.name == NAME


@pytest.mark.parametrize("missing", ["reason", "is_sure"])
def test_a_reason_and_a_word_are_needed(acme: Company, zelda: Membership, missing: str) -> None:
    suspended(acme, zelda)
    form = {"reason": "They asked", "is_sure": "on"}
    form.pop(missing)
    answer = signed_in(acme.carl).post(path_of(zelda), form)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [missing])


def test_a_person_is_erased(acme: Company, zelda: Membership) -> None:
    suspended(acme, zelda)
    client = signed_in(acme.carl)
    page = client.get(path_of(zelda)).content.decode()
    assert "Groups: <strong>1</strong>" in page
    answer = client.post(
        path_of(zelda), {"reason": "At their own request", "is_sure": "on"}, follow=True
    )
    body = answer.content.decode()
    assert "The person is erased" in body
    assert (NAME in body, ADDRESS in body) == (False, False)
    again = client.get(path_of(zelda)).content.decode()
    assert "They were erased before: there is nothing left." in again
    assert path_of(zelda) not in client.get(
        f"/t/acme/people/{zelda.public_id}/"
    ).content.decode()  # fmt: skip
    with tenant_transaction(acme.id):
        assert LedgerEvent.objects.filter(type="subject.erased").count() == 1


def test_what_a_hold_keeps_is_said_before_and_after(acme: Company, zelda: Membership) -> None:
    suspended(acme, zelda)
    with tenant_transaction(acme.id):
        Report.objects.create(
            kind="oversight", requested_by_id=acme.carl.public_id, requested_by_name="Carl",
            period_start=clock.now() - timedelta(days=1), period_end=clock.now(),
            status="ready", content=b"%PDF",
        )  # fmt: skip
        place_hold(
            actor=acme.carl.as_actor(), scope=Scope(HoldKind.SUBJECT, acme.alice.public_id),
            matter="Archer v. Acme", reason="We were told to.",
        )  # fmt: skip
    client = signed_in(acme.carl)
    words = "1 report with something that the legal hold “Archer v. Acme” keeps"
    assert words in client.get(path_of(zelda)).content.decode()
    answer = client.post(path_of(zelda), {"reason": "They asked", "is_sure": "on"}, follow=True)
    assert "1 file stays for now: the legal hold “Archer v. Acme” keeps" in answer.content.decode()
