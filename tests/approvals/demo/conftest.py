"""The demo bank with what is on its agents' leash, and nothing else of its history."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from random import Random

import pytest
from django.core.cache import cache

from approvals.demo.changes import second_policy
from approvals.demo.company import DemoCompany, build_company
from approvals.demo.episodes import plan_episodes
from approvals.demo.history import Player
from approvals.demo.leash import set_leash
from approvals.demo.standin import standing_in
from approvals.demo.systems import build_systems
from govapp.common import clock
from govapp.common.clock import shift_clock
from govapp.common.tenancy import tenant_transaction

SPAN = timedelta(days=20)


@pytest.fixture
def leashed(db: None, move_clock: Callable[..., object]) -> Iterator[DemoCompany]:
    """The bank after twenty days in which only the episodes happened. It is bound."""
    cache.clear()
    real_now = clock.now()
    refused: list[str] = []
    with standing_in() as address:
        shift_clock(-SPAN - timedelta(days=1))
        company = build_company(second_policy())
        build_systems(company, address)
        set_leash(company)
        player = Player(company, Random(1), real_now, refused.append)  # noqa: S311 - not secret
        plan_episodes(player, real_now - SPAN)
        player.play(until=real_now)
    shift_clock(timedelta(0))
    assert refused == []
    with tenant_transaction(company.tenant.pk):
        yield company
