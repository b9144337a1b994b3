"""What a thrown kill switch does to submissions, requests that wait, and permissions."""

from typing import Any

import pytest

from approvals.enums import ExecutionState, RequestStatus, Verdict
from approvals.models import ActionRequest, ExecutionGrant
from approvals.selectors.kill import read_standing
from approvals.services.execution import IssuedGrant, issue_grant, redeem_grant
from approvals.services.kill import cancel_killed, sweep
from approvals.services.submission import Submission, cancel_action, preview_action
from approvals.services.timers import sweep as sweep_timers
from govapp.common.errors import Conflict, Forbidden
from govapp.common.tenancy import tenant_transaction
from tenants.models import KillSwitch
from tenants.services.kill import drill, resume, throw
from tests.approvals.racing import check_one_end
from tests.approvals.world import HOUR, World, make_world, policy, stage
from tests.conftest import MoveClock
from tests.tenants.ledger import events

pytestmark = pytest.mark.django_db

ONE_EYE = policy(stage("finance"))
# The scopes within which the world's payment is, as scope and ref.
SCOPES = [
    ("tenant", ""), ("agent", "payer"), ("integration", "acme-bank"),
    ("category", "payments.transfer"), ("category", "payments.*"),
]  # fmt: skip
OTHERS = [("integration", "other-bank"), ("category", "mails.*"), ("agent", "other")]


@pytest.fixture
def world() -> World:
    made = make_world(ONE_EYE)
    made.reach()
    return made


def thrown(world: World, scope: str = "tenant", ref: str = "", **fields: Any) -> KillSwitch:
    said: dict[str, Any] = {"actor": world.company.olivia, "reason": "It pays twice"} | fields
    with tenant_transaction(world.company.id):
        ref = world.agent.public_id if ref == "payer" else ref
        return throw(scope=scope, ref=ref, **said)


def resumed(world: World, switch: KillSwitch) -> None:
    with tenant_transaction(world.company.id):
        resume(actor=world.company.carl, switch=switch, reason="It is mended")


def submit(world: World) -> ActionRequest:
    return world.submit(integration="acme-bank")


def approved(world: World) -> ActionRequest:
    return world.vote(world.company.alice, submit(world))


def issue(world: World, request: ActionRequest) -> IssuedGrant:
    with tenant_transaction(world.company.id):
        return issue_grant(agent=world.agent, request_id=request.pk)


def redeem(grant: IssuedGrant) -> ExecutionGrant:
    return redeem_grant(token=grant.token, redeemed_by="bank")


def now_of(world: World, request: ActionRequest) -> ActionRequest:
    with tenant_transaction(world.company.id):
        return ActionRequest.objects.get(pk=request.pk)


@pytest.mark.parametrize(("scope", "ref"), SCOPES)
def test_the_next_submission_is_blocked_and_says_why(world: World, scope: str, ref: str) -> None:
    thrown(world, scope, ref)
    made = submit(world)
    assert made.status == RequestStatus.BLOCKED
    (refusal,) = made.trace["refusals"]
    assert refusal["code"] == "killed"
    assert refusal["sentence"].startswith("The kill switch for ")
    assert made.because == refusal["sentence"]
    with tenant_transaction(world.company.id):
        (told,) = events("action_request.blocked")
    assert refusal["sentence"] in told["summary"] + str(told["data"])


@pytest.mark.parametrize(("scope", "ref"), SCOPES)
def test_a_preview_says_the_same(world: World, scope: str, ref: str) -> None:
    thrown(world, scope, ref)
    asked = Submission(
        "payments.transfer", "Pay Acme Ltd", {"amount": "900.00"}, integration="acme-bank"
    )
    with tenant_transaction(world.company.id):
        said = preview_action(agent=world.agent, submission=asked)
    assert said.outcome == "deny"
    assert said.because.startswith("The kill switch for ")


@pytest.mark.parametrize(("scope", "ref"), OTHERS)
def test_what_is_out_of_scope_goes_on(world: World, scope: str, ref: str) -> None:
    if ref == "other":
        from tests.people import make_agent

        ref = make_agent(world.company, "other")[0].public_id
    thrown(world, scope, ref)
    assert redeem(issue(world, approved(world))).redeemed_at is not None


@pytest.mark.parametrize(("scope", "ref"), SCOPES)
@pytest.mark.parametrize("verdict", list(Verdict))
def test_nobody_decides_what_is_held(world: World, scope: str, ref: str, verdict: Verdict) -> None:
    request = submit(world)
    switch = thrown(world, scope, ref)
    with pytest.raises(Conflict, match=r"^This request is held\. The kill switch for ") as refused:
        world.vote(world.company.alice, request, verdict)
    assert refused.value.code == "killed"
    assert now_of(world, request).status == RequestStatus.PENDING
    with tenant_transaction(world.company.id):
        (told,) = events("vote.refused")
        assert told["data"]["why"] == refused.value.detail
    resumed(world, switch)
    ends = {"approve": "approved", "deny": "denied", "return": "returned"}
    assert world.vote(world.company.alice, request, verdict).status == ends[verdict]


def test_what_is_held_can_be_cancelled_and_expires_but_is_never_approved(
    world: World, move_clock: MoveClock
) -> None:
    first, second = submit(world), submit(world)
    thrown(world)
    with tenant_transaction(world.company.id):
        cancel_action(actor=world.company.carl, request_id=first.pk)
    move_clock(5 * HOUR)
    sweep_timers()
    assert now_of(world, first).status == RequestStatus.CANCELLED
    assert now_of(world, second).status == RequestStatus.EXPIRED


@pytest.mark.parametrize(("scope", "ref"), SCOPES)
def test_a_permission_from_before_is_dead_and_stays_dead(
    world: World, scope: str, ref: str
) -> None:
    request = approved(world)
    grant = issue(world, request)
    switch = thrown(world, scope, ref)
    with pytest.raises(Conflict, match="was thrown on") as refused:
        redeem(grant)
    assert refused.value.code == "killed"
    with pytest.raises(Forbidden, match="The kill switch for ") as not_issued:
        issue(world, request)
    assert not_issued.value.code == "killed"
    resumed(world, switch)
    with pytest.raises(Conflict, match=r"It stays dead; ask for a new one\.$") as dead:
        redeem(grant)
    assert dead.value.code == "killed"
    with tenant_transaction(world.company.id):
        told = events("grant.redeem_refused")
    assert [each["data"]["why"] for each in told] == [refused.value.detail, dead.value.detail]
    another = issue(world, request)
    assert redeem(another).jti == another.jti
    with pytest.raises(Conflict, match="withdrawn"):
        redeem(grant)


def test_what_was_approved_before_gets_no_permission_until_it_is_resumed(world: World) -> None:
    request = approved(world)
    switch = thrown(world)
    with pytest.raises(Forbidden, match="The kill switch for everything in this account"):
        issue(world, request)
    assert now_of(world, request).execution_state == ExecutionState.NOT_STARTED
    resumed(world, switch)
    assert redeem(issue(world, request)).redeemed_at is not None


def test_a_drill_stops_nothing_and_says_what_it_would_have(world: World) -> None:
    submit(world)
    waiting, request = submit(world), approved(world)
    grant = issue(world, request)
    with tenant_transaction(world.company.id):
        made = drill(
            actor=world.company.olivia, scope="category", ref="payments.*", reason="Quarterly",
            pending="cancel",
        )  # fmt: skip
    assert made.stopped == {"pending": 2, "grants": 1, "agents": 1}
    assert sweep() == 0
    assert redeem(grant).redeemed_at is not None
    assert world.vote(world.company.alice, waiting).status == RequestStatus.APPROVED
    assert submit(world).status == RequestStatus.PENDING


@pytest.mark.parametrize(("scope", "ref"), SCOPES)
def test_a_throw_counts_what_it_stops(world: World, scope: str, ref: str) -> None:
    world.submit(integration="acme-bank")
    issue(world, approved(world))
    assert thrown(world, scope, ref).stopped == {"pending": 1, "grants": 1, "agents": 1}


def test_out_of_scope_nothing_is_counted(world: World) -> None:
    issue(world, approved(world))
    submit(world)
    made = thrown(world, "integration", "other-bank")
    assert made.stopped == {"pending": 0, "grants": 0, "agents": 0}


def test_what_waits_is_cancelled_in_batches(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("approvals.services.kill.BATCH", 2)
    requests = [submit(world) for _ in range(5)]
    apart = world.submit()
    switch = thrown(world, "integration", "acme-bank", pending="cancel")
    with (
        tenant_transaction(world.company.id),
        pytest.raises(Conflict, match="not cancelled everything") as early,
    ):
        resume(actor=world.company.carl, switch=switch, reason="It is mended")
    assert early.value.code == "not_settled"
    assert sweep() == 5
    with tenant_transaction(world.company.id):
        for request in requests:
            assert check_one_end(request).status == RequestStatus.CANCELLED
        (told,) = events("kill_switch.settled")
        assert told["data"]["cancelled"] == 5
        switch = KillSwitch.objects.get()
        first = ActionRequest.objects.get(pk=requests[0].pk)
    assert (switch.cancelled, switch.settled_at is not None) == (5, True)
    assert first.decided_by_name == "Olivia"
    assert first.decision_reason == (
        "The kill switch for the integration acme-bank was thrown: It pays twice"
    )
    assert now_of(world, apart).status == RequestStatus.PENDING
    assert sweep() == 0
    resumed(world, switch)


def test_the_task_cancels_as_the_sweep_does(world: World) -> None:
    request = submit(world)
    switch = thrown(world, pending="cancel")
    assert cancel_killed(tenant_id=world.company.id, switch_id=switch.pk) == 1
    assert cancel_killed(tenant_id=world.company.id, switch_id=switch.pk) == 0
    assert now_of(world, request).status == RequestStatus.CANCELLED


def test_the_standing_names_what_is_thrown_and_what_is_dead(world: World) -> None:
    def standing() -> tuple[list[str], list[Any]]:
        with tenant_transaction(world.company.id):
            found = read_standing()
        return [each.scope for each in found.thrown], [each.jti for each in found.dead]

    assert standing() == ([], [])
    grant = issue(world, approved(world))
    used = issue(world, approved(world))
    redeem(used)
    assert standing() == ([], [])
    switch = thrown(world, "category", "payments.*")
    assert standing() == (["category"], [grant.jti])
    resumed(world, switch)
    assert standing() == ([], [grant.jti])
    fresh = issue(world, approved(world))
    assert standing() == ([], [grant.jti])
    assert redeem(fresh).redeemed_at is not None


def test_what_expired_is_listed_no_more(world: World, move_clock: MoveClock) -> None:
    issue(world, approved(world))
    thrown(world)
    move_clock(HOUR / 6)
    with tenant_transaction(world.company.id):
        assert read_standing().dead == ()
