"""The database lost while messages are delivered: the others of the round are delivered."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.mail import EmailMessage

from approvals.services.delivery import deliver_due
from tests.approvals.world import FOUR_EYES, make_world
from tests.support.committed import CommittedDatabase
from tests.support.losing import cut_wire, end_backend, losing_at

DUE = timedelta(minutes=5)


@pytest.mark.parametrize("lose", [end_backend, cut_wire])
def test_one_message_is_left_for_the_next_round(
    committed_db: CommittedDatabase, mailoutbox: list[EmailMessage], lose: Callable[[], None]
) -> None:
    with losing_at(99, lose) as places:
        assert deliver_due() == 0
    world = make_world(FOUR_EYES)
    world.submit()
    committed_db.move_clock(DUE)
    with losing_at(len(places.passed), lose) as places:  # in front of what the first one does
        assert deliver_due() == 1
    assert places.lost == "begin"
    assert len(mailoutbox) == 1
    assert deliver_due() == 1
    assert {each.to[0] for each in mailoutbox} == {"alice@acme.example", "bob@acme.example"}
