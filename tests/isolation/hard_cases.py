"""A row in every table of the hard cases: what two companies must never see of each other."""

from datetime import timedelta
from decimal import Decimal

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
    ModelCall,
    ModelPrice,
    PushSubscription,
    RequestRevision,
    SavedFilter,
)
from audit.models import LedgerErasure
from govapp.common import clock
from govapp.common.ids import new_id, public_id
from govapp.common.sealing import seal
from tenants.budgets import Spend
from tenants.models import (
    Absence,
    AccessToken,
    Agent,
    Credential,
    IntegrationAlert,
    IntegrationUse,
    KeyRefusal,
    KillSwitch,
)
from tenants.selectors.budgets import Purpose
from tenants.services.budget_rules import Terms, change_budget, set_budget
from tenants.services.budgets import reserve, settle
from tenants.services.integration_secrets import set_secret
from tests.approvals.world import World
from tests.tenants.systems import active_system, give

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
    leave_spending(world)
    KeyRefusal.objects.create(credential=key, code="scope_missing", first_at=now, last_at=now)
    # Of a system that nobody uses: it stops nothing here.
    KillSwitch.objects.create(
        scope="integration", ref=f"unused-{company.slug}", name=secret, reason=secret,
        thrown_by=company.olivia, thrown_at=now, stopped={"pending": 0, "grants": 0, "agents": 0},
    )  # fmt: skip
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
    ModelPrice.objects.create(
        pattern=f"model-of-{company.slug}", currency="EUR", asked=1, answered=2, set_by=company.carl
    )
    ModelCall.objects.create(
        agent=world.agent, credential_id=key.pk, kind="chat", model=f"model-of-{company.slug}",
        integration="models", run_key=secret, status="answered", request_digest="sha256:0",
        started_at=now, ended_at=now,
    )  # fmt: skip
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
    _reach(world)


def _reach(world: World) -> None:
    """Leave a system with a secret that was granted, used, and used unlike before."""
    company, now, secret = world.company, clock.now(), f"A secret of {world.company.slug}"
    made = active_system(company, f"bank-of-{company.slug}", name=secret, kind="injected")
    give(company, world.agent, made)
    set_secret(actor=company.olivia, integration=made, secret=secret)
    hour = now.replace(minute=0, second=0, microsecond=0)
    IntegrationUse.objects.create(agent=world.agent, integration=made, hour=hour, requests=3)
    IntegrationAlert.objects.create(
        agent=world.agent, integration=made, hour=hour, kind="volume", text=secret, found_at=now
    )


def leave_spending(world: World) -> None:
    """Leave a budget that somebody wants looser, with something held and something spent."""
    company, terms = world.company, Terms(Decimal(1000), "halt")
    bank = f"bank-of-{company.slug}"
    budget = set_budget(
        actor=company.olivia, scope="integration", ref=bank, measure="money:EUR", period="month",
        terms=terms,
    )  # fmt: skip
    change_budget(
        actor=company.olivia, budget_id=budget.pk, terms=Terms(Decimal(2000), "halt"),
        reason=f"A secret of {company.slug}",
    )  # fmt: skip
    wanted = Spend({"EUR": Decimal(7)}, count=1)
    purpose = Purpose(world.agent.pk, integration=bank, run=f"run-of-{company.slug}")
    for holder in ("one", "two"):
        reserve(
            agent=world.agent, wanted=wanted, holder=f"{holder}-{company.slug}", purpose=purpose
        )
    settle(holder=f"one-{company.slug}", spent=wanted)
