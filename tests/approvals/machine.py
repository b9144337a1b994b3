"""One company on which anything may be done in any order, for Hypothesis to choose.

After each step, what must hold is counted anew (`tests.approvals.invariants`).
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from itertools import count
from typing import Any, ClassVar

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from approvals.enums import ReviewOutcome, Verdict
from approvals.models import ActionRequest, BreakGlassReview
from approvals.services.changes import approve_with_changes
from approvals.services.execution import issue_grant, redeem_grant, revoke_grant
from approvals.services.reviews import review_break_glass
from approvals.services.step_up import BREAK_GLASS, bound_to
from approvals.services.submission import cancel_action
from approvals.services.timers import sweep
from approvals.services.votes import withdraw_vote
from approvals.services.watch import watch_tenant
from govapp.common import clock
from govapp.common.errors import DomainError
from govapp.common.tenancy import bind_tenant, tenant_transaction
from tenants.models import Absence, GroupMember, Membership, Tenant
from tenants.services.absences import cancel_absence, enter_absence
from tenants.services.groups import add_to_group
from tenants.services.second_factor import PasskeyProof, begin_passkey
from tests.approvals.documents import asks, rules, where
from tests.approvals.emergencies import approve_alone, may_act_alone
from tests.approvals.invariants import check_all
from tests.approvals.world import HOUR, Document, World, add_approver, make_world, policy
from tests.approvals.world import stage as make_stage
from tests.support.passkey import HOST, Passkey

_ESCALATION: Document = {"escalations": [{"after": "2h", "add": [{"group": "managers"}]}]}
_REPEATED: Document = {
    "escalations": [
        {
            "after": "1h",
            "add": [{"group": "managers"}],
            "hand_over": True,
            "repeat": {"every": "30m", "times": 2},
        }
    ]
}


def by_amount() -> Document:
    """Above 1000 managers as well, and the permission is held back for ten minutes."""
    large = asks("large", where("payload.amount", "gt", "1000.00"), flow="large")
    found = rules(asks("payments", flow="two", obligations={"delay": "10m"}), large)
    found["flows"]["large"] = {
        "stages": [make_stage("managers", name="one"), make_stage("finance", name="two")]
    }
    return found


POLICIES: list[Document] = [
    policy(make_stage("finance", "risk", reminders=["1h"])),
    policy(make_stage(("finance", 2), **_ESCALATION)),
    policy(
        make_stage("finance", name="one", **_ESCALATION),
        make_stage("risk", name="two", **_REPEATED),
        make_stage({"anyone": "approver"}, name="three"),
    ),
    policy(
        a=[make_stage("finance"), make_stage("finance", name="two")],
        b=[make_stage("risk", deadline="2h")],
    ),
    policy(make_stage({"groups": ["finance", "risk", "managers"], "count": 2}, **_ESCALATION)),
    policy(
        make_stage({"anyone": "approver", "count": 2, "but": [{"group": "managers"}]}),
        make_stage({"manager": "agent_owner"}, name="two"),
    ),
    rules(asks("payments", flow="one", obligations={"delay": "10m"})),
    by_amount(),
]
PEOPLE = ("alice", "bob", "charlie", "dora")
AMOUNTS = ("900.00", "5000.00")
_slugs = count()

WHO = st.sampled_from(PEOPLE)
WHICH = st.integers(0, 3)


class Approvals(RuleBasedStateMachine):
    """One tenant, up to four requests."""

    steps: ClassVar[int] = 0  # that were run, in all machines
    world: World
    people: dict[str, Membership]

    @initialize(document=st.sampled_from(POLICIES), fallback=st.sampled_from(["", "managers"]))
    def begin(self, document: Document, fallback: str) -> None:
        self.savepoint = transaction.savepoint()
        self.shift = timedelta(0)
        self.requests: list[ActionRequest] = []
        self.tokens: list[str] = []
        self.passkeys: dict[str, Passkey] = {}
        self.world = make_world(document, slug=f"machine{next(_slugs)}")
        company = self.world.company
        with tenant_transaction(company.id):
            Tenant.objects.update(fallback_group=fallback)
            Membership.objects.filter(pk=company.olivia.pk).update(manager=company.charlie)
            self.world.category.editable_fields = ["amount"]
            self.world.category.save()
            dora = add_approver(company, company.finance, "dora")
            add_to_group(actor=company.olivia, group=company.risk, member=dora)
        self.people = {
            "alice": company.alice, "bob": company.bob, "charlie": company.charlie, "dora": dora,
        }  # fmt: skip
        for name in ("charlie", "dora"):
            may_act_alone(self.world, self.people[name])
            self.passkeys[name] = Passkey(self.people[name], ident=name.encode())
        self.submit(AMOUNTS[0], "")

    def teardown(self) -> None:
        if hasattr(self, "savepoint"):
            transaction.savepoint_rollback(self.savepoint)

    def request(self, which: int) -> ActionRequest:
        """One of the requests, as somebody sees it who looks now."""
        with tenant_transaction(self.world.company.id):
            return ActionRequest.objects.get(pk=self.requests[which % len(self.requests)].pk)

    def bound(self, call: Callable[[], Any]) -> Any:
        """Do it for this tenant or be refused in words; anything else is a fault."""
        with suppress(DomainError), bind_tenant(self.world.company.id), transaction.atomic():
            return call()

    @precondition(lambda self: len(self.requests) < 4)
    @rule(amount=st.sampled_from(AMOUNTS), behalf=st.sampled_from(["", "", "dora"]))
    def submit(self, amount: str, behalf: str) -> None:
        mail = self.people[behalf].user.email if behalf else ""
        self.requests.append(self.world.submit(payload={"amount": amount}, on_behalf_of=mail))

    @rule(who=WHO, which=WHICH)
    def approve(self, who: str, which: int) -> None:
        self.vote(who, self.request(which), Verdict.APPROVE)

    @rule(who=WHO)
    def approve_the_newest(self, who: str) -> None:
        self.vote(who, self.request(len(self.requests) - 1), Verdict.APPROVE)

    @rule(who=WHO, whom=WHO, which=WHICH)
    def approve_for_somebody(self, who: str, whom: str, which: int) -> None:
        request = self.request(which)
        self.vote(who, request, Verdict.APPROVE, stands_for=self.people[whom])

    @rule(
        who=WHO,
        which=WHICH,
        verdict=st.sampled_from(list(Verdict)),
        version=st.sampled_from([1, 2, 3]),
    )
    def object(self, who: str, which: int, verdict: Verdict, version: int) -> None:
        """A vote on what there was at submission, or at some version."""
        request = self.requests[which % len(self.requests)]
        self.vote(who, request, verdict, request_version=version)

    def vote(self, who: str, request: ActionRequest, verdict: Verdict, **fields: Any) -> None:
        with suppress(DomainError):
            self.world.vote(self.people[who], request, verdict, **fields)

    @rule(who=WHO, which=WHICH, amount=st.sampled_from([*AMOUNTS, "1.00"]))
    def approve_with_changes(self, who: str, which: int, amount: str) -> None:
        request = self.request(which)
        self.bound(
            lambda: approve_with_changes(
                member=self.people[who],
                request_id=request.pk,
                changes={"amount": amount},
                payload_digest=request.payload_digest,
                request_version=request.version,
            )
        )

    @rule(who=WHO, which=WHICH)
    def take_back(self, who: str, which: int) -> None:
        ident = self.request(which).pk
        self.bound(lambda: withdraw_vote(member=self.people[who], request_id=ident))

    @rule(who=st.sampled_from(["charlie", "dora"]), which=WHICH)
    def break_glass(self, who: str, which: int) -> None:
        request, member = self.request(which), self.people[who]
        asked = begin_passkey(user=member.user, bound_to=bound_to(request, BREAK_GLASS), rp_id=HOST)
        proof = PasskeyProof(self.passkeys[who].answer(asked))
        with suppress(DomainError):
            approve_alone(self.world, member, request, proof=proof)

    @rule(who=st.sampled_from(["carl", "olivia", "charlie"]))
    def review(self, who: str) -> None:
        def first() -> Any:
            review = BreakGlassReview.objects.order_by("opened_at").last()
            outcome, remark = ReviewOutcome.JUSTIFIED, "Looked at it"
            actor = getattr(self.world.company, who)
            return review and review_break_glass(
                actor=actor, review_id=review.pk, outcome=outcome, remark=remark
            )

        self.bound(first)

    @rule(who=WHO, stand_in=st.sampled_from([*PEOPLE, ""]), hours=st.sampled_from([1, 3, 9]))
    def go_away(self, who: str, stand_in: str, hours: int) -> None:
        def enter() -> Absence:
            now = clock.now()
            return enter_absence(
                actor=self.world.company.olivia,
                member=self.people[who],
                stand_in=self.people[stand_in] if stand_in else None,
                starts_at=now - HOUR,
                ends_at=now + hours * HOUR,
            )

        self.bound(enter)

    @rule(who=WHO)
    def come_back(self, who: str) -> None:
        def cancel() -> None:
            for absence in Absence.objects.filter(member=self.people[who], cancelled_at=None):
                cancel_absence(actor=self.world.company.olivia, absence=absence)

        self.bound(cancel)

    @rule(minutes=st.sampled_from([1, 11, 61, 119, 121]), then_sweep=st.booleans())
    def wait(self, minutes: int, then_sweep: bool) -> None:
        self.shift += timedelta(minutes=minutes)
        clock.shift_clock(self.shift)
        if then_sweep:
            sweep()

    @rule(which=WHICH, actor=st.sampled_from(["agent", "carl", "bob"]))
    def cancel(self, which: int, actor: str) -> None:
        ident, world = self.request(which).pk, self.world
        who = world.agent if actor == "agent" else getattr(world.company, actor)
        self.bound(lambda: cancel_action(actor=who, request_id=ident))

    @rule(which=WHICH)
    def issue(self, which: int) -> None:
        ident = self.request(which).pk
        issued = self.bound(lambda: issue_grant(agent=self.world.agent, request_id=ident))
        self.tokens += [issued.token] if issued else []

    @precondition(lambda self: self.tokens)
    @rule(which=st.integers(0, 9))
    def redeem(self, which: int) -> None:
        with suppress(DomainError):
            redeem_grant(token=self.tokens[which % len(self.tokens)], redeemed_by="bank")

    @rule(which=WHICH, who=st.sampled_from(["olivia", *PEOPLE]))
    def revoke(self, which: int, who: str) -> None:
        ident = self.request(which).pk
        actor = self.people.get(who, self.world.company.olivia)
        self.bound(lambda: revoke_grant(actor=actor, request_id=ident, reason="Not that one"))

    @rule(who=WHO, leaves=st.sampled_from([False, False, True]))
    def lose_a_person_and_look(self, who: str, leaves: bool) -> None:
        member = self.people[who]
        with tenant_transaction(self.world.company.id):
            if leaves:
                GroupMember.objects.filter(membership=member).delete()
            other = {"active": "suspended", "suspended": "active"}
            now = Membership.objects.get(pk=member.pk).status
            Membership.objects.filter(pk=member.pk).update(status=other[now])
        watch_tenant(self.world.company.id)

    @invariant()
    def what_must_hold(self) -> None:
        Approvals.steps += 1
        with tenant_transaction(self.world.company.id):
            check_all()
