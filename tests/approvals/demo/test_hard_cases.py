"""The demo bank has somebody away, an emergency to review, a drill, a canary, a change."""

from collections.abc import Callable
from datetime import timedelta
from random import Random

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache

from approvals.demo.changes import second_policy
from approvals.demo.company import DemoCompany, build_company
from approvals.demo.hard_cases import plan_hard_cases
from approvals.demo.history import Player
from approvals.enums import Purpose
from approvals.models import (
    BreakGlassReview,
    ContactPreference,
    RequestRevision,
    SavedFilter,
)
from approvals.selectors.exercises import list_exercises
from govapp.common import clock
from govapp.common.clock import shift_clock
from govapp.common.tenancy import tenant_transaction
from tenants.models import Absence

pytestmark = pytest.mark.django_db
SPAN = timedelta(days=20)


@pytest.fixture
def played(move_clock: Callable[..., object]) -> DemoCompany:
    """The bank after twenty days in which nothing else happened."""
    cache.clear()
    real_now = clock.now()
    shift_clock(-SPAN)
    company = build_company(second_policy())
    refused: list[str] = []
    player = Player(company, Random(1), real_now, refused.append)  # noqa: S311 - not secret
    plan_hard_cases(player, real_now - SPAN)
    # Of all the hours, the one in which the canary is due.
    player.later(real_now - timedelta(days=11, hours=22, minutes=30), player.tick)
    player.play(until=real_now)
    shift_clock(timedelta(0))
    assert refused == []
    return company


def test_every_hard_case_is_there_to_be_looked_at(played: DemoCompany) -> None:
    with tenant_transaction(played.tenant.pk):
        away = [
            (each.member.user.name, each.stand_in and each.stand_in.user.name)
            for each in Absence.objects.order_by("starts_at")
        ]
        reviews = BreakGlassReview.objects.order_by("opened_at").values_list("outcome", flat=True)
        changed = RequestRevision.objects.latest("request_version").request
        found = [*list_exercises(Purpose.CANARY), *list_exercises(Purpose.DRILL)]
        assert away == [("Erik Haugen", "Bob Tanaka"), ("Dana Silva", "Alice Moreau")]
        assert list(reviews) == ["justified", ""]
        assert (changed.payload["amount"], changed.status) == ("19000.00", "pending")
        assert [(each.exercise.kind, each.approved_by) for each in found] == [
            ("canary", ["Erik Haugen"]),
            ("drill", ["Alice Moreau", "Bob Tanaka"]),
        ]
        assert ContactPreference.objects.count() == 2
        assert SavedFilter.objects.count() == 3
        # Nobody is left with a second factor that the printed logins do not have.
        for member in played.members.values():
            assert not Authenticator.objects.filter(user=member.user).exists()
