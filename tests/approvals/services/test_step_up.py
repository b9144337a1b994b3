"""Step-up by passkey: for one verdict, on one request, as it was seen; on the page only."""

from dataclasses import dataclass
from typing import Any

import pytest

from approvals.enums import Verdict, VoteChannel
from approvals.models import ActionRequest
from approvals.services.changed_action import ProposedChange
from approvals.services.changes import approve_with_changes, preview_changes
from approvals.services.links import make_review_link, open_link
from approvals.services.step_up import bound_to
from govapp.common.errors import Forbidden
from govapp.common.tenancy import bind_tenant, tenant_transaction
from tenants.models import Membership
from tenants.services.second_factor import PasskeyProof, PasskeyRefused, begin_passkey
from tests.approvals.documents import asks, rules
from tests.approvals.emergencies import events
from tests.approvals.views.conftest import be_low_risk
from tests.approvals.world import World, make_world
from tests.support.passkey import HOST, Passkey

pytestmark = pytest.mark.django_db


@dataclass
class Hand:
    """A person with a passkey."""

    member: Membership
    passkey: Passkey

    def sign(self, request: ActionRequest, act: str, **seen: Any) -> PasskeyProof:
        bound = bound_to(request, act, **seen)
        asked = begin_passkey(user=self.member.user, bound_to=bound, rp_id=HOST)
        return PasskeyProof(self.passkey.answer(asked))


@pytest.fixture
def world() -> World:
    return make_world(rules(asks("payments", flow="two", obligations={"step_up": True})))


@pytest.fixture
def alice(world: World) -> Hand:
    return Hand(world.company.alice, Passkey(world.company.alice))


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_passkey_serves_whatever_the_verdict(world: World, alice: Hand, verdict: Verdict) -> None:
    request = world.submit()
    world.vote(alice.member, request, verdict, proof=alice.sign(request, verdict))
    (cast,) = events(world, "vote.cast")
    assert cast["data"]["second_factor"] == "passkey"


def test_what_was_signed_as_a_denial_is_no_approval(world: World, alice: Hand) -> None:
    request = world.submit()
    with pytest.raises(PasskeyRefused, match="asked for something else"):
        world.vote(alice.member, request, proof=alice.sign(request, Verdict.DENY))
    (refused,) = events(world, "vote.refused")
    assert "asked for something else" in refused["data"]["why"]


def test_what_was_signed_for_one_request_is_for_no_other(world: World, alice: Hand) -> None:
    first, second = world.submit(), world.submit()
    with pytest.raises(PasskeyRefused, match="asked for something else"):
        world.vote(alice.member, second, proof=alice.sign(first, Verdict.APPROVE))


@pytest.mark.parametrize("seen", [{"digest": "sha256-other"}, {"version": 2}])
def test_what_was_signed_is_what_was_seen(world: World, alice: Hand, seen: dict[str, Any]) -> None:
    request = world.submit()
    with pytest.raises(PasskeyRefused, match="asked for something else"):
        world.vote(alice.member, request, proof=alice.sign(request, Verdict.APPROVE, **seen))


def test_what_was_signed_is_no_approval_of_what_it_was_made_into(world: World, alice: Hand) -> None:
    """Neither a proof for the request as it stands nor one for another change of it."""
    with tenant_transaction(world.company.id):
        world.category.editable_fields = ["amount"]
        world.category.save()
    request, said = world.submit(), {"amount": "1.00"}

    def change(proof: PasskeyProof) -> ActionRequest:
        with bind_tenant(world.company.id):
            return approve_with_changes(
                member=alice.member, request_id=request.pk, changes=said, proof=proof,
                payload_digest=request.payload_digest, request_version=request.version,
            )  # fmt: skip

    def act(amount: str) -> str:
        proposed = ProposedChange({"amount": amount})
        with tenant_transaction(world.company.id):
            return preview_changes(member=alice.member, request_id=request.pk, change=proposed).act

    this, next_one = act("1.00"), world.submit()
    for other in (Verdict.APPROVE.value, act("2.00")):
        with pytest.raises(PasskeyRefused, match="asked for something else"):
            change(alice.sign(request, other))
    assert change(alice.sign(request, this)).payload == said
    with pytest.raises(PasskeyRefused, match="asked for something else"):
        world.vote(alice.member, next_one, proof=alice.sign(next_one, this))


def test_a_passkey_is_not_used_up_by_a_vote_that_does_not_count(world: World, alice: Hand) -> None:
    request = world.submit()
    proof = alice.sign(request, Verdict.APPROVE)
    with pytest.raises(Exception, match="changed while you were reading"):
        world.vote(alice.member, request, proof=proof, request_version=7)
    assert world.vote(alice.member, request, proof=proof).is_pending


def test_it_is_remembered_never(world: World, alice: Hand) -> None:
    first, second = world.submit(), world.submit()
    proof = alice.sign(first, Verdict.APPROVE)
    world.vote(alice.member, first, proof=proof)
    with pytest.raises(PasskeyRefused, match="used already"):
        world.vote(alice.member, second, proof=proof)


@pytest.mark.parametrize("channel", [VoteChannel.INBOX, VoteChannel.LINK, VoteChannel.SLACK])
def test_only_the_page_asks_for_it(world: World, alice: Hand, channel: VoteChannel) -> None:
    request = world.submit()
    with pytest.raises(Forbidden, match="Log in to decide"):
        world.vote(
            alice.member, request, proof=alice.sign(request, Verdict.APPROVE), channel=channel
        )


def test_a_rule_that_wants_a_login_is_decided_by_no_link_and_in_no_chat() -> None:
    world = make_world(rules(asks("payments", obligations={"login": True})))
    be_low_risk(world, link_voting=True)
    request, alice = world.submit(), world.company.alice
    with tenant_transaction(world.company.id):
        token = make_review_link(request=request, member=alice).rsplit("/", 1)[1]
    opened = open_link(token)
    assert (opened.may_vote_here, opened.needs_login) == (False, True)
    assert opened.why_not == "Log in to decide: a rule asks for a login."
    for channel in (VoteChannel.LINK, VoteChannel.SLACK):
        with pytest.raises(Forbidden, match="a rule asks for a login"):
            world.vote(alice, request, channel=channel)
    assert world.vote(alice, request, channel=VoteChannel.INBOX).status == "approved"
