"""Two companies with a full life each: something in every table that could leak."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.test import Client, override_settings

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
    PolicyReview,
    PolicySimulation,
    PolicyVersion,
    PushSubscription,
    Run,
    SavedFilter,
    ShadowResult,
    SimulatedChange,
)
from approvals.policies import dump_policy, parse_policy
from approvals.policies.replay_figures import Figures
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
from approvals.services.guardrails import publish_guardrails, save_guardrails
from approvals.services.links import make_review_link
from approvals.services.policies import propose_policy, publish_policy
from approvals.services.runs import Step, add_steps, close_run, start_run
from approvals.services.submission import Submission, cancel_action, submit_action
from approvals.services.timers import sweep
from audit.models import (
    AuditSearch,
    AuditStream,
    ExportJob,
    HoldKind,
    LedgerDay,
    LedgerEvent,
    LegalHold,
    PrunedRange,
    Pruning,
    Report,
    ReportAttestation,
    ReportSchedule,
)
from audit.selectors.events import EventFilter
from audit.selectors.streams import Start
from audit.services.attestations import USUAL, attest_report
from audit.services.export_jobs import request_export, write_export
from audit.services.holds import Scope, place_hold
from audit.services.report_schedules import schedule_report
from audit.services.reports import make_report, request_report
from audit.services.search_index import index_tenant
from audit.services.searches import keep_search
from audit.services.sequencer import sequence_tenant
from govapp.common import clock
from govapp.common.clock import shift_clock
from govapp.common.ids import new_id
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
from tenants.services.autonomy import set_autonomy, set_environment
from tenants.services.groups import create_group
from tenants.services.people import add_member, invite_member
from tenants.services.tenants import update_settings
from tenants.services.tokens import issue_token
from tenants.services.trust import assess_conduct, hold_agent, set_standards
from tenants.trust import DEFAULT_STANDARDS, Conduct
from tests.approvals.world import World, policy, stage
from tests.audit.books import write_events
from tests.audit.streaming import make_stream
from tests.isolation.hard_cases import leave_rows
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
        _rehearsed(company, draft, pending)
        _ran(world)
        _leashed(company, agent)
        _guarded(company, Membership.objects.get(user=dora))
        leave_rows(world, denied)
        member_token, member_key = issue_token(
            actor=Membership.objects.get(user=dora), label="Scripts", lifetime=timedelta(days=1)
        )
        grant = issue_grant(agent=agent, request_id=granted.pk)
        link = make_review_link(request=pending, member=company.alice)
    deliver_due(grace=timedelta(0))
    _say_again(key)
    write_events(company.id, _TILE)
    while sequence_tenant(tenant_id=company.id) or index_tenant(tenant_id=company.id):
        pass
    report = _reported(company, is_printed=company.slug == "globex")
    export = _exported(company)
    make_stream(company.id, f"http://127.0.0.1:9/{company.slug}", start=Start("now"))
    world.submit(summary="Queued for the ledger")
    with tenant_transaction(company.id):
        _closed_a_day()
        hold, pruning = _kept(company)
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


def _closed_a_day() -> None:
    """Leave a day that is over; nobody of these tests lives so long."""
    noon = datetime(2026, 3, 27, 12, tzinfo=UTC)
    LedgerDay.objects.create(
        date=noon.date(), starts_at=noon, ends_at=noon, count=1, first_index=0, last_index=0,
        next_at=noon,
    )  # fmt: skip


def _kept(company: Company) -> tuple[LegalHold, Pruning]:
    """Leave a hold on a time long ago, and a pruning that waits; another one is done."""
    carl, noon = company.carl.as_actor(), datetime(1999, 3, 27, 12, tzinfo=UTC)
    scope = Scope(HoldKind.PERIOD, starts_at=noon, ends_at=noon + timedelta(days=1))
    secret = f"A secret of {company.slug}"
    hold = place_hold(actor=carl, scope=scope, matter=secret, reason=secret)
    done = Pruning.objects.create(
        before=noon, reason=secret, asked_by_id=carl.id, asked_by_name=carl.name, status="done",
        finished_at=noon,
    )  # fmt: skip
    PrunedRange.objects.create(
        pruning=done, event_id=new_id(), first=0, last=0, first_at=noon, last_at=noon,
        pruned_at=noon,
    )  # fmt: skip
    waiting = Pruning.objects.create(
        before=noon, reason=secret, asked_by_id=carl.id, asked_by_name=carl.name
    )
    return hold, waiting


def _leashed(company: Company, agent: Agent) -> None:
    """Leave a level, an environment, standards and a look at the agent, and what waits for two."""
    secret = f"A secret of {company.slug}"
    set_autonomy(actor=company.carl, agent=agent, pattern="others.*", level="ask", reason=secret)
    set_autonomy(actor=company.carl, agent=None, pattern="others.kind", level="act", reason=secret)
    set_environment(
        actor=company.carl, name=f"only-{company.slug}", is_read_only=True, reason=secret
    )
    stricter = replace(DEFAULT_STANDARDS, grace=1)
    set_standards(actor=company.carl, standards=stricter, reason=secret)
    assess_conduct(agent=hold_agent(agent.pk), conduct=Conduct())


def _guarded(company: Company, second: Membership) -> None:
    """Leave guardrails in force that name what only this company knows, and a draft above them."""
    words = [f"A secret of {company.slug}"]
    document = {"rules": [{"id": "own", "kind": "topic", "action": "warn", "words": words}]}
    save_guardrails(actor=company.carl, document=document)
    publish_guardrails(actor=second, revision=1, attestation="Read and agreed.")
    save_guardrails(actor=company.carl, document=document, remark=words[0])


def _ran(world: World) -> None:
    """Leave a run with steps, an edge, and what only this company knows in all of it."""
    secret = f"A secret of {world.company.slug}"
    run = start_run(agent=world.agent, key=f"own-{world.company.slug}", title=secret)
    source = {"kind": "document", "title": secret}
    steps = [
        Step("read", "retrieval", title=secret, source=source, labels=("own",)),
        Step("think", "model_call", inputs=("read",)),
    ]
    add_steps(agent=world.agent, run_id=run.pk, steps=steps)
    asked = Submission("notes.write", secret, {"text": secret}, run=run.public_id, step="think")
    submit_action(agent=world.agent, submission=asked)
    close_run(agent=world.agent, run_id=run.pk, outcome="succeeded", note=secret)


def _rehearsed(company: Company, version: PolicyVersion, request: ActionRequest) -> None:
    """Leave a row in every table of drafts, reviews, replays and shadow."""
    carl = company.carl
    draft = PolicyDraft.objects.create(source=version.source, created_by=carl, saved_by=carl)
    PolicyReview.objects.create(
        version=version, reviewer=company.olivia, verdict="approve", attestation="Read."
    )
    until = clock.now()
    figures = Figures()
    figures.count(until.date(), "payments.transfer", "allow", "deny", "stricter")
    simulation = PolicySimulation.objects.create(
        source=version.source,
        digest=version.digest,
        draft=draft,
        until=until,
        requested_by=carl,
        status="done",
        total=1,
        replayed=1,
        summary=figures.to_dict(),
    )
    SimulatedChange.objects.create(
        simulation=simulation, request=request, position=1, before="allow", after="deny",
        direction="stricter", because="A secret reason",
    )  # fmt: skip
    ShadowResult.objects.create(
        request=request, version=version, live_outcome="require_approval", outcome="deny",
        differs=True, because="A secret reason",
    )  # fmt: skip


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


@override_settings(ALLOWED_HOSTS=["*"])
def _say_again(key: str) -> None:
    """Submit over HTTP, which keeps an idempotency key."""
    body = {"category": "notes.write", "summary": "Once", "payload": {"text": "once"}}
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "once"}
    answer = Client().post(
        "/api/v1/action-requests", body, content_type="application/json", headers=headers
    )
    assert answer.status_code == 201, answer.content


def _exported(company: Company) -> ExportJob:
    """Ask for everything as a pack and as JSONL, and write both; keep a search besides."""
    with tenant_transaction(company.id):
        actor = company.audrey.as_actor()
        keep_search(actor=actor, name="Votes", wanted=EventFilter(type="vote.cast"))
        pack = request_export(actor=actor, wanted=EventFilter(), export_format="evidence-pack")
        job = request_export(actor=actor, wanted=EventFilter(), export_format="jsonl")
    for each in (pack, job):
        write_export(tenant_id=company.id, job_id=each.pk)
    with tenant_transaction(company.id):
        job.refresh_from_db()
    assert job.status == "ready", job.failure
    return job


def _reported(company: Company, *, is_printed: bool) -> Report:
    """Ask for a report on the past week, and make its PDF: that takes seconds."""
    with tenant_transaction(company.id):
        actor = company.carl.as_actor()
        end = clock.now()
        schedule_report(actor=actor, every="month", zone="UTC")
        report = request_report(actor=actor, period_start=end - timedelta(days=7), period_end=end)
    if is_printed:
        make_report(tenant_id=company.id, report_id=report.pk)
    with tenant_transaction(company.id):
        if is_printed:
            attest_report(actor=actor, report_id=report.pk, statement=USUAL)
        else:  # as if it had been
            ReportAttestation.objects.create(
                report=report,
                sha256="0" * 64,
                attested_by_id=actor.id,
                attested_by_name=actor.name,
                statement=USUAL,
            )
        report = Report.objects.get(pk=report.pk)
    assert report.status == ("ready" if is_printed else "queued"), report.failure
    return report
