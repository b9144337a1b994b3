"""Who has to confirm a version before it is live, and what stops it."""

from functools import partial
from typing import Any, Literal

import pytest

from approvals.enums import PolicyEffect, PolicyStatus, SimulationStatus
from approvals.models import PolicyReview, PolicySimulation, PolicyVersion
from approvals.selectors.policies import live_policy
from approvals.selectors.policy_reviews import read_review_state
from approvals.services.policies import (
    propose_policy,
    publish_policy,
    renew_version,
    review_policy,
    roll_back,
    withdraw_policy,
)
from audit.models import LedgerEvent
from govapp.common import clock
from govapp.common.errors import Conflict, Forbidden, Invalid
from govapp.common.tenancy import bind_tenant, tenant_transaction
from tenants.enums import Role
from tenants.models import Membership, Tenant
from tenants.services.people import add_member, change_roles
from tenants.services.tenants import update_settings
from tests.approvals.services.test_policies import SOURCE, YES
from tests.people import Company, make_company, make_user
from tests.support.committed import CommittedDatabase
from tests.support.recorded import read

WEAKER = SOURCE.replace("4h", "8h")
STRICTER = SOURCE.replace("4h", "2h")


@pytest.fixture
def acme(db: None) -> Company:
    return make_company()


def colleague(company: Company, name: str = "dora") -> Membership:
    return add_member(
        actor=company.olivia, user=make_user(name, company.slug), roles=[Role.COMPLIANCE]
    )


def make_live(company: Company, second: Membership, source: str = SOURCE) -> PolicyVersion:
    version = propose_policy(actor=company.carl, source=source)
    return publish_policy(actor=second, version=version, attestation=YES)


def ask_for(company: Company, people: int) -> None:
    Tenant.objects.filter(pk=company.id).update(weakening_reviewers=people)


def said(event_type: str) -> list[dict[str, Any]]:
    rows = LedgerEvent.objects.filter(type=event_type).order_by("occurred_at", "id")
    return [read(row) for row in rows]


def status(version: PolicyVersion) -> str:
    return PolicyVersion.objects.get(pk=version.pk).status


def test_a_version_knows_what_it_does_beside_the_live_one(acme: Company) -> None:
    with tenant_transaction(acme.id):
        dora = colleague(acme)
        first = make_live(acme, dora)
        effects = [
            (version.effect, version.based_on)
            for version in (
                propose_policy(actor=acme.carl, source=source)
                for source in (WEAKER, STRICTER, f"{SOURCE}# only a remark\n")
            )
        ]
        assert effects == [("weakens", first), ("tightens", first), ("same", first)]
        assert said("policy.proposed")[1]["data"]["effect_reasons"] == [
            "Rule payments asks for “within 8 hours” instead of “within 4 hours” in stage Review."
        ]


def test_a_weakening_needs_as_many_people_as_the_tenant_says(acme: Company) -> None:
    with tenant_transaction(acme.id):
        dora, erik, fay = (colleague(acme, name) for name in ("dora", "erik", "fay"))
        former = make_live(acme, dora)
        ask_for(acme, 2)
        version = propose_policy(actor=acme.carl, source=WEAKER)
        made = publish_policy(actor=dora, version=version, attestation=YES)
        assert (made.status, live_policy()) == (PolicyStatus.IN_REVIEW, former)
        state = read_review_state(version, Tenant.objects.get())
        assert [review.reviewer for review in state.counted] == [dora]
        assert (state.still_needed, list(state.candidates)) == (1, [erik, fay])
        again = publish_policy(actor=dora, version=version, attestation=YES)
        assert again.status == PolicyStatus.IN_REVIEW
        made = publish_policy(actor=erik, version=version, attestation=YES)
        assert (made.status, made.published_by) == (PolicyStatus.LIVE, erik)
        assert [event["summary"] for event in said("policy.reviewed")][-2:] == [
            "Dora confirmed policy version 2. 1 more needed.",
            "Erik confirmed policy version 2. Nobody else is needed.",
        ]
        assert said("policy.published")[-1]["data"]["confirmed_by_names"] == ["Dora", "Erik"]


def test_what_tightens_needs_one_other_person(acme: Company) -> None:
    with tenant_transaction(acme.id):
        dora = colleague(acme)
        make_live(acme, dora)
        ask_for(acme, 3)
        version = propose_policy(actor=acme.carl, source=STRICTER)
        assert publish_policy(actor=dora, version=version, attestation=YES).status == "live"


@pytest.mark.parametrize(
    ("effect", "status", "needed"),
    [
        (PolicyEffect.WEAKENS, SimulationStatus.DONE, 2),
        (PolicyEffect.BOTH, SimulationStatus.DONE, 2),
        (PolicyEffect.TIGHTENS, SimulationStatus.DONE, 1),
        (PolicyEffect.WEAKENS, SimulationStatus.RUNNING, 1),
    ],
)
def test_a_replay_that_found_looser_outcomes_counts_too(
    acme: Company, effect: str, status: str, needed: int
) -> None:
    with tenant_transaction(acme.id):
        make_live(acme, colleague(acme))
        ask_for(acme, 2)
        version = propose_policy(actor=acme.carl, source=STRICTER)
        PolicySimulation.objects.create(
            source=STRICTER, digest=version.digest, version=version, until=clock.now(),
            requested_by=acme.carl, status=status, effect=effect,
        )  # fmt: skip
        assert read_review_state(version, Tenant.objects.get()).needed == needed


def test_what_nobody_can_tell_counts_as_weakening(acme: Company) -> None:
    def with_pattern(pattern: str) -> str:
        leaf = f"{{field: payload.to, op: matches, value: {pattern}}}"
        return SOURCE.replace(
            "{category: payments.transfer}",
            f"{{category: payments.transfer, conditions: {{all: [{leaf}]}}}}",
        )

    allow_all = "  - {id: rest, when: {category: payments.transfer}, then: allow}\n"
    with tenant_transaction(acme.id):
        dora = colleague(acme)
        make_live(acme, dora, with_pattern("^DE") + allow_all)
        ask_for(acme, 2)
        version = propose_policy(actor=acme.carl, source=with_pattern("^FR") + allow_all)
        assert version.effect == "unknown"
        assert read_review_state(version, Tenant.objects.get()).needed == 2


def test_who_left_compliance_no_longer_counts(acme: Company) -> None:
    with tenant_transaction(acme.id):
        dora, erik = colleague(acme), colleague(acme, "erik")
        make_live(acme, dora)
        ask_for(acme, 2)
        version = propose_policy(actor=acme.carl, source=WEAKER)
        review_policy(actor=dora, version=version, verdict="approve", attestation=YES)
        change_roles(actor=acme.olivia, member=dora, roles=[Role.AUDITOR])
        assert publish_policy(actor=erik, version=version, attestation=YES).status == "in_review"
        state = read_review_state(version, Tenant.objects.get())
        assert ([each.reviewer for each in state.counted], state.is_short_of_people) == (
            [erik],
            True,
        )


def test_where_one_person_does_both_they_count_as_one(acme: Company) -> None:
    with tenant_transaction(acme.id):
        update_settings(actor=acme.olivia, tenant=acme.tenant, single_person_publishing=True)
        first = propose_policy(actor=acme.carl, source=SOURCE)
        assert publish_policy(actor=acme.carl, version=first, attestation=YES).status == "live"
        ask_for(acme, 2)
        weaker = propose_policy(actor=acme.carl, source=WEAKER)
        assert publish_policy(actor=acme.carl, version=weaker, attestation=YES).status == (
            "in_review"
        )
        assert publish_policy(actor=colleague(acme), version=weaker, attestation=YES).status == (
            "live"
        )


def test_whoever_proposed_it_neither_confirms_nor_rejects(acme: Company) -> None:
    with tenant_transaction(acme.id):
        version = propose_policy(actor=acme.carl, source=SOURCE)
        verdicts: tuple[Literal["approve", "reject"], ...] = ("approve", "reject")
        for verdict in verdicts:
            with pytest.raises(Forbidden, match="somebody else"):
                review_policy(
                    actor=acme.carl, version=version, verdict=verdict, attestation=YES, remark="x"
                )
        for person in (acme.olivia, acme.alice, acme.audrey):
            with pytest.raises(Forbidden):
                review_policy(actor=person, version=version, verdict="approve", attestation=YES)


def test_confirming_puts_nothing_live(acme: Company) -> None:
    with tenant_transaction(acme.id):
        dora = colleague(acme)
        version = propose_policy(actor=acme.carl, source=SOURCE)
        review_policy(actor=dora, version=version, verdict="approve", attestation=YES)
        assert (status(version), live_policy()) == ("in_review", None)
        (review,) = PolicyReview.objects.all()
        assert (review.reviewer, review.attestation, review.verdict) == (dora, YES, "approve")
        with pytest.raises(Conflict, match="already"):
            review_policy(actor=dora, version=version, verdict="approve", attestation=YES)


def test_a_rejection_says_why_and_ends_it(acme: Company) -> None:
    with tenant_transaction(acme.id):
        dora = colleague(acme)
        version = propose_policy(actor=acme.carl, source=SOURCE)
        with pytest.raises(Invalid) as refused:
            review_policy(actor=dora, version=version, verdict="reject", attestation="")
        assert [error.pointer for error in refused.value.errors] == ["/remark"]
        review_policy(
            actor=dora, version=version, verdict="reject", attestation="", remark="Too slow."
        )
        assert status(version) == "rejected"
        assert [event["summary"] for event in said("policy.rejected")] == [
            "Dora rejected policy version 1: Too slow."
        ]
        with pytest.raises(Conflict, match="rejected"):
            publish_policy(actor=dora, version=version, attestation=YES)


def test_only_who_proposed_it_withdraws_what_is_in_review(acme: Company) -> None:
    with tenant_transaction(acme.id):
        dora = colleague(acme)
        version = propose_policy(actor=acme.carl, source=SOURCE)
        with pytest.raises(Forbidden, match="you may reject it"):
            withdraw_policy(actor=dora, version=version)
        withdraw_policy(actor=acme.carl, version=version, remark="Not yet.")
        assert status(version) == "withdrawn"
        assert [event["summary"] for event in said("policy.withdrawn")] == [
            "Carl withdrew policy version 1 while it was in review: Not yet."
        ]
        with pytest.raises(Conflict):
            withdraw_policy(actor=acme.carl, version=version)


def test_what_was_overtaken_is_not_published_and_its_text_is_kept(acme: Company) -> None:
    with tenant_transaction(acme.id):
        dora = colleague(acme)
        make_live(acme, dora)
        overtaken = propose_policy(actor=acme.carl, source=STRICTER + "# mine\n")
        meanwhile = make_live(acme, dora, WEAKER)
        for act in (publish_policy, partial(review_policy, verdict="approve")):
            with pytest.raises(Conflict) as refused:
                act(actor=dora, version=overtaken, attestation=YES)
            assert (refused.value.code, refused.value.detail) == (
                "policy_overtaken",
                (
                    "Version 3 went live in the meantime; version 2 was written on top of version 1"
                    " and would undo it. Take its text up again on top of version 3."
                ),
            )
        draft = renew_version(actor=acme.carl, version=overtaken)
        assert (draft.source, draft.based_on, draft.renews) == (
            STRICTER + "# mine\n",
            meanwhile,
            overtaken,
        )
        assert status(overtaken) == "in_review"


def test_going_back_is_a_change_like_any_other(acme: Company) -> None:
    with tenant_transaction(acme.id):
        dora = colleague(acme)
        first = make_live(acme, dora)
        second = make_live(acme, dora, STRICTER)
        with pytest.raises(Conflict, match="that was live before"):
            roll_back(actor=acme.carl, version=second)
        first.refresh_from_db()
        back = roll_back(actor=acme.carl, version=first, remark="Too strict.")
        assert (back.status, back.source, back.based_on, back.rolls_back_to, back.effect) == (
            "in_review",
            SOURCE,
            second,
            first,
            "weakens",
        )
        with pytest.raises(Forbidden):
            publish_policy(actor=acme.carl, version=back, attestation=YES)
        assert publish_policy(actor=dora, version=back, attestation=YES).status == "live"
        assert said("policy.proposed")[-1]["summary"] == (
            "Carl proposed policy version 3, to go back to version 1. It weakens what is in force."
        )


def test_the_history_is_in_the_record_in_order(acme: Company) -> None:
    with tenant_transaction(acme.id):
        make_live(acme, colleague(acme))
        rows = LedgerEvent.objects.filter(type__startswith="policy").order_by("occurred_at", "id")
        assert [row.type for row in rows] == [
            "policy.proposed",
            "policy.reviewed",
            "policy.published",
        ]


def test_two_reviewers_at_once_are_both_kept(committed_db: CommittedDatabase) -> None:
    acme = make_company()
    with tenant_transaction(acme.id):
        dora, erik = colleague(acme), colleague(acme, "erik")
        make_live(acme, dora)
        ask_for(acme, 2)
        version = propose_policy(actor=acme.carl, source=WEAKER)

    def publish(person: Membership) -> str:
        with bind_tenant(acme.id):
            return publish_policy(actor=person, version=version, attestation=YES).status

    answers = committed_db.at_once([lambda: publish(dora), lambda: publish(erik)])
    assert sorted(map(str, answers)) == ["in_review", "live"]
    with tenant_transaction(acme.id):
        assert PolicyReview.objects.filter(version=version).count() == 2
        assert [event["data"]["number"] for event in said("policy.published")] == [1, 2]


def test_of_two_publishers_at_once_one_is_overtaken(committed_db: CommittedDatabase) -> None:
    acme = make_company()
    with tenant_transaction(acme.id):
        dora, erik = colleague(acme), colleague(acme, "erik")
        make_live(acme, dora)
        versions = [propose_policy(actor=acme.carl, source=each) for each in (STRICTER, WEAKER)]

    def publish(person: Membership, version: PolicyVersion) -> PolicyVersion:
        with bind_tenant(acme.id):
            return publish_policy(actor=person, version=version, attestation=YES)

    answers = committed_db.at_once(
        [lambda: publish(dora, versions[0]), lambda: publish(erik, versions[1])]
    )
    (winner,) = [each for each in answers if isinstance(each, PolicyVersion)]
    (refused,) = [each for each in answers if isinstance(each, Conflict)]
    assert refused.code == "policy_overtaken"
    with tenant_transaction(acme.id):
        assert live_policy() == winner
        assert sorted(PolicyVersion.objects.values_list("status", flat=True)) == [
            "archived",
            "in_review",
            "live",
        ]


def test_the_same_version_is_published_once_however_often_it_is_asked(
    committed_db: CommittedDatabase,
) -> None:
    acme = make_company()
    with tenant_transaction(acme.id):
        people = [colleague(acme, name) for name in ("dora", "erik", "fay", "gus")]
        version = propose_policy(actor=acme.carl, source=SOURCE)

    def publish(person: Membership) -> PolicyVersion:
        with bind_tenant(acme.id):
            return publish_policy(actor=person, version=version, attestation=YES)

    answers = committed_db.at_once([lambda p=each: publish(p) for each in people])  # type: ignore[misc]
    assert sum(isinstance(each, PolicyVersion) for each in answers) == 1
    with tenant_transaction(acme.id):
        assert len(said("policy.published")) == 1
