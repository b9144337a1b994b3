"""What a company leaves behind beside its requests: in every table that could leak."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from django.test import Client, override_settings

from approvals.models import (
    ActionRequest,
    PolicyDraft,
    PolicyReview,
    PolicySimulation,
    PolicyVersion,
    ShadowResult,
    SimulatedChange,
)
from approvals.policies.replay_figures import Figures
from approvals.services.guardrails import publish_guardrails, save_guardrails
from approvals.services.runs import Step, add_steps, close_run, start_run
from approvals.services.submission import Submission, submit_action
from audit.models import (
    ExportJob,
    HoldKind,
    LedgerDay,
    LegalHold,
    PrunedRange,
    Pruning,
    Report,
    ReportAttestation,
)
from audit.selectors.events import EventFilter
from audit.services.attestations import USUAL, attest_report
from audit.services.export_jobs import request_export, write_export
from audit.services.holds import Scope, place_hold
from audit.services.report_schedules import schedule_report
from audit.services.reports import make_report, request_report
from audit.services.searches import keep_search
from govapp.common import clock
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tenants.models import Agent, Membership
from tenants.services.autonomy import set_autonomy, set_environment
from tenants.services.trust import assess_conduct, hold_agent, set_standards
from tenants.trust import DEFAULT_STANDARDS, Conduct
from tests.approvals.world import World
from tests.people import Company


def leave_day() -> None:
    """Leave a day that is over; nobody of these tests lives so long."""
    noon = datetime(2026, 3, 27, 12, tzinfo=UTC)
    LedgerDay.objects.create(
        date=noon.date(), starts_at=noon, ends_at=noon, count=1, first_index=0, last_index=0,
        next_at=noon,
    )  # fmt: skip


def leave_holds(company: Company) -> tuple[LegalHold, Pruning]:
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


def leave_leash(company: Company, agent: Agent) -> None:
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


def leave_guardrails(company: Company, second: Membership) -> None:
    """Leave guardrails in force that name what only this company knows, and a draft above them."""
    words = [f"The plans of {company.slug}"]
    document = {"rules": [{"id": "own", "kind": "topic", "action": "warn", "words": words}]}
    save_guardrails(actor=company.carl, document=document)
    publish_guardrails(actor=second, revision=1, attestation="Read and agreed.")
    save_guardrails(actor=company.carl, document=document, remark=words[0])


def leave_run(world: World) -> None:
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


def leave_rehearsals(company: Company, version: PolicyVersion, request: ActionRequest) -> None:
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


@override_settings(ALLOWED_HOSTS=["*"])
def say_again(key: str) -> None:
    """Submit over HTTP, which keeps an idempotency key."""
    body = {"category": "notes.write", "summary": "Once", "payload": {"text": "once"}}
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "once"}
    answer = Client().post(
        "/api/v1/action-requests", body, content_type="application/json", headers=headers
    )
    assert answer.status_code == 201, answer.content


def leave_exports(company: Company) -> ExportJob:
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


def leave_report(company: Company, *, is_printed: bool) -> Report:
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
