"""What rules attach is enforced: delay, step-up, notes, and who is told."""

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache

from approvals.enums import Verdict
from approvals.models import ActionRequest, Notification
from approvals.obligations import grant_not_before
from approvals.services.execution import issue_grant, revoke_grant
from approvals.services.links import make_review_link, open_link, vote_by_link
from approvals.services.messages import Message, compose
from approvals.transports.email import render_html, render_text
from audit.models import LedgerEvent
from govapp.common.errors import Conflict, Forbidden, NotYet
from govapp.common.tenancy import tenant_transaction
from tenants.services.people import suspend_member
from tenants.services.second_factor import CodeProof, CodeRefused
from tests.approvals.documents import asks, rule, rules
from tests.approvals.views.conftest import be_low_risk
from tests.approvals.world import HOUR, MINUTE, World, make_world
from tests.conftest import MoveClock
from tests.support.authenticator import App
from tests.support.recorded import read

pytestmark = pytest.mark.django_db

STEP_UP = rules(asks("payments", flow="two", obligations={"step_up": True}))


@pytest.fixture(autouse=True)
def _no_codes_used(db: None) -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def events(world: World, kind: str) -> list[dict[str, Any]]:
    with tenant_transaction(world.company.id):
        rows = LedgerEvent.objects.filter(type=kind).order_by("id")
        return [read(row) for row in rows]


def told(world: World) -> list[str]:
    with tenant_transaction(world.company.id):
        rows = Notification.objects.filter(kind="informed").select_related("member__user")
        return sorted(str(row.member) for row in rows)


def grant(world: World, request: ActionRequest) -> Any:
    with tenant_transaction(world.company.id):
        return issue_grant(agent=world.agent, request_id=request.pk)


def test_a_delay_holds_the_permission_back(move_clock: MoveClock) -> None:
    world = make_world(
        rules(
            rule("short", "allow", obligations={"delay": "5m"}),
            rule("long", "allow", obligations={"delay": "10m"}),
        )
    )
    request = world.submit()
    assert request.status == "allowed"
    assert request.decided_at is not None
    due = request.decided_at + 10 * MINUTE
    assert grant_not_before(request) == due
    with pytest.raises(NotYet, match="holds the permission back until") as caught:
        grant(world, request)
    assert caught.value.not_before == due
    assert 540 < caught.value.retry_after <= 600
    move_clock(9 * MINUTE)
    with pytest.raises(NotYet):
        grant(world, request)
    move_clock(11 * MINUTE)
    assert grant(world, request).token


def test_the_delay_begins_with_the_decision_and_is_a_time_to_withdraw(
    move_clock: MoveClock,
) -> None:
    world = make_world(rules(asks("payments", obligations={"delay": "1h"})))
    request = world.submit()
    assert grant_not_before(request) is None
    move_clock(2 * HOUR)
    decided = world.vote(world.company.alice, request)
    assert decided.decided_at is not None
    assert grant_not_before(decided) == decided.decided_at + HOUR
    with pytest.raises(NotYet):
        grant(world, decided)
    with tenant_transaction(world.company.id):
        revoke_grant(actor=world.company.alice, request_id=request.pk, reason="Not that one.")
    with pytest.raises(Conflict, match="No permission can be issued any more"):
        grant(world, decided)


def test_a_refused_request_has_no_time_of_a_permission() -> None:
    world = make_world(rules(asks("payments", obligations={"delay": "1h"})))
    request = world.submit()
    denied = world.vote(world.company.alice, request, Verdict.DENY)
    assert (denied.status, grant_not_before(denied)) == ("denied", None)


@pytest.mark.parametrize("verdict", list(Verdict))
def test_step_up_asks_for_a_code_whatever_the_verdict(verdict: Verdict) -> None:
    world = make_world(STEP_UP)
    request, app = world.submit(), App(world.company.alice)
    for wrong in ("", "12345", "1234567", "abcdef"):
        with pytest.raises(CodeRefused) as refused:
            world.vote(world.company.alice, request, verdict, proof=CodeProof(wrong))
        assert [error.pointer for error in refused.value.errors] == ["/code"]
    world.vote(world.company.alice, request, verdict, proof=CodeProof(app.code()))
    assert len(events(world, "vote.refused")) == 4
    (cast,) = events(world, "vote.cast")
    assert cast["data"]["second_factor"] == "totp"
    assert app.secret not in str(events(world, "vote.refused"))


def test_a_vote_without_step_up_names_no_second_factor() -> None:
    world = make_world(rules(asks("payments")))
    world.vote(world.company.alice, world.submit(), proof=CodeProof("123456"))
    (cast,) = events(world, "vote.cast")
    assert cast["data"]["second_factor"] is None


def test_a_code_is_never_accepted_twice() -> None:
    world = make_world(STEP_UP)
    first, second, app = world.submit(), world.submit(), App(world.company.alice)
    code = app.code()
    world.vote(world.company.alice, first, proof=CodeProof(f"{code[:3]} {code[3:]}"))
    with pytest.raises(CodeRefused, match="has been used"):
        world.vote(world.company.alice, second, proof=CodeProof(code))


def test_the_code_of_somebody_else_is_none() -> None:
    world = make_world(STEP_UP)
    request, bobs = world.submit(), App(world.company.bob)
    App(world.company.alice)
    with pytest.raises(CodeRefused):
        world.vote(world.company.alice, request, proof=CodeProof(bobs.code()))


def test_codes_are_not_guessed_at_leisure() -> None:
    world = make_world(STEP_UP)
    request, app = world.submit(), App(world.company.alice)
    for number in range(5):
        with pytest.raises(CodeRefused):
            world.vote(world.company.alice, request, proof=CodeProof(f"x{number}"))
    with pytest.raises(Forbidden, match="Too many wrong codes"):
        world.vote(world.company.alice, request, proof=CodeProof(app.code()))


def test_a_code_is_not_used_up_by_a_vote_that_does_not_count() -> None:
    world = make_world(STEP_UP)
    request, app = world.submit(), App(world.company.alice)
    code = app.code()
    with pytest.raises(Exception, match="changed while you were reading"):
        world.vote(world.company.alice, request, proof=CodeProof(code), request_version=7)
    assert world.vote(world.company.alice, request, proof=CodeProof(code)).is_pending


def test_without_an_app_nobody_votes_on_step_up() -> None:
    world = make_world(STEP_UP)
    with pytest.raises(Forbidden, match="have not set one up"):
        world.vote(world.company.alice, world.submit(), proof=CodeProof("123456"))
    assert Authenticator.objects.count() == 0


def test_a_link_is_not_enough_for_step_up() -> None:
    world = make_world(STEP_UP)
    be_low_risk(world, link_voting=True)
    request = world.submit()
    with tenant_transaction(world.company.id):
        url = make_review_link(request=request, member=world.company.alice)
    token = url.rsplit("/", 1)[1]
    opened = open_link(token)
    assert (opened.may_vote_here, opened.needs_login) == (False, True)
    assert opened.why_not == "Log in to decide: a rule asks for a passkey or a code of your app."
    with pytest.raises(Forbidden, match="a passkey or a code of your app"):
        vote_by_link(
            token=token,
            verdict=Verdict.APPROVE,
            payload_digest=request.payload_digest,
            request_version=request.version,
        )


@pytest.mark.parametrize("outcome", ["allow", "deny", "require_approval"])
def test_whom_a_rule_names_is_told_whatever_the_outcome(outcome: str) -> None:
    notify = [{"group": "risk"}, {"role": "auditor"}, {"person": "Carl@acme.example"}]
    more: dict[str, Any] = {"flow": "one"} if outcome == "require_approval" else {}
    world = make_world(rules(rule("payments", outcome, obligations={"notify": notify}, **more)))
    with tenant_transaction(world.company.id):
        suspend_member(actor=world.company.olivia, member=world.company.audrey, reason="left")
    request = world.submit()
    assert told(world) == ["Bob", "Carl"]
    assert request.obligations["notify"]
    (submitted,) = events(world, "action_request.submitted")
    assert submitted["data"]["obligations"] == request.obligations


def messages(world: World, kind: str) -> list[Message]:
    with tenant_transaction(world.company.id):
        rows = Notification.objects.filter(kind=kind).select_related("member__user", "request")
        return [compose(row) for row in rows]


def test_what_is_told_asks_nothing_and_says_how_it_stands() -> None:
    told = {"notify": [{"person": "carl@acme.example"}], "attach_note": "Standard 4."}
    world = make_world(rules(asks("payments", obligations=told)))
    request = world.submit()
    (message,) = messages(world, "informed")
    assert (message.recipient, message.title) == ("Carl", "For your information: Pay Acme Ltd")
    text = render_text(message)
    assert "It waits for the approval of others. Nobody asks you to do anything." in text
    assert "Standard 4." in text
    assert "/l/" not in text
    world.vote(world.company.alice, request)
    (message,) = messages(world, "informed")
    html = render_html(message)
    assert "This request has been approved by Alice on" in html


def test_whoever_is_asked_reads_the_notes_and_of_the_code() -> None:
    attached = {"step_up": True, "attach_note": "Call \u202eback first."}
    world = make_world(rules(asks("payments", obligations=attached)))
    world.submit()
    (message,) = messages(world, "requested")
    for text in (render_text(message), render_html(message)):
        assert "You will be asked for your passkey or a code of your authenticator app" in text
        assert "Call ⟨U+202E⟩back first." in text


def test_nobody_is_told_of_what_no_matching_rule_names() -> None:
    world = make_world(rules(rule("payments", "allow")))
    world.submit()
    assert told(world) == []
