"""Who may vote, and how votes count (domain page, section 5)."""

import pytest

from approvals.enums import RequestStatus
from tests.approvals.world import FOUR_EYES, make_world

pytestmark = pytest.mark.django_db


def test_a_request_is_approved_when_every_seat_is_filled() -> None:
    world = make_world(FOUR_EYES)
    request = world.submit()
    assert request.status == RequestStatus.PENDING
    assert world.vote(world.company.alice, request).status == RequestStatus.PENDING
    assert world.vote(world.company.bob, request).status == RequestStatus.APPROVED
