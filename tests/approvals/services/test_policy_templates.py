"""Templates applied: a draft and what it needs, all of it or nothing, and nothing changed."""

from typing import Any

import pytest

from approvals.enums import PolicyStatus
from approvals.models import ActionCategory, PolicyDraft
from approvals.policies import load_policy
from approvals.policy_templates import TEMPLATES
from approvals.selectors.policy_templates import fill_template
from approvals.selectors.reachability import find_obstacles
from approvals.services.categories import create_category, give_right
from approvals.services.drafts import submit_for_review
from approvals.services.policies import propose_policy, publish_policy
from approvals.services.policy_templates import apply_template
from audit.models import LedgerEvent, ReportSchedule
from govapp.common.errors import Forbidden, Invalid, NotFound
from govapp.common.tenancy import tenant_transaction
from tenants.models import Tenant
from tenants.services.tenants import set_retention, update_settings
from tests.approvals.services.test_policies import SOURCE, YES, colleague
from tests.people import Company, make_company
from tests.tenants.ledger import events, summaries

GROUPS = {
    "payments": {"first_group": "finance", "second_group": "risk"},
    "eu-ai-act": {"overseers": "finance", "second_group": "risk"},
    "hipaa": {"clinicians": "finance", "privacy": "risk"},
    "soc2": {"engineers": "finance", "security": "risk"},
    "developer-platform": {"team": "finance", "operations": "managers"},
    "customers": {"service": "finance", "lead_group": "managers"},
}


@pytest.fixture
def acme(db: None) -> Company:
    return make_company()


@pytest.mark.parametrize("key", GROUPS)
def test_a_new_company_can_publish_what_a_template_gives(acme: Company, key: str) -> None:
    with tenant_transaction(acme.id):
        applied = apply_template(actor=acme.carl, key=key, typed=GROUPS[key])
        assert applied.categories == tuple(each.key for each in TEMPLATES[key].categories)
        assert applied.differences == ()
        assert find_obstacles(load_policy(applied.draft.source)) == []
        version = submit_for_review(actor=acme.carl, draft_id=applied.draft.pk, revision=1)
        published = publish_policy(actor=colleague(acme), version=version, attestation=YES)
        assert published.status == PolicyStatus.LIVE


def test_the_draft_says_what_it_was_made_of(acme: Company) -> None:
    typed = GROUPS["payments"] | {"free_until": "250"}
    with tenant_transaction(acme.id):
        draft = apply_template(actor=acme.carl, key="payments", typed=typed).draft
        kept = PolicyDraft.objects.get().template
        assert (kept["key"], kept["answers"]["free_until"]) == ("payments", "250")
        assert kept["answers"]["closed_outside_hours"] is False
        assert "value: 250\n" in draft.source
        assert summaries("policy_draft.created", "policy_template.applied") == [
            (
                "Carl began the policy draft “Payments by four eyes”. It was made from the template"
                " Payments by four eyes."
            ),
            (
                "Carl made a draft and the category payments.transfer from the template Payments by"
                " four eyes."
            ),
        ]
        (event,) = events("policy_template.applied")
        assert event["data"] == {
            "template": "payments",
            "answers": kept["answers"],
            "into_live": False,
            "categories": ["payments.transfer"],
            "differences": [],
            "also": ["The oversight report comes every month."],
        }


def test_records_are_never_kept_for_less(acme: Company) -> None:
    with tenant_transaction(acme.id):
        applied = apply_template(actor=acme.carl, key="eu-ai-act", typed=GROUPS["eu-ai-act"])
        assert Tenant.objects.get().retention_days == 184
        assert applied.also == (
            ("Records are kept for at least 184 days (Regulation (EU) 2024/1689, Article 26(6))."),
            "The oversight report comes every quarter.",
        )
        apply_template(actor=acme.carl, key="hipaa", typed=GROUPS["hipaa"])
        assert Tenant.objects.get().retention_days == 2192
        again = apply_template(actor=acme.carl, key="soc2", typed=GROUPS["soc2"])
        assert (Tenant.objects.get().retention_days, again.also) == (2192, ())
        set_retention(actor=acme.carl, days=3000)
        apply_template(actor=acme.carl, key="hipaa", typed=GROUPS["hipaa"])
        assert Tenant.objects.get().retention_days == 3000


def test_the_report_comes_by_the_tenants_clock(acme: Company) -> None:
    with tenant_transaction(acme.id):
        update_settings(actor=acme.olivia, tenant=acme.tenant, time_zone="Asia/Tokyo")
        for key in ("payments", "customers", "soc2"):
            apply_template(actor=acme.carl, key=key, typed=GROUPS[key])
        rows = ReportSchedule.objects.order_by("every").values_list("every", "zone")
        assert list(rows) == [("month", "Asia/Tokyo"), ("quarter", "Asia/Tokyo")]


def test_a_category_that_is_there_is_left_and_its_difference_said(acme: Company) -> None:
    with tenant_transaction(acme.id):
        mine = create_category(
            actor=acme.carl, key="payments.transfer", name="Wire", risk="low", is_reversible=True,
            payload_schema={"type": "object", "properties": {"amount": {"type": "string"}}},
        )  # fmt: skip
        before = ActionCategory.objects.filter(pk=mine.pk).values().get()
        applied = apply_template(actor=acme.carl, key="payments", typed=GROUPS["payments"])
        assert applied.categories == ()
        assert applied.differences == (
            (
                "The category payments.transfer is left as it is. It differs from the template's:"
                " risk low instead of high, can be undone yes instead of no, cost class none"
                " instead of high, target field none instead of to and amount field none instead"
                " of amount."
            ),
            (
                "The schema of payments.transfer lacks “currency” and “to”. A rule that looks for"
                " what is missing counts as matched, unless it allows."
            ),
        )
        assert ActionCategory.objects.filter(pk=mine.pk).values().get() == before
        assert not mine.group_permissions.exists()
        again = apply_template(actor=acme.carl, key="hipaa", typed=GROUPS["hipaa"])
        same = apply_template(actor=acme.carl, key="hipaa", typed=GROUPS["hipaa"])
        assert (len(again.categories), same.categories, same.differences) == (4, (), ())


def test_the_groups_that_were_named_may_approve_what_was_made(acme: Company) -> None:
    with tenant_transaction(acme.id):
        apply_template(actor=acme.carl, key="payments", typed=GROUPS["payments"])
        rights = ActionCategory.objects.get().group_permissions.values_list("group", flat=True)
        assert set(rights) == {acme.finance.group_id, acme.risk.group_id}


def test_merged_into_what_is_live_nothing_of_that_changes(acme: Company) -> None:
    with tenant_transaction(acme.id):
        category = create_category(
            actor=acme.carl, key="payments.transfer", name="Bank transfer", risk="high"
        )
        for group in (acme.finance, acme.risk):
            give_right(actor=acme.carl, category=category, group=group)
        version = propose_policy(actor=acme.carl, source=SOURCE)
        live = publish_policy(actor=colleague(acme), version=version, attestation=YES)
        applied = apply_template(
            actor=acme.carl, key="payments", typed=GROUPS["payments"], into_live=True
        )
        source = applied.draft.source
        now: Any = load_policy(source).document
        rules_there, rules_now = live.document["rules"], now["rules"]
        assert source.startswith(SOURCE[: SOURCE.index("rules:")])
        assert SOURCE[SOURCE.index("rules:") :] in source
        assert rules_now[: len(rules_there)] == rules_there
        assert load_policy(source).document["default"] == live.document["default"] == "deny"
        assert applied.draft.based_on == live
        assert "  # PSD2, Delegated Regulation (EU) 2018/389, Article 2: " in source
        assert "    flow: payments-four-eyes\n" in source


@pytest.mark.parametrize(
    ("typed", "pointers"),
    [
        ({"first_group": "nobody"}, ["/first_group"]),
        ({"first_group": "nobody", "second_group": "none"}, ["/first_group", "/second_group"]),
        ({"free_until": "much", "deadline": "soon"}, ["/free_until", "/deadline"]),
        ({"free_until": "20000"}, ["/threshold"]),
    ],
)
def test_what_cannot_be_used_is_refused_at_its_blank(
    acme: Company, typed: dict[str, str], pointers: list[str]
) -> None:
    with tenant_transaction(acme.id):
        with pytest.raises(Invalid) as refused:
            apply_template(actor=acme.carl, key="payments", typed=GROUPS["payments"] | typed)
        assert [error.pointer for error in refused.value.errors] == pointers
        assert not PolicyDraft.objects.exists()


def test_all_of_it_or_nothing(acme: Company) -> None:
    """The last thing that is set up fails: a zone that this machine does not know."""
    with tenant_transaction(acme.id):
        Tenant.objects.update(time_zone="Mars/Olympus")
        before = LedgerEvent.objects.count()
        with pytest.raises(Exception, match="Mars/Olympus"):
            apply_template(actor=acme.carl, key="hipaa", typed=GROUPS["hipaa"])
        assert LedgerEvent.objects.count() == before
        assert not PolicyDraft.objects.exists()
        assert not ActionCategory.objects.exists()
        assert Tenant.objects.get().retention_days is None


def test_only_compliance_applies_a_template_that_there_is(acme: Company) -> None:
    with tenant_transaction(acme.id):
        for member in (acme.olivia, acme.alice, acme.audrey):
            with pytest.raises(Forbidden):
                apply_template(actor=member, key="payments", typed=GROUPS["payments"])
        with pytest.raises(NotFound):
            apply_template(actor=acme.carl, key="astrology", typed={})


def test_beside_no_live_rules_it_stands_alone(acme: Company) -> None:
    with tenant_transaction(acme.id):
        typed: dict[str, Any] = GROUPS["soc2"]
        alone = fill_template(TEMPLATES["soc2"], typed)
        assert fill_template(TEMPLATES["soc2"], typed, into_live=True) == alone
