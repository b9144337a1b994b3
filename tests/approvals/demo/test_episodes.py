"""Everything of the leash is there to be looked at, each as the services leave it.

One test plays the history and looks at all of it: playing takes longer than looking.
"""

from decimal import Decimal
from typing import Any

from approvals.demo.company import DemoCompany
from approvals.demo.refusals import REFUSED
from approvals.models import (
    ActionRequest,
    Delegation,
    GuardrailVersion,
    ModelCall,
    ModelPrice,
    Run,
)
from audit.models import LedgerEvent
from tenants.models import (
    Autonomy,
    Budget,
    BudgetUse,
    EnvironmentRule,
    Integration,
    IntegrationGrant,
    IntegrationUse,
    KillSwitch,
    Loosening,
    TrustAssessment,
)


def codes_of(request: ActionRequest) -> list[str]:
    return [each["code"] for each in request.trace["refusals"]]


def summarized(words: str) -> ActionRequest:
    """The one request whose summary begins so."""
    return ActionRequest.objects.get(summary__startswith=words)


def test_everything_on_the_leash_is_there_to_be_looked_at(leashed: DemoCompany) -> None:
    systems_and_grants()
    levels_and_trust(leashed)
    budgets(leashed)
    refusals()
    kill_switches(leashed)
    delegations(leashed)
    runs()
    an_action_taken_back()
    guardrails(leashed)
    calls_of_a_model()


def systems_and_grants() -> None:
    found = Integration.objects.order_by("slug").values_list("slug", "status", "check_result")
    answered = "It answered 401, and its scopes are declared."
    assert list(found) == [
        (slug, "suspended" if slug == "card-issuer" else "active", answered)
        for slug in (
            "card-issuer", "core-payments", "customers", "mail-relay", "model-provider",
            "production-cluster",
        )
    ]  # fmt: skip
    grants = IntegrationGrant.objects.select_related("agent", "integration")
    ends = {
        (each.agent.name, each.integration.slug, *each.categories): each.expires_at
        for each in grants
        if each.expires_at is not None
    }
    assert grants.count() == 9
    ended, ending = sorted(ends, key=lambda each: ends[each])
    assert (ended, ending) == (
        ("support-agent", "customers", "records.read"),
        ("deploy-agent", "production-cluster", "database.*", "infra.*"),
    )
    used = set(IntegrationUse.objects.values_list("integration__slug", "agent__name"))
    assert ("core-payments", "treasury-agent") in used


def levels_and_trust(company: DemoCompany) -> None:
    levels = Autonomy.objects.order_by("level").values_list("level", "agent__name", "pattern")
    assert list(levels) == [
        ("act", "support-agent", "crm.untag"),
        ("ask", "deploy-agent", "infra.deploy"),
        ("policy", "support-agent", "email.send"),
        ("recommend", "records-agent", "email.*"),
    ]
    shut = EnvironmentRule.objects.values_list("name", "is_read_only")
    assert list(shut) == [("disaster-recovery", True)]
    changes = Loosening.objects.order_by("asked_at").values_list(
        "status", "asked_by__user__name", "settled_by__user__name"
    )
    assert list(changes) == [
        ("confirmed", "Carl Lindqvist", "Petra Novak"), ("asked", "Carl Lindqvist", None),
    ]  # fmt: skip
    assessed = TrustAssessment.objects.values_list("agent__name", flat=True)
    assert sorted(assessed) == sorted(company.agents)
    support = TrustAssessment.objects.get(agent__name="support-agent")
    # What was refused by the guardrails counts; what a switch or a budget stopped does not.
    assert (support.conduct["found"], support.conduct["blocked"]) == (1, 0)


def budgets(company: DemoCompany) -> None:
    near = Budget.objects.get(measure="tokens", period="week")
    use = BudgetUse.objects.get(budget=near)
    assert (near.ref, near.warn_at) == (str(company.agents["support-agent"].pk), 80)
    assert (use.settled * 100 / near.limit, use.warned_at) == (Decimal(78), None)
    scopes = Budget.objects.values_list("scope", "period").order_by("scope", "period")
    assert set(scopes) == {
        ("agent", "day"), ("agent", "hour"), ("agent", "week"), ("category", "month"),
        ("integration", "day"), ("run", "run"), ("tenant", "month"),
    }  # fmt: skip
    spent = BudgetUse.objects.filter(budget__scope="integration", settled__gt=0)
    assert spent.exists()
    assert company.tenant.pk == near.tenant_id


def refusals() -> None:
    for code, story in REFUSED.items():
        made = ActionRequest.objects.get(
            summary=story.submission.summary, trace__refusals__0__code=code
        )
        assert (made.status, codes_of(made)) == ("blocked", [code])
        body = _told(made, "action_request.blocked")
        assert code in str(body)


def _told(request: ActionRequest, event_type: str) -> str:
    row = LedgerEvent.objects.get(request_id=request.pk, type=event_type)
    return bytes(row.body).decode()


def kill_switches(company: DemoCompany) -> None:
    found = KillSwitch.objects.order_by("thrown_at").values_list(
        "scope", "ref", "is_drill", "thrown_by__user__name", "resumed_by__user__name"
    )
    assert list(found) == [
        ("category", "partner.*", False, "Carl Lindqvist", "Olivia Okafor"),
        ("agent", company.agents["deploy-agent"].public_id, True, "Petra Novak", None),
    ]
    stopped = summarized("Order a replacement card for customer 2040")
    assert codes_of(stopped) == ["killed"]


def delegations(company: DemoCompany) -> None:
    chain = Delegation.objects.order_by("path").values_list("from_agent__name", "to_agent__name")
    assert list(chain) == [
        ("support-agent", "records-agent"),
        ("records-agent", "treasury-agent"),
        ("treasury-agent", "ledger-agent"),
    ]
    cut = Delegation.objects.get(to_agent__name="ledger-agent")
    assert cut.revoked_by == company.members["carl"]
    assert Delegation.objects.filter(revoked_at=None).count() == 2
    done = summarized("Pay EUR 12.00 back")
    assert (done.status, done.execution_state) == ("allowed", "succeeded")
    assert len(done.delegation_chain) == 2
    assert codes_of(summarized("Pay EUR 18.00 back")) == ["delegation_revoked"]


def runs() -> None:
    told: dict[str, Any] = {
        run.key: (run.outcome, run.step_count, run.request_count) for run in Run.objects.all()
    }
    assert told == {
        "invoices-friday": ("succeeded", 5, 1),
        "complaint-884": ("", 4, 1),
        "answers-today": ("", 2, 0),
    }
    held = summarized("Send “About your complaint”")
    assert codes_of(held) == ["labels_not_cleared"]
    step = Run.objects.get(key="complaint-884").steps.get(key="mail")
    assert (step.result, step.request, step.carried) == (
        "stopped",
        held,
        ["customer-pii", "public"],
    )


def an_action_taken_back() -> None:
    first = summarized("Label customer 3391")
    undo = summarized("Undo: Label customer 3391")
    assert (first.status, first.execution_state) == ("approved", "rolled_back")
    assert (undo.status, undo.execution_state, undo.undoes) == ("allowed", "succeeded", first)
    paid = summarized("Pay EUR 740.50")
    assert paid.execution_state == "succeeded"
    assert paid.category is not None
    assert paid.category.undo["category"] == "payments.recall"


def guardrails(company: DemoCompany) -> None:
    live = GuardrailVersion.objects.get(status="live")
    assert (live.written_by, live.published_by) == (
        company.members["carl"], company.members["petra"],
    )  # fmt: skip
    noted = summarized("Send “About your question on bonds”")
    masked = summarized("Confirm the new account")
    assert (noted.status, noted.execution_state) == ("allowed", "succeeded")
    assert "promises" in {each["rule"] for each in noted.trace["guardrails"]["findings"]}
    assert masked.status == "pending"
    assert "0076" not in masked.summary
    assert "0076" in masked.payload["body"]


def calls_of_a_model() -> None:
    calls = ModelCall.objects.order_by("started_at", "id").values_list("status", "code", "run_key")
    run = Run.objects.get(key="answers-today").public_id
    assert list(calls) == [
        ("answered", "", run), ("answered", "", run), ("refused", "guardrail_refused", run),
    ]  # fmt: skip
    assert ModelPrice.objects.get().pattern == "demo-*"
    assert all(ModelCall.objects.filter(status="answered").values_list("cost", flat=True))
