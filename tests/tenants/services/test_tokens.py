"""A member's tokens are issued and revoked, and stop with the member."""

from datetime import timedelta

import pytest

from govapp.common.errors import Conflict, Forbidden, Invalid
from tenants.keys import USER_MARK, make_key
from tenants.models import MemberToken
from tenants.services.access import Shown, authenticate_key
from tenants.services.people import suspend_member
from tenants.services.tokens import MOST_LIVE_TOKENS, authenticate_token, issue_token, revoke_token
from tests.conftest import MoveClock
from tests.people import Company
from tests.tenants.ledger import events, summaries

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def issue(acme: Company) -> tuple[MemberToken, str]:
    return issue_token(actor=acme.carl, label="scripts", lifetime=DAY)


def test_a_token_names_its_member_and_its_text_is_stored_nowhere(acme: Company) -> None:
    token, text = issue(acme)
    principal = authenticate_token(text)
    assert principal is not None
    assert (principal.tenant_id, principal.member_id, principal.token_id) == (
        acme.id,
        acme.carl.pk,
        token.pk,
    )
    secret = text.rpartition("_")[2]
    assert secret not in str(MemberToken.objects.filter(pk=token.pk).values().get())
    assert secret not in str(events("member_token.issued"))
    assert summaries("member_token.issued") == [
        f"Carl issued the API token scripts ({token.prefix}) of Carl."
    ]


def test_a_members_token_is_no_agents_key_and_the_other_way_round(acme: Company) -> None:
    _, text = issue(acme)
    assert authenticate_key(Shown(text)) is None
    assert authenticate_token(make_key().text) is None
    assert authenticate_token(make_key(USER_MARK).text) is None


def test_it_is_refused_when_revoked_expired_or_its_member_is_suspended(
    acme: Company, move_clock: MoveClock
) -> None:
    token, revoked = issue(acme)
    _, suspended = issue_token(actor=acme.alice, label="scripts", lifetime=DAY)
    _, expired = issue(acme)
    revoke_token(actor=acme.carl, token=token)
    suspend_member(actor=acme.olivia, member=acme.alice, reason="Left")
    assert authenticate_token(revoked) is None
    assert authenticate_token(suspended) is None
    assert authenticate_token(expired) is not None
    move_clock(DAY)
    assert authenticate_token(expired) is None


def test_only_its_member_and_owners_revoke_it_and_only_once(acme: Company) -> None:
    token, _ = issue(acme)
    with pytest.raises(Forbidden):
        revoke_token(actor=acme.alice, token=token)
    revoke_token(actor=acme.olivia, token=token)
    with pytest.raises(Conflict, match="revoked already"):
        revoke_token(actor=acme.carl, token=token)


@pytest.mark.parametrize("lifetime", [timedelta(minutes=59), timedelta(days=91)])
def test_a_lifetime_has_limits(acme: Company, lifetime: timedelta) -> None:
    with pytest.raises(Invalid, match=r".*"):
        issue_token(actor=acme.carl, label="scripts", lifetime=lifetime)


def test_ten_live_tokens_are_enough(acme: Company) -> None:
    for _ in range(MOST_LIVE_TOKENS):
        issue(acme)
    with pytest.raises(Conflict, match="ten live tokens"):
        issue(acme)
    revoke_token(actor=acme.carl, token=MemberToken.objects.earliest("id"))
    assert issue(acme)[0].label == "scripts"
