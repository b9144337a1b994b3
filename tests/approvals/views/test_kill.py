"""What approvers see of a request that a kill switch holds."""

from typing import Any

import pytest

from approvals.ballots import sign_seen
from approvals.enums import RequestStatus
from approvals.models import ActionRequest
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tenants.models import KillSwitch
from tenants.services.kill import resume, throw
from tests.approvals.views.conftest import Login, Site

pytestmark = pytest.mark.django_db


def thrown(site: Site, scope: str = "category", ref: str = "payments.*") -> KillSwitch:
    company = site.world.company
    with tenant_transaction(company.id):
        return throw(actor=company.olivia, scope=scope, ref=ref, reason="It pays twice")


def text(response: Any) -> str:
    return str(response.content.decode())


def test_the_action_page_says_that_it_is_held_and_offers_no_vote(site: Site, login: Login) -> None:
    client = login(site.world.company.alice)
    before = text(client.get(site.url("requests/{asked}/")))
    assert "Your decision" in before
    assert "Held" not in before
    switch = thrown(site)
    held = text(client.get(site.url("requests/{asked}/")))
    assert "The kill switch for every category under payments was thrown on " in held
    assert "Nobody can decide this request until then." in held
    assert "Your decision" not in held
    with tenant_transaction(site.world.company.id):
        resume(actor=site.world.company.carl, switch=switch, reason="It is mended")
    assert "Your decision" in text(client.get(site.url("requests/{asked}/")))


def test_a_vote_from_a_page_that_was_open_is_refused_in_words(site: Site, login: Login) -> None:
    alice = site.world.company.alice
    seen = sign_seen(site.asked, reader=alice.public_id, now=clock.now())
    thrown(site)
    answer = login(alice).post(
        site.url("requests/{asked}/vote"), {"verdict": "approve", "seen": seen}
    )
    assert answer.status_code == 409
    assert "This request is held." in text(answer)
    with tenant_transaction(site.world.company.id):
        assert ActionRequest.objects.get(pk=site.asked.pk).status == RequestStatus.PENDING


def test_the_inbox_marks_what_is_held(site: Site, login: Login) -> None:
    client = login(site.world.company.alice)
    assert "Held by a kill switch" not in text(client.get(site.url("inbox/")))
    thrown(site, "integration", "other-bank")
    assert "Held by a kill switch" not in text(client.get(site.url("inbox/")))
    thrown(site)
    assert "Held by a kill switch" in text(client.get(site.url("inbox/")))
