"""A kill switch for one link of a chain stops everything under it, and nothing above."""

import pytest

from approvals.enums import RequestStatus
from approvals.models import ActionRequest
from approvals.services.execution import issue_grant, redeem_grant
from approvals.services.kill import sweep
from govapp.common.errors import Conflict, Forbidden
from govapp.common.tenancy import tenant_transaction
from tenants.models import KillSwitch
from tenants.services.kill import resume, throw
from tests.approvals.chains import NAMES, Chain, codes, make_chain
from tests.approvals.racing import check_one_end
from tests.approvals.world import FOUR_EYES

pytestmark = pytest.mark.django_db


def thrown(chain: Chain, link: int, pending: str = "hold") -> KillSwitch:
    company = chain.world.company
    ref = chain.handed[link].delegation.public_id
    with tenant_transaction(company.id):
        return throw(
            actor=company.olivia, scope="delegation", ref=ref, reason="Wrong supplier",
            pending=pending,
        )  # fmt: skip


def submit_all(chain: Chain) -> list[ActionRequest]:
    """Submit once under each link, the first link first."""
    pairs = zip(NAMES[1:], chain.handed, strict=False)
    return [chain.submit(taker, handed.token) for taker, handed in pairs]


def test_a_link_stops_all_under_it_and_goes_on_when_it_is_resumed() -> None:
    chain = make_chain(4)
    helper = chain.agents["helper"]
    request = chain.submit("helper", chain.handed[-1].token)
    with tenant_transaction(chain.tenant_id):
        grant = issue_grant(agent=helper, request_id=request.pk)
    switch = thrown(chain, 1)
    assert switch.stopped["grants"] == 1
    assert [codes(each) for each in submit_all(chain)] == [[], *[["killed"]] * 3]
    with pytest.raises(
        Conflict, match="The kill switch for the delegation buyer to clerk and"
    ) as dead:
        redeem_grant(token=grant.token, redeemed_by="bank")
    assert dead.value.code == "killed"
    with tenant_transaction(chain.tenant_id), pytest.raises(Forbidden) as refused:
        issue_grant(agent=helper, request_id=request.pk)
    assert refused.value.code == "killed"
    with tenant_transaction(chain.tenant_id):
        resume(actor=chain.world.company.carl, switch=switch, reason="The right one now")
    assert [codes(each) for each in submit_all(chain)] == [[]] * 4


def test_what_waits_under_a_link_is_cancelled_and_what_is_above_is_not() -> None:
    chain = make_chain(3, FOUR_EYES)
    waiting = submit_all(chain)
    assert thrown(chain, 1, "cancel").stopped == {"pending": 2, "grants": 0, "agents": 2}
    assert sweep() == 2
    with tenant_transaction(chain.tenant_id):
        above, *under = [ActionRequest.objects.get(pk=each.pk) for each in waiting]
        for each in under:
            assert check_one_end(each).status == RequestStatus.CANCELLED
    assert above.status == RequestStatus.PENDING


def test_what_waits_under_a_link_is_held() -> None:
    chain = make_chain(2, FOUR_EYES)
    above, under = submit_all(chain)
    thrown(chain, 1)
    alice = chain.world.company.alice
    with pytest.raises(Conflict, match="This request is held") as held:
        chain.world.vote(alice, under)
    assert held.value.code == "killed"
    assert chain.world.vote(alice, above).status == RequestStatus.PENDING
