"""Alone, by votes, or denied, all at the same moment: exactly one of them is how it ended."""

from functools import partial

from django.db import transaction

from approvals.enums import Verdict
from approvals.models import ActionRequest, BreakGlassReview, Vote
from approvals.services.step_up import BREAK_GLASS, bound_to
from govapp.common.errors import DomainError
from govapp.common.tenancy import tenant_transaction
from tenants.services.second_factor import PasskeyProof, PasskeyRefused, begin_passkey
from tests.approvals.emergencies import approve_alone, may_act_alone
from tests.approvals.world import FOUR_EYES, World, make_world
from tests.support.committed import CommittedDatabase
from tests.support.passkey import HOST, Passkey

ROUNDS = 6


def proof(world: World, passkey: Passkey, request: ActionRequest) -> PasskeyProof:
    asked = begin_passkey(
        user=world.company.charlie.user, bound_to=bound_to(request, BREAK_GLASS), rp_id=HOST
    )
    return PasskeyProof(passkey.answer(asked))


def test_many_at_once_have_one_end(committed_db: CommittedDatabase) -> None:
    world = make_world(FOUR_EYES)
    company = world.company
    may_act_alone(world, company.charlie)
    with transaction.atomic():
        passkey = Passkey(company.charlie)
    for _ in range(ROUNDS):
        request = world.submit()
        world.vote(company.alice, request)
        given = proof(world, passkey, request)
        outcomes = committed_db.at_once(
            [
                partial(approve_alone, world, company.charlie, request, proof=given),
                partial(world.vote, company.bob, request),
                partial(world.vote, company.bob, request, Verdict.DENY),
            ]
        )
        good = [each for each in outcomes if isinstance(each, ActionRequest)]
        bad = [each for each in outcomes if isinstance(each, Exception)]
        assert all(isinstance(each, DomainError) for each in bad), bad
        assert len(good) == 1
        with tenant_transaction(company.id):
            found = ActionRequest.objects.get(pk=request.pk)
            alone = Vote.objects.filter(request=request, is_break_glass=True).count()
            reviews = BreakGlassReview.objects.filter(request=request).count()
        assert (alone, reviews) == (int(found.is_break_glass),) * 2
        assert (found.status, found.version) == (good[0].status, good[0].version)


def test_one_answer_of_a_passkey_serves_once(committed_db: CommittedDatabase) -> None:
    world = make_world(FOUR_EYES)
    may_act_alone(world, world.company.charlie)
    with transaction.atomic():
        passkey = Passkey(world.company.charlie)
    request = world.submit()
    given = proof(world, passkey, request)
    calls = [
        partial(approve_alone, world, world.company.charlie, request, proof=given) for _ in range(4)
    ]
    outcomes = committed_db.at_once(calls)
    assert sum(isinstance(each, ActionRequest) for each in outcomes) == 1
    assert not any(isinstance(each, PasskeyRefused) for each in outcomes)  # the lock came first
