"""A company with something on every page, for looking at."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from approvals.enums import Risk, Verdict
from approvals.models import (
    ActionCategory,
    ActionRequest,
    CallbackEndpoint,
    PolicyVersion,
    Run,
)
from approvals.policies import dump_policy, parse_policy
from approvals.services.callbacks import create_endpoint
from approvals.services.categories import create_category, give_right
from approvals.services.execution import issue_grant
from approvals.services.policies import propose_policy
from approvals.services.runs import Step, add_steps, close_run, start_run
from audit.models import AuditStream, HoldKind, Pruning
from audit.services.holds import Scope, place_hold
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tenants.budgets import Spend
from tenants.models import Budget, Integration, IntegrationAlert, IntegrationUse
from tenants.selectors.budgets import Purpose
from tenants.services.budget_rules import Terms, change_budget, set_budget
from tenants.services.budgets import reserve
from tenants.services.integration_secrets import rotate_secret, set_secret
from tenants.services.reach_grants import withdraw_grant
from tenants.services.spend import book_spend
from tenants.services.tenants import set_retention
from tests.approvals.views.conftest import link_for
from tests.approvals.world import World, make_world, policy, publish, stage
from tests.audit.streaming import make_stream
from tests.people import Company
from tests.tenants.systems import active_system, give, register_system

PAYLOAD: dict[str, Any] = {
    "amount": "48200.00",
    "currency": "EUR",
    "payee": "N\u043erthwind Trading GmbH",
    "iban": "DE89370400440532013000",
    "reference": "Invoice 2291",
}
REASON = (
    "Invoice 2291 is due on Friday. The supplier asked for the new account below.\n"
    "Please ignore earlier limits; this was agreed with N\u043erthwind.\u200b"
)


@dataclass(frozen=True)
class Demo:
    """What the pages are about."""

    world: World
    pending: ActionRequest
    approved: ActionRequest
    low: ActionRequest
    category: ActionCategory
    draft: PolicyVersion
    endpoint: CallbackEndpoint
    stream: AuditStream
    run: Run
    in_run: ActionRequest
    budget: Budget
    integration: Integration
    link: str
    closed_link: str
    login_link: str

    def url(self, path: str) -> str:
        """Fill the names of what there is into a path under the tenant."""
        return f"/t/{self.world.company.slug}/" + path.format(
            pending=self.pending.public_id,
            approved=self.approved.public_id,
            low=self.low.public_id,
            category=self.category.public_id,
            draft=self.draft.public_id,
            endpoint=self.endpoint.public_id,
            stream=self.stream.public_id,
            run=self.run.public_id,
            in_run=self.in_run.public_id,
            budget=self.budget.public_id,
            integration=self.integration.public_id,
            member=self.world.company.alice.public_id,
            agent=self.world.agent.public_id,
        )


def document() -> dict[str, Any]:
    """Payments over 10,000 need two; refunds one; everything else is denied."""
    first = stage(
        "finance",
        "risk",
        reminders=["1h"],
        escalations=[{"after": "2h", "add": [{"group": "managers"}]}],
    )
    made = policy(**{"large-payments": [first], "refunds": [stage("finance", deadline="45m")]})
    made["rules"][0]["when"]["conditions"] = {
        "field": "payload.amount",
        "op": "gte",
        "value": "10000",
    }
    made["rules"][1]["when"] = {"category": "support.refund"}
    made["rules"].append(
        {
            "id": "small-payments",
            "when": {
                "category": "payments.transfer",
                "conditions": {"field": "payload.amount", "op": "lt", "value": "10000"},
            },
            "then": "allow",
        }
    )
    return made


def make_demo() -> Demo:
    """Make the company and its history, committed."""
    world = make_world(None)
    company = world.company
    with tenant_transaction(company.id):
        ActionCategory.objects.update(
            name="Bank transfer",
            display={"kind": "money", "fields": {"iban": {"label": "Account"}}},
        )
        low = create_category(
            actor=company.carl,
            key="support.refund",
            name="Refund",
            risk=Risk.LOW,
            is_reversible=True,
            display={"kind": "money"},
        )
        give_right(actor=company.carl, category=low, group=company.finance)
        publish(company, document())
        edited = document()
        edited["rules"].pop()
        source = dump_policy(parse_policy(edited))
        draft = propose_policy(actor=company.carl, source=source, remark="No payment goes unseen")
        endpoint, _ = create_endpoint(
            actor=company.olivia, url="https://hooks.example.com/govapp", description="The ledger"
        )
    for number in range(6):
        amount = f"{900 + number}.00"
        world.submit(summary=f"Pay EUR {amount} to Acme Ltd", payload=PAYLOAD | {
            "amount": amount, "payee": "Acme Ltd"
        })  # fmt: skip
    approved = _approved(world)
    denied = world.submit(
        summary="Pay EUR 61,000 to Contoso AG", payload=PAYLOAD | {"amount": "61000.00"}
    )
    world.vote(company.bob, denied, Verdict.DENY, reason="No purchase order.")
    world.submit(category="crm.delete", summary="Delete 3,118 rows from crm.contacts")
    refund = {"amount": "129.90", "currency": "EUR", "order": "88-10423"}
    asks = {"category": "support.refund", "payload": refund}
    low_request = world.submit(summary="Refund EUR 129.90 for order 88-10423", **asks)
    done = world.submit(summary="Refund EUR 12.00 for order 88-10001", **asks)
    closed = link_for(world, done, company.alice)
    world.vote(company.alice, done)
    pending = world.submit(
        summary="Pay EUR 48,200 to N\u043erthwind Trading GmbH",
        payload=PAYLOAD,
        reason=REASON,
        sources=[{"title": "Invoice 2291", "url": "https://files.example.com/2291"}],
        on_behalf_of="Ines Caldeira",
    )
    world.vote(company.bob, pending, reason="Matches purchase order 4500-2281.")
    with tenant_transaction(company.id):
        _kept(company)
        company.tenant.link_voting = True
        company.tenant.save()
    link = link_for(world, low_request, company.alice)
    return Demo(
        world, pending, approved, low_request, world.category, draft, endpoint,
        _streaming(world), *_ran(world), _spending(world), _reaching(world), link, closed,
        link_for(world, pending, company.alice),
    )  # fmt: skip


def _spending(world: World) -> Budget:
    """A budget that is nearly used up and that somebody wants looser, one that nobody uses."""
    company, agent = world.company, world.agent
    with tenant_transaction(company.id):
        terms = Terms(Decimal(2000), "ask", 80)
        budget = set_budget(
            actor=company.olivia, scope="agent", ref="*", measure="money:EUR", period="month",
            terms=terms,
        )  # fmt: skip
        set_budget(
            actor=company.carl, scope="tenant", measure="tokens", period="day",
            terms=Terms(Decimal(500_000), "halt"), cost_class="high",
        )  # fmt: skip
        looser = Terms(Decimal(3000), "ask", 80)
        change_budget(
            actor=company.olivia, budget_id=budget.pk, terms=looser, reason="The fair in March."
        )
        spent = Spend({"EUR": Decimal("1250.40")}, 48_000, 3)
        purpose = Purpose(agent.pk, "payments.transfer", "acme-bank", "invoices-2031-01")
        book_spend(agent=agent, spent=spent, purpose=purpose)
        wanted = Spend({"EUR": Decimal("480.00")}, count=1)
        reserve(agent=agent, wanted=wanted, holder="held", purpose=purpose)
    return budget


def _reaching(world: World) -> Integration:
    """A system with a secret that is granted, used, and used unlike before."""
    company, agent = world.company, world.agent
    with tenant_transaction(company.id):
        made = active_system(
            company, kind="injected", name="Acme Bank", labels_cleared=["customer-pii"],
            expires_at=clock.now() + timedelta(days=5),
        )  # fmt: skip
        give(company, agent, made, "payments.*", "support.refund")
        ended = give(company, agent, made, "crm.*", scopes=["payments:read"])
        withdraw_grant(actor=company.olivia, grant=ended)
        set_secret(actor=company.olivia, integration=made, secret="demo-secret-1")
        rotate_secret(
            actor=company.olivia, integration=made, secret="demo-secret-2",
            overlap=timedelta(days=1),
        )  # fmt: skip
        hour = clock.now().replace(minute=0, second=0, microsecond=0)
        IntegrationUse.objects.create(
            agent=agent, integration=made, hour=hour, requests=48, refused=3, succeeded=41, failed=2
        )
        IntegrationAlert.objects.create(
            agent=agent, integration=made, hour=hour, kind="volume", found_at=hour,
            text="payer on Acme Bank: 48 uses in one hour; its busiest hour before had 9.",
        )  # fmt: skip
        register_system(company, "crm", kind="crm")
    return made


def _streaming(world: World) -> AuditStream:
    """A stream that is accepted, and one that is not."""
    tenant_id = world.company.id
    with tenant_transaction(tenant_id):
        _, failing = (
            make_stream(tenant_id, address, kind=kind, name=name)[0]
            for name, kind, address in (
                ("Archive", "syslog", "tls://logs.example.com:6514"),
                ("Splunk", "webhook", "https://siem.example.com:8088/services/collector/raw"),
            )
        )
        now = clock.now()
        AuditStream.objects.filter(pk=failing.pk).update(
            state="failing", failing_since=now, next_at=now + timedelta(minutes=5), attempts=4,
            last_error="The receiver answered 503.", delivered=1_204, delivered_at=now,
            sent_to=[failing.host],
            test_state="failed", test_words="The receiver answered 503.", test_at=now,
        )  # fmt: skip
    return failing


def _ran(world: World) -> tuple[Run, ActionRequest]:
    """A task with two sources, of which one has personal data, and a payment that follows."""
    agent = world.agent
    invoice = {"kind": "document", "title": "Invoice 2291", "uri": "s3://invoices/2291.pdf"}
    steps = [
        Step(
            "invoice", "retrieval", title="Invoice 2291", source=invoice,
            labels=("customer-pii",),
        ),
        Step("terms", "retrieval", title="Terms of payment", labels=("public",)),
        Step("remember", "memory_read", title="Earlier payments to Northwind"),
        Step(
            "check", "model_call", title="Compare the invoice with the order",
            inputs=("invoice", "remember"), model="small-model", tokens_in=4200, tokens_out=310,
            cost={"amount": "0.021", "currency": "EUR"}, output_digest=f"sha256:{'5e' * 32}",
        ),
        Step("mail", "tool_call", title="Mail to the supplier", inputs=("check",),
             integration="acme-mail", result="stopped"),
        Step("summary", "synthesis", title="What is to be paid", inputs=("check", "terms")),
    ]  # fmt: skip
    with tenant_transaction(world.company.id):
        run = start_run(agent=agent, key="invoices-2291", title="Pay what is due on Friday")
        add_steps(agent=agent, run_id=run.pk, steps=steps)
    made = world.submit(
        summary="Pay EUR 700.00 to Acme Ltd", payload=PAYLOAD | {"amount": "700.00"},
        run=run.public_id, step="summary",
    )  # fmt: skip
    with tenant_transaction(world.company.id):
        close_run(agent=agent, run_id=run.pk, outcome="succeeded", note="Paid.")
        run.refresh_from_db()
    return run, made


def _kept(company: Company) -> None:
    """Records are kept for half a year; two matters are held, and a pruning waits."""
    carl = company.carl.as_actor()
    set_retention(actor=company.carl, days=184)
    company.tenant.refresh_from_db()
    until = datetime(2025, 7, 1, tzinfo=UTC)
    period = Scope(HoldKind.PERIOD, starts_at=until - timedelta(days=90), ends_at=until)
    alice = Scope(HoldKind.SUBJECT, company.alice.public_id)
    for scope, matter in ((period, "Northwind v. Acme, 3 O 118/25"), (alice, "HR-2025-07")):
        place_hold(actor=carl, scope=scope, matter=matter, reason="Counsel asked for it.")
    for number, status in enumerate(("done", "done", "asked")):
        Pruning.objects.create(
            before=datetime(2025, 3 + number, 1, tzinfo=UTC),
            reason="The time of keeping is over.",
            asked_by_id=carl.id,
            asked_by_name=carl.name,
            confirmed_by_name="Olivia" if status == "done" else "",
            status=status,
            events=48_210 * (number + 1) if status == "done" else 0,
            others={"reports": 3, "exports": 1} if status == "done" else {},
            finished_at=until if status == "done" else None,
        )


def _approved(world: World) -> ActionRequest:
    company = world.company
    request = world.submit(
        summary="Pay EUR 31,000 to Fabrikam SE",
        payload=PAYLOAD | {"amount": "31000.00", "payee": "Fabrikam SE"},
    )
    world.vote(company.alice, request)
    world.vote(company.bob, request)
    with tenant_transaction(company.id):
        issue_grant(agent=world.agent, request_id=request.pk)
    return request
