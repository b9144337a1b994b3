"""What a framework asks for is held to, and what requests asked for goes when its time is over."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client

from approvals.enums import Verdict
from approvals.models import ActionRequest, Comment, Requirement, Vote
from approvals.retention import forget_requests, minimums_in_use
from approvals.services.discussion import add_comment
from approvals.services.drafts import discard_draft
from approvals.services.policy_templates import apply_template
from audit.models import HoldKind, LedgerEvent, LegalHold, Pruning, PruningStatus
from audit.pruners import PRUNERS
from audit.selectors.over_age import Going, rest_of_parts
from audit.selectors.retention import retention_of_tenant
from audit.services.holds import Scope, place_hold
from audit.services.pruning import run_pruning
from audit.services.sequencer import sequence_tenant
from audit.services.verification import verify_tenant
from govapp.common import clock
from govapp.common.clock import shift_clock
from govapp.common.errors import Invalid
from govapp.common.tenancy import tenant_transaction
from tenants.models import Tenant
from tenants.services.retention import lock_retention, set_daily_pruning
from tenants.services.tenants import set_retention
from tests.approvals.world import FOUR_EYES, World, make_world, policy, stage
from tests.people import Company, make_company
from tests.support.committed import CommittedDatabase
from tests.support.tables import TABLES

OVERSEEN = {"overseers": "finance", "second_group": "risk"}
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.mark.django_db
class TestMinimum:
    """No record is younger when it goes than somebody asks for."""

    def refusal(self, company: Company, days: int) -> str:
        with pytest.raises(Invalid) as refused:
            set_retention(actor=company.carl, days=days)
        (error,) = refused.value.errors
        assert error.pointer == "/retention_days"
        return error.detail

    def test_a_framework_in_use_is_held_to(self) -> None:
        company = make_company()
        with tenant_transaction(company.id):
            set_retention(actor=company.carl, days=30)
            applied = apply_template(actor=company.carl, key="eu-ai-act", typed=OVERSEEN)
            assert [each.days for each in minimums_in_use()] == [184]
            said = self.refusal(company, 183)
            assert said.startswith("At least 184 days are asked for: ")
            assert "Article 26(6)" in said
            assert set_retention(actor=company.carl, days=185).retention_days == 185
            discard_draft(actor=company.carl, draft_id=applied.draft.pk, revision=1)
            assert retention_of_tenant().minimums == ()
            assert set_retention(actor=company.carl, days=30).retention_days == 30

    def test_what_was_fixed_only_becomes_longer(self) -> None:
        company = make_company()
        with tenant_transaction(company.id):
            with pytest.raises(Invalid):
                lock_retention(actor=company.olivia)
            set_retention(actor=company.carl, days=1000)
            lock_retention(actor=company.olivia)
            lock_retention(actor=company.olivia)
            assert "only longer" in self.refusal(company, 999)
            assert set_retention(actor=company.carl, days=1001).retention_days == 1001

    def test_nothing_goes_by_itself_before_a_time_is_set(self) -> None:
        company = make_company()
        with tenant_transaction(company.id):
            with pytest.raises(Invalid):
                set_daily_pruning(actor=company.carl, is_on=True)
            assert Tenant.objects.get().prunes_daily is False


def decided(world: World, word: str) -> ActionRequest:
    """A request that names `word` wherever somebody may write, and is denied."""
    company = world.company
    request = world.submit(
        summary=f"Pay {word}", payload={"amount": "12.00", "note": word}, reason=f"For {word}"
    )
    with tenant_transaction(company.id):
        add_comment(actor=company.alice, request_id=request.pk, text=f"Who is {word}?")
    return world.vote(company.alice, request, Verdict.DENY, reason=f"I do not know {word}.")


def pruned(world: World) -> None:
    tenant_id = world.company.id
    while sequence_tenant(tenant_id=tenant_id):
        pass
    with tenant_transaction(tenant_id):
        set_retention(actor=world.company.carl, days=30)
        before = retention_of_tenant().before(clock.now())
        assert before is not None
        assert dict(each for one in PRUNERS for each in one.counts(before)) is not None
        carl = world.company.carl.as_actor()
        pruning = Pruning.objects.create(
            before=before, reason="R", asked_by_id=carl.id, asked_by_name=carl.name,
            status=PruningStatus.RUNNING,
        )  # fmt: skip
    run_pruning(tenant_id=tenant_id, pruning_id=pruning.pk, batch=50)


def texts_with(word: str) -> set[str]:
    """Every table of the bound tenant in which a word stands."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        tables = [name for (name,) in cursor.fetchall()]
        found = set()
        for table in tables:
            cursor.execute(f'SELECT 1 FROM "{table}" each WHERE each::text ~ %s LIMIT 1', [word])  # noqa: S608
            if cursor.fetchone():
                found.add(table)
    return found


@pytest.mark.django_db
def test_what_old_requests_asked_for_goes_and_what_was_decided_stays() -> None:
    world = make_world(FOUR_EYES)
    old = decided(world, "Quagmire")
    held = decided(world, "Zeppelin")
    with tenant_transaction(world.company.id):
        place_hold(
            actor=world.company.carl.as_actor(),
            scope=Scope(HoldKind.REQUEST, held.public_id),
            matter="M",
            reason="R",
        )
    shift_clock(timedelta(days=60))
    young = decided(world, "Yellowhammer")
    pruned(world)
    with tenant_transaction(world.company.id):
        assert texts_with("Quagmire") == set()
        for word in ("Zeppelin", "Yellowhammer"):
            assert {"approvals_actionrequest", "approvals_vote", "approvals_comment"} <= texts_with(
                word
            )
        row = ActionRequest.objects.get(pk=old.pk)
        vote = Vote.objects.get(request=row)
        assert (row.summary, row.payload, row.status) == ("[erased]", {}, "denied")
        assert (row.payload_digest, vote.verdict) == (old.payload_digest, Verdict.DENY)
        assert (vote.reason, Comment.objects.get(request=row).text) == ("[erased]", "[erased]")
        assert row.forgotten_at is not None
        assert Requirement.objects.filter(request=row).exists()
        kept = ActionRequest.objects.filter(forgotten_at=None)
        assert set(kept.values_list("pk", flat=True)) == {held.pk, young.pk}
    assert verify_tenant(tenant_id=world.company.id).findings == []
    client = Client()
    client.force_login(world.company.audrey.user, backend=BACKEND)
    page = client.get(f"/t/{world.company.slug}/requests/{old.public_id}/")
    assert page.status_code == 200
    assert "Quagmire" not in page.content.decode()


PERIOD = Scope(
    HoldKind.PERIOD,
    starts_at=datetime(2000, 1, 1, tzinfo=UTC),
    ends_at=datetime(2200, 1, 1, tzinfo=UTC),
)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [HoldKind.EVERYTHING, HoldKind.PERIOD, HoldKind.SUBJECT])
def test_a_hold_that_is_placed_while_a_pruning_runs_keeps_what_was_said(
    kind: HoldKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(FOUR_EYES)
    request = decided(world, "Quagmire")
    scopes = {
        HoldKind.EVERYTHING: Scope(HoldKind.EVERYTHING),
        HoldKind.PERIOD: PERIOD,
        HoldKind.SUBJECT: Scope(HoldKind.SUBJECT, world.company.alice.public_id),
    }

    def meanwhile(before: datetime, size: int, window: Sequence[Going]) -> list[Going]:
        if not LegalHold.objects.exists():
            carl = world.company.carl.as_actor()
            place_hold(actor=carl, scope=scopes[kind], matter="M", reason="R")
        return rest_of_parts(before, size, window)

    # Somebody places a hold when it was already read what is over age.
    monkeypatch.setattr("audit.services.pruning.rest_of_parts", meanwhile)
    shift_clock(timedelta(days=60))
    pruned(world)
    with tenant_transaction(world.company.id):
        row = ActionRequest.objects.get(pk=request.pk)
        assert (row.summary, row.forgotten_at) == ("Pay Quagmire", None)


def holds_on(world: World, request: ActionRequest) -> dict[str, LegalHold]:
    """Every hold that keeps this request, by what it is on."""
    by = {"placed_by_id": "mem_carl", "placed_by_name": "Carl", "matter": "M", "reason": "R"}
    return {
        "everything": LegalHold(kind=HoldKind.EVERYTHING, **by),
        "a period": LegalHold(
            kind=HoldKind.PERIOD, starts_at=PERIOD.starts_at, ends_at=PERIOD.ends_at, **by
        ),
        "the request": LegalHold(kind=HoldKind.REQUEST, ref=request.public_id, **by),
        "the agent": LegalHold(kind=HoldKind.SUBJECT, ref=world.agent.public_id, **by),
        "who voted": LegalHold(kind=HoldKind.SUBJECT, ref=world.company.alice.public_id, **by),
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    "on", ["everything", "a period", "the request", "the agent", "who voted", "somebody else"]
)
def test_what_is_still_there_of_a_request_without_events_is_kept_by_a_hold_that_comes_late(
    on: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(FOUR_EYES)
    request = decided(world, "Quagmire")
    shift_clock(timedelta(days=60))
    monkeypatch.setattr("audit.services.pruning.PRUNERS", [])
    monkeypatch.setattr("audit.services.pruning.BESIDE", [])
    pruned(world)
    with tenant_transaction(world.company.id):
        holds = holds_on(world, request)
        if on in holds:
            holds[on].save(force_insert=True)
        else:
            LegalHold.objects.create(
                kind=HoldKind.SUBJECT, ref=world.company.bob.public_id, matter="M", reason="R",
                placed_by_id="mem_carl", placed_by_name="Carl",
            )  # fmt: skip
        went = (("requests whose contents went", 1),)
        assert forget_requests(clock.now(), 50) == (() if on in holds else went)
        said = "Pay Quagmire" if on in holds else "[erased]"
        assert ActionRequest.objects.get().summary == said


@pytest.mark.django_db
def test_a_request_that_waits_keeps_its_events_and_its_words_however_old_it_is() -> None:
    world = make_world(policy(stage("finance", "risk", deadline="80d")))
    request = world.submit(summary="Pay Quagmire")
    decided(world, "Zeppelin")
    shift_clock(timedelta(days=60))
    pruned(world)
    with tenant_transaction(world.company.id):
        assert LedgerEvent.objects.filter(request_id=request.pk).count() > 1
        row = ActionRequest.objects.get(pk=request.pk)
        assert (row.summary, row.forgotten_at) == ("Pay Quagmire", None)
        assert texts_with("Zeppelin") == set()


def test_a_hold_beside_a_pruning_finds_words_and_events_or_neither(
    committed_db: CommittedDatabase,
) -> None:
    world = make_world(FOUR_EYES)
    company = world.company
    for number in range(6):
        decided(world, f"Quagmire{number}")
    while sequence_tenant(tenant_id=company.id):
        pass
    shift_clock(timedelta(days=60))
    with tenant_transaction(company.id):
        set_retention(actor=company.carl, days=30)
        before = retention_of_tenant().before(clock.now())
        assert before is not None
        pruning = Pruning.objects.create(
            before=before, reason="R", asked_by_id="mem_carl", asked_by_name="Carl",
            status=PruningStatus.RUNNING,
        )  # fmt: skip
    left: dict[bool, set[bool]] = {}

    def look() -> int:
        with tenant_transaction(company.id):
            scope = Scope(HoldKind.SUBJECT, company.alice.public_id)
            place_hold(actor=company.carl.as_actor(), scope=scope, matter="M", reason="R")
            left.update(halves())
            return len(left)

    went, _ = committed_db.at_once(
        [
            lambda: run_pruning(tenant_id=company.id, pruning_id=pruning.pk, batch=1),
            look,
        ]
    )
    assert isinstance(went, int)
    with tenant_transaction(company.id):
        after = halves()
    assert after == left
    assert all(words == {events} for events, words in left.items())


def halves() -> dict[bool, set[bool]]:
    """Whether the words of requests are there, by whether their events are."""
    found: dict[bool, set[bool]] = {}
    for request in ActionRequest.objects.all():
        has_events = LedgerEvent.objects.filter(request_id=request.pk).exists()
        found.setdefault(has_events, set()).add(request.forgotten_at is None)
    return found
