"""Two companies with a full life each: something in every table that could leak."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction

from approvals.enums import Verdict
from approvals.models import (
    ActionCategory,
    ActionRequest,
    BreakGlassReview,
    CallbackDelivery,
    CallbackEndpoint,
    CanaryPlan,
    ChatAccount,
    ChatConnection,
    Delegation,
    Exercise,
    GuardrailVersion,
    ModelPrice,
    PolicyDraft,
    PolicySimulation,
    PolicyVersion,
    PushSubscription,
    Run,
    SavedFilter,
)
from approvals.policies import dump_policy, parse_policy
from approvals.services.callbacks import create_endpoint
from approvals.services.categories import create_category, give_right
from approvals.services.delivery import deliver_due
from approvals.services.execution import (
    IssuedGrant,
    issue_grant,
    redeem_grant,
    report_execution,
    revoke_grant,
)
from approvals.services.links import make_review_link
from approvals.services.policies import propose_policy, publish_policy
from approvals.services.submission import cancel_action
from approvals.services.timers import sweep
from audit.models import (
    AuditSearch,
    AuditStream,
    ExportJob,
    LedgerEvent,
    LegalHold,
    Pruning,
    Report,
    ReportSchedule,
)
from audit.selectors.streams import Start
from audit.services.search_index import index_tenant
from audit.services.sequencer import sequence_tenant
from govapp.common.clock import shift_clock
from govapp.common.tenancy import tenant_transaction
from tenants.enums import Role
from tenants.models import (
    Absence,
    Agent,
    Budget,
    Credential,
    Integration,
    IntegrationGrant,
    Invitation,
    KillSwitch,
    Loosening,
    Membership,
    MemberToken,
    Tenant,
    User,
)
from tenants.services.groups import create_group
from tenants.services.people import add_member, invite_member
from tenants.services.tenants import update_settings
from tenants.services.tokens import issue_token
from tests.approvals.world import World, policy, stage
from tests.audit.books import write_events
from tests.audit.streaming import make_stream
from tests.isolation.hard_cases import leave_rows
from tests.isolation.traces import (
    leave_day,
    leave_exports,
    leave_guardrails,
    leave_holds,
    leave_leash,
    leave_rehearsals,
    leave_report,
    leave_run,
    say_again,
)
from tests.people import Company, make_agent, make_company

LATER = timedelta(hours=5)  # after the deadline of the stage
_TILE = 256  # leaves that fill one tile


@dataclass(frozen=True)
class Life:
    """A company that has lived, and what of it an address or a body can name."""

    world: World
    key: str
    credential: Credential
    integration: Integration
    reach: IntegrationGrant
    token: MemberToken
    member_key: str
    writing: PolicyDraft
    invitation: Invitation
    invitation_token: str
    endpoint: CallbackEndpoint
    delivery: CallbackDelivery
    live: PolicyVersion
    draft: PolicyVersion
    policy_draft: PolicyDraft
    pending: ActionRequest
    returned: ActionRequest
    granted: ActionRequest
    grant: IssuedGrant
    review_token: str
    review: BreakGlassReview
    event: LedgerEvent
    report: Report
    export: ExportJob
    delegation: Delegation
    guardrails: GuardrailVersion
    price: ModelPrice
    run: Run
    budget: Budget
    hold: LegalHold
    loosening: Loosening
    pruning: Pruning
    search: AuditSearch
    stream: AuditStream
    simulation: PolicySimulation
    schedule: ReportSchedule
    saved_filter: SavedFilter
    exercise: Exercise
    canary: CanaryPlan
    absence: Absence
    kill_switch: KillSwitch
    chat_account: ChatAccount
    chat: ChatConnection
    device: PushSubscription
    dora: Membership  # owner and compliance here, and in every other company as well

    @property
    def company(self) -> Company:
        return self.world.company

    @property
    def tenant(self) -> Tenant:
        return self.company.tenant

    @property
    def slug(self) -> str:
        return self.company.slug

    @property
    def agent(self) -> Agent:
        return self.world.agent

    @property
    def category(self) -> ActionCategory:
        return self.world.category


def document() -> dict[str, Any]:
    """Payments need two people, notes nobody, anything else is blocked."""
    timed = stage(
        "finance", "risk", reminders=["1h"],
        escalations=[{"after": "2h", "add": [{"group": "managers"}]}],
    )  # fmt: skip
    made = policy(payments=[timed])
    made["rules"].append({"id": "notes", "when": {"category": "notes.write"}, "then": "allow"})
    return made


def make_lives() -> tuple[Life, Life]:
    """Make both companies, committed. The database's clock ends up five hours ahead."""
    dora = User.objects.create_user("dora@both.example", "correct horse battery", name="Dora")
    worlds = [_found(slug, dora) for slug in ("acme", "globex")]
    for world, _ in worlds:
        world.submit(summary="Nobody answers this")
    shift_clock(LATER)
    sweep()
    first, second = (_live(world, key, dora) for world, key in worlds)
    return first, second


def _found(slug: str, dora: User) -> tuple[World, str]:
    """Make a company with an agent, categories, rights and a published policy."""
    with transaction.atomic():
        company = make_company(slug)
    agent, key = make_agent(company)
    with tenant_transaction(company.id):
        both = [Role.OWNER, Role.COMPLIANCE]
        second = add_member(actor=company.olivia, user=dora, roles=both)
        create_group(actor=company.olivia, slug=f"only-{slug}", name=f"The board of {slug}")
        update_settings(
            actor=company.olivia, tenant=company.tenant, fallback_group="managers", link_voting=True
        )
        kinds = [
            create_category(actor=company.carl, key=key, name=name, risk="low")
            for key, name in (("payments.transfer", "Bank transfer"), ("notes.write", "Note"))
        ]
        for group in (company.finance, company.risk, company.managers):
            give_right(actor=company.carl, category=kinds[0], group=group)
        give_right(actor=company.carl, category=kinds[1], member=company.alice)
        source = dump_policy(parse_policy(document()))
        version = propose_policy(actor=company.carl, source=source)
        publish_policy(actor=second, version=version, attestation="Read and agreed.")
    return World(company, agent, kinds[0]), key


def _live(world: World, key: str, dora: User) -> Life:
    """Bring requests into every state, and leave something behind everywhere."""
    company, agent = world.company, world.agent
    with tenant_transaction(company.id):
        endpoint, _ = create_endpoint(actor=company.olivia, url="http://127.0.0.1:9/hook")
        invitation, token = invite_member(
            actor=company.olivia, email=f"erin@{company.slug}.example", name="Erin", roles=["owner"]
        )
        draft = propose_policy(
            actor=company.carl, source=dump_policy(parse_policy(document())), remark="Again"
        )
    _executed(world, world.submit(summary="Executed", callback_endpoint=endpoint.pk))
    granted = _approved(world, world.submit(summary="Granted"))
    revoked = _approved(world, world.submit(summary="Revoked"))
    denied, returned, cancelled = (world.submit(summary=f"Ends {n}") for n in range(3))
    world.vote(company.alice, denied, Verdict.DENY)
    world.vote(company.alice, returned, Verdict.RETURN)
    world.submit(
        summary="Noted", category="notes.write", payload={"text": f"A secret of {company.slug}"}
    )
    world.submit(summary="Blocked", category="unheard.of")
    pending = world.submit(summary=f"A secret of {company.slug}", reason="Do not tell")
    world.vote(company.bob, pending)
    with tenant_transaction(company.id):
        cancel_action(actor=agent, request_id=cancelled.pk)
        revoke_grant(actor=company.carl, request_id=revoked.pk, reason="No longer")
        leave_rehearsals(company, draft, pending)
        leave_run(world)
        leave_leash(company, agent)
        leave_guardrails(company, Membership.objects.get(user=dora))
        leave_rows(world, denied)
        member_token, member_key = issue_token(
            actor=Membership.objects.get(user=dora), label="Scripts", lifetime=timedelta(days=1)
        )
        grant = issue_grant(agent=agent, request_id=granted.pk)
        link = make_review_link(request=pending, member=company.alice)
    deliver_due(grace=timedelta(0))
    say_again(key)
    write_events(company.id, _TILE)
    while sequence_tenant(tenant_id=company.id) or index_tenant(tenant_id=company.id):
        pass
    report = leave_report(company, is_printed=company.slug == "globex")
    export = leave_exports(company)
    make_stream(company.id, f"http://127.0.0.1:9/{company.slug}", start=Start("now"))
    world.submit(summary="Queued for the ledger")
    with tenant_transaction(company.id):
        leave_day()
        hold, pruning = leave_holds(company)
        return Life(
            world=world,
            key=key,
            credential=Credential.objects.get(agent=agent),
            integration=Integration.objects.get(),
            reach=IntegrationGrant.objects.get(),
            token=member_token,
            member_key=member_key,
            writing=PolicyDraft.objects.get(submitted_as=None),
            invitation=invitation,
            invitation_token=token,
            endpoint=endpoint,
            delivery=CallbackDelivery.objects.earliest("id"),
            live=PolicyVersion.objects.get(status="live"),
            draft=draft,
            policy_draft=PolicyDraft.objects.get(submitted_as=None),
            pending=ActionRequest.objects.get(pk=pending.pk),
            returned=returned,
            granted=granted,
            grant=grant,
            review_token=link.rsplit("/", 1)[1],
            review=BreakGlassReview.objects.get(),
            event=LedgerEvent.objects.filter(request_id=pending.pk).earliest("id"),
            report=report,
            export=export,
            run=Run.objects.get(),
            delegation=Delegation.objects.get(),
            guardrails=GuardrailVersion.objects.get(status="live"),
            price=ModelPrice.objects.get(),
            budget=Budget.objects.get(scope="integration"),
            hold=hold,
            loosening=Loosening.objects.get(),
            pruning=pruning,
            search=AuditSearch.objects.get(),
            stream=AuditStream.objects.get(),
            simulation=PolicySimulation.objects.get(),
            schedule=ReportSchedule.objects.get(),
            saved_filter=SavedFilter.objects.get(),
            exercise=Exercise.objects.get(),
            canary=CanaryPlan.objects.get(),
            absence=Absence.objects.get(),
            kill_switch=KillSwitch.objects.get(),
            chat_account=ChatAccount.objects.get(),
            chat=ChatConnection.objects.get(),
            device=PushSubscription.objects.get(),
            dora=Membership.objects.get(user=dora),
        )


def _approved(world: World, request: ActionRequest) -> ActionRequest:
    world.vote(world.company.alice, request)
    return world.vote(world.company.bob, request)


def _executed(world: World, request: ActionRequest) -> None:
    _approved(world, request)
    with tenant_transaction(world.company.id):
        grant = issue_grant(agent=world.agent, request_id=request.pk)
    redeem_grant(token=grant.token, redeemed_by="bank")
    with tenant_transaction(world.company.id):
        report_execution(agent=world.agent, request_id=request.pk, outcome="succeeded")
