"""The streams of a suspended tenant wait, and go on from where they stood when it is resumed."""

from datetime import timedelta

import pytest

from audit.services.stream_delivery import sweep_streams
from audit.services.streams import ask_for_test
from govapp.common.tenancy import tenant_transaction
from tenants.services.tenants import resume_tenant, suspend_tenant
from tests.audit.books import ALICE, index_now
from tests.audit.streaming import deliver, fresh, hashed_lines, lines_of, make_stream
from tests.conftest import MoveClock
from tests.people import make_company
from tests.support.receiver import running_receiver


@pytest.mark.django_db
def test_streams_of_a_suspended_tenant_wait_where_they_stand(move_clock: MoveClock) -> None:
    company = make_company()
    index_now(company.id)
    with running_receiver() as receiver:
        stream, _ = make_stream(company.id, receiver.url)
        sent = deliver(stream)
        suspend_tenant(operator="op", slug="acme", reason="Unpaid")
        index_now(company.id)
        with tenant_transaction(company.id):
            ask_for_test(actor=ALICE, stream_id=stream.pk)
        move_clock(timedelta(minutes=5))
        assert (sweep_streams(), deliver(stream)) == (0, 0)
        assert (fresh(stream).cursor, len(lines_of(receiver.received))) == (sent, sent)
        resume_tenant(operator="op", slug="acme", reason="Paid")
        index_now(company.id)
        assert sweep_streams() == 2  # what waits, and the test
        assert deliver(stream) > 0
        assert lines_of(receiver.received) == hashed_lines(company.id)
