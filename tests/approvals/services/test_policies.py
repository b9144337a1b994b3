"""Proposing and publishing the rules of a tenant."""

import pytest

from approvals.enums import PolicyStatus
from approvals.models import PolicyVersion
from approvals.selectors.policies import compiled, live_policy
from approvals.services.categories import create_category, give_right
from approvals.services.policies import propose_policy, publish_policy
from audit.models import LedgerEvent
from govapp.common.errors import Conflict, Forbidden, Invalid
from govapp.common.tenancy import tenant_transaction
from tenants.enums import Role
from tenants.models import Membership
from tenants.services.groups import add_to_group
from tenants.services.people import add_member, change_roles, suspend_member
from tenants.services.tenants import update_settings
from tests.people import Company, make_agent, make_company, make_user
from tests.support.recorded import text_of

pytestmark = pytest.mark.django_db

YES = "I confirm that these rules are the ones we agreed on."
SOURCE = """\
# who lets money go
version: 1
default: deny
flows:
  four-eyes:
    stages:
      - name: Review
        seats: [{group: finance}, {group: risk}]
        deadline: 4h
rules:
  - id: payments
    when: {category: payments.transfer}
    then: require_approval
    flow: four-eyes
"""


@pytest.fixture
def acme() -> Company:
    return make_company()


def colleague(company: Company) -> Membership:
    """A second person with the role compliance."""
    return add_member(
        actor=company.olivia, user=make_user("dora", company.slug), roles=[Role.COMPLIANCE]
    )


def rights_for(company: Company, *people: Membership) -> None:
    category = create_category(
        actor=company.carl, key="payments.transfer", name="Transfer", risk="high"
    )
    for person in people:
        give_right(actor=company.carl, category=category, member=person)


def test_a_proposal_keeps_the_text_and_its_meaning(acme: Company) -> None:
    with tenant_transaction(acme.id):
        first = propose_policy(actor=acme.carl, source=SOURCE, remark="first")
        second = propose_policy(actor=acme.carl, source=SOURCE)
        assert (first.number, second.number) == (1, 2)
        stored = PolicyVersion.objects.get(pk=first.pk)
        assert stored.source == SOURCE
        assert stored.status == PolicyStatus.IN_REVIEW
        assert live_policy() is None
        assert compiled(stored).digest == stored.digest
        body = text_of(LedgerEvent.objects.filter(type="policy.proposed")[0])
        assert "1 from Finance and 1 from Risk must approve within 4 hours" in body


def test_a_mistake_is_named_with_its_place_in_the_text(acme: Company) -> None:
    with tenant_transaction(acme.id), pytest.raises(Invalid) as refused:
        propose_policy(actor=acme.carl, source=SOURCE.replace("4h", "soon"))
    (error,) = refused.value.errors
    assert error.pointer == "/flows/four-eyes/stages/0/deadline"
    assert error.detail.startswith("Line 9, column 19: ")


@pytest.mark.parametrize("source", ["", "a\0b", "[]", "{", "version: &a 1"])
def test_what_is_no_policy_is_refused(acme: Company, source: str) -> None:
    with tenant_transaction(acme.id), pytest.raises(Invalid):
        propose_policy(actor=acme.carl, source=source)


def test_only_compliance_proposes_and_publishes(acme: Company) -> None:
    with tenant_transaction(acme.id):
        version = propose_policy(actor=acme.carl, source=SOURCE)
        for person in (acme.olivia, acme.alice, acme.audrey):
            with pytest.raises(Forbidden):
                propose_policy(actor=person, source=SOURCE)
            with pytest.raises(Forbidden):
                publish_policy(actor=person, version=version, attestation=YES)


def test_another_person_publishes_and_the_former_version_is_archived(acme: Company) -> None:
    with tenant_transaction(acme.id):
        dora = colleague(acme)
        first = propose_policy(actor=acme.carl, source=SOURCE)
        with pytest.raises(Forbidden):
            publish_policy(actor=acme.carl, version=first, attestation=YES)
        publish_policy(actor=dora, version=first, attestation=YES)
        second = propose_policy(actor=dora, source=SOURCE.replace("4h", "2h"))
        publish_policy(actor=acme.carl, version=second, attestation=YES)
        statuses = dict(PolicyVersion.objects.values_list("number", "status"))
        assert statuses == {1: "archived", 2: "live"}
        live = live_policy()
        assert live is not None
        assert compiled(live).digest == second.digest
        with pytest.raises(Conflict):
            publish_policy(actor=dora, version=second, attestation=YES)
        with pytest.raises(Conflict):
            publish_policy(actor=dora, version=first, attestation=YES)


def test_one_person_may_publish_where_the_tenant_says_so_and_it_is_recorded(acme: Company) -> None:
    with tenant_transaction(acme.id):
        update_settings(actor=acme.olivia, tenant=acme.tenant, single_person_publishing=True)
        version = propose_policy(actor=acme.carl, source=SOURCE)
        publish_policy(actor=acme.carl, version=version, attestation=YES)
        body = text_of(LedgerEvent.objects.get(type="policy.published"))
        assert '"single_person":true' in body
        assert f'"attestation":"{YES}"' in body


@pytest.mark.parametrize("attestation", ["", "  ", "x" * 501, "a\0"])
def test_publishing_needs_an_attestation(acme: Company, attestation: str) -> None:
    with tenant_transaction(acme.id):
        dora = colleague(acme)
        version = propose_policy(actor=acme.carl, source=SOURCE)
        with pytest.raises(Invalid) as refused:
            publish_policy(actor=dora, version=version, attestation=attestation)
    assert [error.pointer for error in refused.value.errors] == ["/attestation"]


def refusal(company: Company, source: str = SOURCE) -> list[tuple[str, str]]:
    """What publishing says about the people there are now."""
    dora = colleague(company)
    version = propose_policy(actor=company.carl, source=source)
    try:
        publish_policy(actor=dora, version=version, attestation=YES)
    except Invalid as refused:
        return [(error.pointer, error.detail) for error in refused.errors]
    return []


def test_a_group_that_does_not_exist_is_named(acme: Company) -> None:
    with tenant_transaction(acme.id):
        assert refusal(acme, SOURCE.replace("risk", "riks")) == [
            (
                "/flows/four-eyes/stages/0/seats/1/group",
                (
                    "Flow four-eyes, stage Review: there is no group riks;"
                    " create it first or name another."
                ),
            )
        ]


def test_whoever_is_suspended_or_no_approver_is_not_counted(acme: Company) -> None:
    with tenant_transaction(acme.id):
        suspend_member(actor=acme.olivia, member=acme.bob)
        (problem,) = refusal(acme)
        assert "nobody is in the group risk" in problem[1]


def test_a_person_in_both_groups_is_one_person(acme: Company) -> None:
    with tenant_transaction(acme.id):
        change_roles(actor=acme.olivia, member=acme.bob, roles=[Role.AUDITOR])
        add_to_group(actor=acme.olivia, group=acme.risk, member=acme.alice)
        (problem,) = refusal(acme)
        assert "it needs 2 different people" in problem[1]


def test_people_without_the_right_on_the_category_are_not_counted(acme: Company) -> None:
    with tenant_transaction(acme.id):
        rights_for(acme, acme.alice)
        (problem,) = refusal(acme)
        assert problem == (
            "/rules/0/flow",
            (
                "Rule payments, category payments.transfer: Flow four-eyes, stage Review: nobody"
                " with the right is in the group risk; add people first or name another."
            ),
        )


def test_with_the_rights_it_is_published(acme: Company) -> None:
    with tenant_transaction(acme.id):
        rights_for(acme, acme.alice, acme.bob)
        assert refusal(acme) == []


def test_the_agents_owner_is_not_counted_where_duties_are_separated(acme: Company) -> None:
    make_agent(acme)
    with tenant_transaction(acme.id):
        change_roles(actor=acme.olivia, member=acme.bob, roles=[Role.AUDITOR])
        change_roles(actor=acme.olivia, member=acme.olivia, roles=[Role.OWNER, Role.APPROVER])
        add_to_group(actor=acme.olivia, group=acme.risk, member=acme.olivia)
        rights_for(acme, acme.alice, acme.olivia)
        (problem,) = refusal(acme)
        assert problem[0] == "/rules/0/flow"
        assert problem[1].startswith(
            "Rule payments, category payments.transfer, agent payer: its owner"
            " olivia@acme.example may not approve, and then: "
        )


def test_the_owner_counts_where_the_rule_says_so(acme: Company) -> None:
    make_agent(acme)
    with tenant_transaction(acme.id):
        change_roles(actor=acme.olivia, member=acme.bob, roles=[Role.AUDITOR])
        change_roles(actor=acme.olivia, member=acme.olivia, roles=[Role.OWNER, Role.APPROVER])
        add_to_group(actor=acme.olivia, group=acme.risk, member=acme.olivia)
        rights_for(acme, acme.alice, acme.olivia)
        assert refusal(acme, SOURCE + "    separation_of_duties: false\n") == []


def test_a_wide_rule_needs_one_category_that_it_can_work_for(acme: Company) -> None:
    wide = SOURCE.replace("payments.transfer", "payments.*")
    with tenant_transaction(acme.id):
        rights_for(acme, acme.alice)
        (problem,) = refusal(acme, wide)
        assert problem[1].startswith("Rule payments, category payments.transfer: ")
