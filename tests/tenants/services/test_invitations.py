"""An invitation's link works once, for the right person, for a week."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.mail import EmailMultiAlternatives

from govapp.common.errors import Conflict, Forbidden, Invalid, NotFound
from tenants.models import Invitation, Membership, User
from tenants.services.people import (
    accept_invitation,
    invite_member,
    resend_invitation,
    revoke_invitation,
)
from tenants.tasks import send_invitation
from tests.conftest import MoveClock
from tests.people import PASSWORD, Company, make_user
from tests.tenants.ledger import events, summaries

pytestmark = pytest.mark.django_db


def invite(acme: Company, email: str = "dora@acme.example") -> tuple[Invitation, str]:
    return invite_member(actor=acme.olivia, email=email, name="Dora", roles=["approver"])


def test_a_new_person_joins_with_a_login_of_their_own(acme: Company) -> None:
    _, token = invite(acme, " Dora@ACME.example ")
    member = accept_invitation(token=token, name="Dora Diaz", password=PASSWORD)
    assert (member.user.email, member.user.name) == ("dora@acme.example", "Dora Diaz")
    assert member.roles == ["approver"]
    assert member.user.check_password(PASSWORD)
    assert EmailAddress.objects.get(user=member.user).verified
    assert summaries("member.invited", "member.joined")[-2:] == [
        "Olivia invited dora@acme.example as Approver.",
        "Dora Diaz joined as Approver, by invitation.",
    ]


def test_the_token_is_stored_nowhere(acme: Company) -> None:
    invitation, token = invite(acme)
    stored = Invitation.objects.filter(pk=invitation.pk).values().get()
    assert token not in str(stored) + str(events("member.invited"))


def test_a_link_works_once(acme: Company) -> None:
    _, token = invite(acme)
    accept_invitation(token=token, name="Dora", password=PASSWORD)
    with pytest.raises(Conflict, match="accepted already"):
        accept_invitation(token=token, name="Eve", password=PASSWORD)


def test_a_withdrawn_link_does_not_work(acme: Company) -> None:
    invitation, token = invite(acme)
    revoke_invitation(actor=acme.olivia, invitation=invitation)
    with pytest.raises(Conflict, match="withdrawn"):
        accept_invitation(token=token, name="Dora", password=PASSWORD)
    with pytest.raises(Conflict, match="withdrawn"):
        resend_invitation(actor=acme.olivia, invitation=invitation)
    invite(acme)


def test_a_link_expires_and_can_be_sent_anew(acme: Company, move_clock: MoveClock) -> None:
    invitation, token = invite(acme)
    move_clock(timedelta(days=7))
    with pytest.raises(Conflict, match="expired"):
        accept_invitation(token=token, name="Dora", password=PASSWORD)
    resend_invitation(actor=acme.olivia, invitation=invitation)
    accept_invitation(token=token, name="Dora", password=PASSWORD)


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "\0", "\ud800"])
def test_an_unknown_token_is_not_found(acme: Company, token: str) -> None:
    with pytest.raises(NotFound):
        accept_invitation(token=token, name="Dora", password=PASSWORD)


@pytest.mark.parametrize(
    ("name", "password", "pointer"),
    [
        ("", PASSWORD, "/name"),
        ("Dora\u202e", PASSWORD, "/name"),
        ("Dora", "short", "/password"),
        ("Dora", "dora@acme.example", "/password"),
    ],
)
def test_a_bad_name_or_password_is_refused_and_the_link_still_works(
    acme: Company, name: str, password: str, pointer: str
) -> None:
    _, token = invite(acme)
    with pytest.raises(Invalid) as refusal:
        accept_invitation(token=token, name=name, password=password)
    assert [e.pointer for e in refusal.value.errors] == [pointer]
    assert not User.objects.filter(email="dora@acme.example").exists()
    accept_invitation(token=token, name="Dora", password=PASSWORD)


def test_a_link_never_changes_a_login_that_exists(acme: Company) -> None:
    dora = make_user("dora")
    _, token = invite(acme)
    with pytest.raises(Forbidden, match=r"log in as dora@acme\.example"):
        accept_invitation(token=token, name="Eve", password="another " + PASSWORD)
    dora.refresh_from_db()
    assert dora.check_password(PASSWORD)
    assert accept_invitation(token=token, user=dora).user == dora


def test_somebody_else_cannot_accept(acme: Company) -> None:
    _, token = invite(acme)
    eve = make_user("eve")
    with pytest.raises(Forbidden, match=r"this invitation is for dora@acme\.example"):
        accept_invitation(token=token, user=eve)
    make_user("dora")
    with pytest.raises(Forbidden):
        accept_invitation(token=token, user=eve)
    assert not Membership.objects.filter(user=eve).exists()


def test_members_and_the_invited_are_not_invited(acme: Company) -> None:
    with pytest.raises(Conflict, match="member already"):
        invite(acme, "alice@acme.example")
    invite(acme)
    with pytest.raises(Conflict, match="invited already"):
        invite(acme)


@pytest.mark.parametrize("email", ["", "dora", "dora@", "a b@acme.example", "d\0@acme.example"])
def test_an_address_has_to_be_one(acme: Company, email: str) -> None:
    with pytest.raises(Invalid) as refusal:
        invite(acme, email)
    assert [e.pointer for e in refusal.value.errors] == ["/email"]


@pytest.mark.parametrize("name", ["carl", "alice", "audrey"])
def test_only_owners_invite(acme: Company, name: str) -> None:
    actor = getattr(acme, name)
    invitation, _ = invite(acme)
    with pytest.raises(Forbidden):
        invite_member(actor=actor, email="e@acme.example", name="", roles=["owner"])
    with pytest.raises(Forbidden):
        resend_invitation(actor=actor, invitation=invitation)
    with pytest.raises(Forbidden):
        revoke_invitation(actor=actor, invitation=invitation)


def test_the_task_mails_the_link_that_works(acme: Company) -> None:
    invitation, token = invite(acme)
    send_invitation(str(acme.id), str(invitation.pk))
    (message,) = mail.outbox
    assert message.to == ["dora@acme.example"]
    assert message.subject == "Olivia invites you to Acme on Govapp"
    assert f"/invitations/{token}/\n" in message.body
    assert isinstance(message, EmailMultiAlternatives)
    (html,) = message.alternatives
    assert f'/invitations/{token}/"' in str(html[0])


def test_nothing_is_mailed_for_an_answered_invitation(acme: Company) -> None:
    invitation, token = invite(acme)
    accept_invitation(token=token, name="Dora", password=PASSWORD)
    send_invitation(str(acme.id), str(invitation.pk))
    assert mail.outbox == []
