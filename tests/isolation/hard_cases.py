"""A row in every table of the hard cases: what two companies must never see of each other."""

from datetime import timedelta

from approvals.models import (
    ActionRequest,
    BreakGlassReview,
    CanaryPlan,
    ChatAccount,
    ChatConnection,
    Comment,
    ContactPreference,
    Delegation,
    DelegationBudget,
    DelegationSpend,
    Exercise,
    Finding,
    MessageTemplate,
    PushSubscription,
    RequestRevision,
    SavedFilter,
)
from audit.models import LedgerErasure
from govapp.common import clock
from govapp.common.ids import new_id, public_id
from govapp.common.sealing import seal
from tenants.models import Absence, AccessToken, Agent, Credential, KeyRefusal
from tests.approvals.world import World

DAY = timedelta(days=1)


def leave_delegation(world: World, request: ActionRequest, key: Credential, secret: str) -> None:
    """Leave a delegation with a budget of which something is spent."""
    ident, now = new_id(), clock.now()
    taker = Agent.objects.create(name=f"taker of {world.company.slug}", owner=world.company.olivia)
    delegation = Delegation.objects.create(
        id=ident, from_agent=world.agent, to_agent=taker, credential=key, depth=1, depth_left=0,
        path=f"/{public_id('dg', ident)}/", purpose=secret, expires_at=now + DAY,
        prefix=f"dg{world.company.slug}", secret_hash=bytes(32),
    )  # fmt: skip
    DelegationBudget.objects.create(delegation=delegation, currency="EUR", amount=5, reserved=1)
    DelegationSpend.objects.create(
        request=request, delegation=delegation, currency="EUR", reserved=1
    )


def leave_rows(world: World, request: ActionRequest) -> None:
    """Leave one row in each table. The caller has bound the company."""
    company, now = world.company, clock.now()
    alice, secret = company.alice, f"A secret of {company.slug}"
    Absence.objects.create(
        member=alice, stand_in=company.bob, starts_at=now + DAY, ends_at=now + 2 * DAY,
        note=secret, created_by=alice,
    )  # fmt: skip
    key = Credential.objects.get(agent=world.agent)
    AccessToken.objects.create(
        credential=key, prefix=f"over{company.slug}", secret_hash=bytes(32), scopes=["read"],
        expires_at=now,
    )  # fmt: skip
    KeyRefusal.objects.create(credential=key, code="scope_missing", first_at=now, last_at=now)
    leave_delegation(world, request, key, secret)
    RequestRevision.objects.create(
        request=request, request_version=1, summary=secret, payload={"secret": secret},
        payload_digest=request.payload_digest,
    )  # fmt: skip
    BreakGlassReview.objects.create(
        request=request, member=alice, reason=secret, opened_at=now, due_at=now + DAY,
        reviewer=company.carl, outcome="justified", remark=secret, reviewed_at=now,
    )  # fmt: skip
    Comment.objects.create(request=request, author=alice, text=secret)
    ContactPreference.objects.create(member=alice, channels=["email"])
    sealed = seal(secret.encode())
    ChatConnection.objects.create(
        channel="teams", name=secret, secrets_sealed=sealed, is_enabled=False,
        created_by=company.olivia,
    )  # fmt: skip
    ChatAccount.objects.create(member=alice, channel="slack", address=f"U-{company.slug}")
    PushSubscription.objects.create(
        member=alice, endpoint=f"https://push.example/{company.slug}", p256dh="x",
        auth_sealed=sealed,
    )  # fmt: skip
    MessageTemplate.objects.create(kind="decided", opening=secret, updated_by=company.olivia)
    SavedFilter.objects.create(member=alice, name=secret, query="tab=all&risk=low")
    LedgerErasure.objects.create(refs=["mem_gone"], texts_sealed=sealed, closed_at=now)
    plan = CanaryPlan.objects.create(
        name=secret, agent=world.agent, category=world.category, summary=secret,
        payload={"amount": "1.00"}, created_by=company.carl,
    )  # fmt: skip
    Exercise.objects.create(request=request, kind="drill", plan=plan, started_by=company.carl)
    Finding.objects.create(
        kind="timer_overdue", key=secret, text=secret, found_at=now, last_seen_at=now,
        cleared_at=now,
    )  # fmt: skip
