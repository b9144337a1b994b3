"""Drafts of the rules: saved by several people, and nothing lost."""

import pytest

from approvals.enums import PolicyStatus
from approvals.models import PolicyDraft, PolicySimulation, PolicyVersion
from approvals.services.drafts import (
    StaleDraft,
    create_draft,
    discard_draft,
    save_draft,
    submit_for_review,
)
from approvals.services.policies import propose_policy, publish_policy
from audit.models import LedgerEvent
from govapp.common import clock
from govapp.common.errors import Conflict, Forbidden, Invalid, NotFound
from govapp.common.ids import new_id
from govapp.common.tenancy import bind_tenant, tenant_transaction
from tenants.models import Membership
from tests.approvals.services.test_policies import SOURCE, YES, colleague
from tests.people import Company, make_company
from tests.support.committed import CommittedDatabase
from tests.support.recorded import read

UNFINISHED = "version: 1\nrules:\n  - when: {"


@pytest.fixture
def acme(db: None) -> Company:
    return make_company()


def events(prefix: str = "policy_draft.") -> list[tuple[str, str]]:
    """Type and words of what the ledger has, in order."""
    rows = LedgerEvent.objects.filter(type__startswith=prefix).order_by("occurred_at", "id")
    return [(row.type, read(row)["summary"]) for row in rows]


def test_a_draft_keeps_what_is_no_policy_yet(acme: Company) -> None:
    with tenant_transaction(acme.id):
        draft = create_draft(actor=acme.carl, source=UNFINISHED, title="Payments")
        assert (draft.source, draft.revision, draft.based_on) == (UNFINISHED, 1, None)
        saved = save_draft(actor=acme.carl, draft_id=draft.pk, revision=1, source=SOURCE)
        assert (saved.source, saved.revision, saved.title) == (SOURCE, 2, "Payments")
        assert events() == [
            ("policy_draft.created", "Carl began the policy draft “Payments”."),
            ("policy_draft.saved", "Carl saved the policy draft “Payments” as revision 2."),
        ]


def test_a_draft_is_based_on_what_is_live(acme: Company) -> None:
    with tenant_transaction(acme.id):
        dora = colleague(acme)
        live = propose_policy(actor=acme.carl, source=SOURCE)
        publish_policy(actor=dora, version=live, attestation=YES)
        assert create_draft(actor=acme.carl, source=SOURCE).based_on == live


def test_saving_the_same_changes_nothing(acme: Company) -> None:
    with tenant_transaction(acme.id):
        draft = create_draft(actor=acme.carl, source=SOURCE)
        again = save_draft(actor=acme.carl, draft_id=draft.pk, revision=1, source=SOURCE)
        assert (again.revision, len(events())) == (1, 1)


def test_who_saves_over_another_is_told_and_nothing_is_overwritten(acme: Company) -> None:
    with tenant_transaction(acme.id):
        dora = colleague(acme)
        draft = create_draft(actor=acme.carl, source=SOURCE)
        save_draft(actor=dora, draft_id=draft.pk, revision=1, source=UNFINISHED)
        with pytest.raises(StaleDraft) as refused:
            save_draft(actor=acme.carl, draft_id=draft.pk, revision=1, source=SOURCE + "# mine")
        assert (refused.value.draft.source, refused.value.draft.revision) == (UNFINISHED, 2)
        assert refused.value.detail.startswith("Dora saved this draft in the meantime")
        assert PolicyDraft.objects.get().source == UNFINISHED


def test_submitting_makes_a_version_in_review_and_closes_the_draft(acme: Company) -> None:
    with tenant_transaction(acme.id):
        draft = create_draft(actor=acme.carl, source=SOURCE, title="Payments")
        version = submit_for_review(actor=acme.carl, draft_id=draft.pk, revision=1, remark="Ready")
        assert (version.status, version.source, version.remark, version.proposed_by) == (
            PolicyStatus.IN_REVIEW,
            SOURCE,
            "Ready",
            acme.carl,
        )
        assert PolicyDraft.objects.get().submitted_as == version
        assert [kind for kind, _ in events("policy")] == ["policy_draft.created", "policy.proposed"]
        with pytest.raises(Conflict, match="submitted as version 1"):
            save_draft(actor=acme.carl, draft_id=draft.pk, revision=1, source=UNFINISHED)
        for end in (submit_for_review, discard_draft):
            with pytest.raises(Conflict, match="submitted as version 1"):
                end(actor=acme.carl, draft_id=draft.pk, revision=1)


def test_what_is_no_policy_is_not_submitted(acme: Company) -> None:
    with tenant_transaction(acme.id):
        draft = create_draft(actor=acme.carl, source=SOURCE.replace("4h", "soon"))
        with pytest.raises(Invalid) as refused:
            submit_for_review(actor=acme.carl, draft_id=draft.pk, revision=1)
        assert [error.pointer for error in refused.value.errors] == [
            "/flows/four-eyes/stages/0/deadline"
        ]
        assert (PolicyDraft.objects.get().is_open, PolicyVersion.objects.count()) == (True, 0)


def test_a_stale_revision_is_not_submitted_or_discarded(acme: Company) -> None:
    with tenant_transaction(acme.id):
        draft = create_draft(actor=acme.carl, source=UNFINISHED)
        save_draft(actor=acme.carl, draft_id=draft.pk, revision=1, source=SOURCE)
        with pytest.raises(StaleDraft):
            submit_for_review(actor=acme.carl, draft_id=draft.pk, revision=1)
        with pytest.raises(StaleDraft):
            discard_draft(actor=acme.carl, draft_id=draft.pk, revision=1)


def test_a_discarded_draft_stays_in_the_record(acme: Company) -> None:
    with tenant_transaction(acme.id):
        draft = create_draft(actor=acme.carl, source=SOURCE)
        discard_draft(actor=acme.carl, draft_id=draft.pk, revision=1)
        assert PolicyDraft.objects.get().is_open is False
        assert events()[-1] == (
            "policy_draft.discarded",
            "Carl discarded a policy draft at revision 1.",
        )
        with pytest.raises(Conflict, match="discarded"):
            save_draft(actor=acme.carl, draft_id=draft.pk, revision=1, source=UNFINISHED)


def test_only_compliance_writes(acme: Company) -> None:
    with tenant_transaction(acme.id):
        draft = create_draft(actor=acme.carl, source=SOURCE)
        for person in (acme.olivia, acme.alice, acme.audrey):
            with pytest.raises(Forbidden):
                create_draft(actor=person, source=SOURCE)
            with pytest.raises(Forbidden):
                save_draft(actor=person, draft_id=draft.pk, revision=1, source=UNFINISHED)
            with pytest.raises(Forbidden):
                submit_for_review(actor=person, draft_id=draft.pk, revision=1)
            with pytest.raises(Forbidden):
                discard_draft(actor=person, draft_id=draft.pk, revision=1)


@pytest.mark.parametrize("source", ["nul \0", "half \ud800", "x" * (512 * 1024 + 1)])
def test_what_no_column_holds_is_refused(acme: Company, source: str) -> None:
    with tenant_transaction(acme.id), pytest.raises(Invalid) as refused:
        create_draft(actor=acme.carl, source=source)
    assert [error.pointer for error in refused.value.errors] == ["/source"]


def test_another_tenants_draft_is_not_there(acme: Company) -> None:
    with tenant_transaction(acme.id):
        draft = create_draft(actor=acme.carl, source=SOURCE)
    globex = make_company("globex")
    with tenant_transaction(globex.id), pytest.raises(NotFound):
        save_draft(actor=globex.carl, draft_id=draft.pk, revision=1, source=UNFINISHED)


def replay(company: Company, digest: str) -> PolicySimulation:
    return PolicySimulation.objects.create(
        source=SOURCE, digest=digest, until=clock.now(), requested_by=company.carl
    )


def test_a_replay_of_the_same_rules_goes_with_the_version(acme: Company) -> None:
    with tenant_transaction(acme.id):
        digest = propose_policy(actor=acme.carl, source=SOURCE).digest
        fitting, other = replay(acme, digest), replay(acme, "sha256:0")
        draft = create_draft(actor=acme.carl, source=SOURCE)
        for wrong, error in ((other.pk, Conflict), (new_id(), NotFound)):
            with pytest.raises(error):
                submit_for_review(
                    actor=acme.carl, draft_id=draft.pk, revision=1, simulation_id=wrong
                )
        made = submit_for_review(
            actor=acme.carl, draft_id=draft.pk, revision=1, simulation_id=fitting.pk
        )
        assert list(made.simulations.all()) == [fitting]
        assert len(events("policy_simulation.attached")) == 1


def test_a_replay_is_not_taken_from_the_version_that_it_belongs_to(acme: Company) -> None:
    # What it found may be why that one needs more people.
    with tenant_transaction(acme.id):
        first = propose_policy(actor=acme.carl, source=SOURCE)
        simulation = replay(acme, first.digest)
        PolicySimulation.objects.filter(pk=simulation.pk).update(version=first)
        draft = create_draft(actor=acme.carl, source=SOURCE)
        with pytest.raises(Conflict):
            submit_for_review(
                actor=acme.carl, draft_id=draft.pk, revision=1, simulation_id=simulation.pk
            )
        assert list(first.simulations.all()) == [simulation]


def test_of_many_saves_at_once_one_is_kept_and_the_others_hear_of_it(
    committed_db: CommittedDatabase,
) -> None:
    acme = make_company()
    with tenant_transaction(acme.id):
        people = [acme.carl, colleague(acme)]
        draft = create_draft(actor=acme.carl, source=SOURCE)

    def save(person: Membership, number: int) -> PolicyDraft:
        with bind_tenant(acme.id):
            return save_draft(
                actor=person, draft_id=draft.pk, revision=1, source=f"{SOURCE}# {number}\n"
            )

    answers = committed_db.at_once(
        [lambda n=n: save(people[n % 2], n) for n in range(6)]  # type: ignore[misc]
    )
    (kept,) = [each for each in answers if isinstance(each, PolicyDraft)]
    stale = [each for each in answers if isinstance(each, StaleDraft)]
    assert len(stale) == 5
    with tenant_transaction(acme.id):
        now = PolicyDraft.objects.get()
        assert (now.revision, now.source) == (2, kept.source)
        assert {each.draft.source for each in stale} == {kept.source}
        assert len(events("policy_draft.saved")) == 1
