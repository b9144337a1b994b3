"""Links in messages: opening decides nothing; one vote, only where it is allowed."""

import json
from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from approvals.enums import RequestStatus, Verdict, VoteChannel
from approvals.models import ActionRequest, ReviewLink, Vote
from approvals.services.categories import change_category
from approvals.services.links import make_review_link, open_link, vote_by_link
from audit.models import LedgerEvent
from govapp.common.errors import Conflict, Forbidden, NotFound, Stale
from govapp.common.ids import public_id
from govapp.common.tenancy import tenant_transaction
from tenants.models import Membership
from tenants.services.people import suspend_member
from tenants.services.tenants import update_settings
from tests.approvals.world import FOUR_EYES, World, make_world, policy, stage
from tests.conftest import MoveClock
from tests.support.recorded import text_of

pytestmark = pytest.mark.django_db


def lenient(document: object = FOUR_EYES) -> World:
    """A tenant that lets low risk be decided from a link, and payments of low risk."""
    world = make_world(document)  # type: ignore[arg-type]
    with tenant_transaction(world.company.id):
        update_settings(actor=world.company.olivia, tenant=world.company.tenant, link_voting=True)
        category = change_category(actor=world.company.carl, category=world.category, risk="low")
    return replace(world, category=category)


def link_for(world: World, request: ActionRequest, member: Membership) -> str:
    with tenant_transaction(world.company.id):
        url = make_review_link(request=request, member=member)
    assert url.startswith("http://127.0.0.1:8000/l/")
    return url.removeprefix("http://127.0.0.1:8000/l/")


def vote(token: str, request: ActionRequest, verdict: Verdict = Verdict.APPROVE) -> ActionRequest:
    return vote_by_link(
        token=token,
        verdict=verdict,
        payload_digest=request.payload_digest,
        request_version=request.version,
        reason="" if verdict == Verdict.APPROVE else "no",
    )


def test_opening_shows_the_request_and_changes_nothing() -> None:
    world = lenient()
    request = world.submit()
    token = link_for(world, request, world.company.alice)
    for _ in range(3):
        opened = open_link(token)
        assert (opened.tenant_id, opened.tenant_slug) == (world.company.id, "acme")
        assert (opened.request.pk, opened.member.pk) == (request.pk, world.company.alice.pk)
        assert (opened.may_vote_here, opened.needs_login, opened.why_not) == (True, False, "")
    with tenant_transaction(world.company.id):
        assert ReviewLink.objects.get().used_at is None
        assert ActionRequest.objects.get().status == RequestStatus.PENDING


def test_a_link_votes_once() -> None:
    world = lenient(policy(stage(("finance", 1), ("risk", 1))))
    request = world.submit()
    token = link_for(world, request, world.company.alice)
    assert vote(token, request).status == RequestStatus.PENDING
    with tenant_transaction(world.company.id):
        assert Vote.objects.get().channel == VoteChannel.LINK
    opened = open_link(token)
    assert (opened.may_vote_here, opened.needs_login) == (False, True)
    with pytest.raises(Forbidden, match="has been used"):
        vote(token, request)


@pytest.mark.parametrize("missing", ["link_voting", "risk"])
def test_anything_else_asks_for_a_login(missing: str) -> None:
    world = lenient()
    request = world.submit()
    with tenant_transaction(world.company.id):
        if missing == "risk":
            change_category(actor=world.company.carl, category=world.category, risk="medium")
        else:
            update_settings(
                actor=world.company.olivia, tenant=world.company.tenant, link_voting=False
            )
    token = link_for(world, request, world.company.alice)
    opened = open_link(token)
    assert (opened.may_vote_here, opened.needs_login) == (False, True)
    with pytest.raises(Forbidden):
        vote(token, request)
    with tenant_transaction(world.company.id):
        assert not Vote.objects.exists()


def test_a_link_expires_at_the_deadline(move_clock: MoveClock) -> None:
    world = lenient()
    request = world.submit()
    token = link_for(world, request, world.company.alice)
    move_clock(timedelta(hours=4))
    assert open_link(token).may_vote_here is False
    with pytest.raises(Forbidden, match="expired"):
        vote(token, request)


def test_a_link_to_a_finished_request_says_how_it_ended() -> None:
    world = lenient()
    request = world.submit()
    token = link_for(world, request, world.company.alice)
    world.vote(world.company.bob, request, Verdict.DENY)
    opened = open_link(token)
    assert (opened.may_vote_here, opened.needs_login) == (False, False)
    assert opened.why_not.startswith("This request has been denied by Bob on ")
    with pytest.raises(Conflict, match="has been denied by Bob"):
        vote(token, request)


def test_a_vote_is_bound_to_what_was_seen() -> None:
    world = lenient()
    request = world.submit()
    token = link_for(world, request, world.company.alice)
    request.payload_digest = "sha256:00"
    with pytest.raises(Stale):
        vote(token, request)
    with tenant_transaction(world.company.id):
        assert ReviewLink.objects.get().used_at is None


def test_a_link_gives_no_right_that_its_person_has_not() -> None:
    world = lenient()
    request = world.submit()
    token = link_for(world, request, world.company.alice)
    with tenant_transaction(world.company.id):
        suspend_member(actor=world.company.olivia, member=world.company.alice)
    with pytest.raises(NotFound):
        open_link(token)
    with pytest.raises(NotFound):
        vote(token, request)
    outsider = link_for(world, request, world.company.charlie)
    assert open_link(outsider).may_vote_here is False
    with pytest.raises(Forbidden):
        vote(outsider, request)


@pytest.mark.parametrize("token", ["", "x", "x" * 5000, "\udcff", "é" * 43, "0" * 43])
def test_a_token_that_was_never_made_is_not_found(token: str) -> None:
    lenient()
    with pytest.raises(NotFound):
        open_link(token)


def test_the_record_says_that_a_link_was_made_and_not_which() -> None:
    world = make_world(FOUR_EYES)
    request = world.submit()
    token = link_for(world, request, world.company.alice)
    with tenant_transaction(world.company.id):
        event = LedgerEvent.objects.get(type="review_link.made")
        link = ReviewLink.objects.get()
        body = text_of(event)
    assert (event.request_id, event.subject_id) == (request.pk, world.company.alice.public_id)
    assert json.loads(body)["data"] == {
        "link": public_id("lnk", link.pk),
        "payload_digest": request.payload_digest,
        "expires_at": link.expires_at.astimezone(UTC).isoformat(),
    }
    assert token not in body
    assert bytes(link.token_hash).hex() not in body
