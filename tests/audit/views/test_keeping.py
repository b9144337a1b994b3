"""The pages of retention and holds: who sees and does what, and what is left of an event."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from audit.models import LedgerEvent, LedgerLeaf, LegalHold, Pruning, PruningStatus
from audit.selectors.over_age import Going, rest_of_parts
from audit.selectors.streams import Start
from audit.services.pruning import run_pruning
from audit.services.retention import prune_daily, sweep_prunings
from audit.services.sequencer import sequence_tenant
from audit.services.verification import verify_tenant
from govapp.common import clock
from govapp.common.ids import public_id
from govapp.common.tenancy import require_tenant_id, tenant_transaction
from tenants.models import Membership, Tenant
from tenants.services.retention import set_daily_pruning
from tenants.services.tenants import set_retention
from tests.audit.books import write_event
from tests.audit.streaming import make_stream
from tests.conftest import MoveClock
from tests.people import Company, make_company

pytestmark = pytest.mark.django_db

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def signed_in(member: Membership) -> Client:
    client = Client()
    client.force_login(member.user, backend=BACKEND)
    return client


@pytest.fixture
def acme() -> Company:
    """A company that keeps its record for 100 days, with three events that are older."""
    company = make_company()
    with tenant_transaction(company.id):
        set_retention(actor=company.carl, days=100)
        old = clock.now() - timedelta(days=400)
    for number in range(3):
        write_event(company.id, at=old, data={"number": number})
    sequence(company)
    return company


def sequence(company: Company) -> None:
    while sequence_tenant(tenant_id=company.id):
        pass


def page(client: Client, company: Company, path: str = "retention/") -> str:
    response = client.get(f"/t/{company.slug}/audit/{path}")
    assert response.status_code == 200
    return response.content.decode()


def post(client: Client, company: Company, path: str, **data: str) -> int:
    return client.post(f"/t/{company.slug}/audit/{path}", data).status_code


def pruning_of(company: Company) -> Pruning:
    with tenant_transaction(company.id):
        return Pruning.objects.get()


def test_two_people_prune(acme: Company) -> None:
    carl, olivia, audrey = map(signed_in, (acme.carl, acme.olivia, acme.audrey))
    assert "<dt>Events</dt><dd>3</dd>" in page(carl, acme)
    assert post(audrey, acme, "retention/", reason="Tidy.") == 403
    assert post(carl, acme, "retention/", reason="Tidy.") == 302
    asked = pruning_of(acme)
    assert (asked.status, asked.reason) == (PruningStatus.ASKED, "Tidy.")
    confirm = f"prunings/{asked.public_id}/confirm"
    assert [post(who, acme, confirm) for who in (carl, audrey)] == [403, 403]
    assert "Confirm" not in page(carl, acme)
    assert "Confirm" in page(olivia, acme)
    assert post(olivia, acme, confirm) == 302
    assert pruning_of(acme).status == PruningStatus.RUNNING
    assert "Under way" in page(olivia, acme)
    assert run_pruning(tenant_id=acme.id, pruning_id=asked.pk) == 3
    shown = page(audrey, acme)
    assert "Olivia" in shown
    assert "Pruned up to index" in shown
    assert verify_tenant(tenant_id=acme.id).pruned == 3


def test_whoever_may_publish_alone_may_prune_alone(acme: Company) -> None:
    with tenant_transaction(acme.id):
        Tenant.objects.update(single_person_publishing=True)
    carl = signed_in(acme.carl)
    assert "Prune for good" in page(carl, acme)
    assert post(carl, acme, "retention/", reason="Tidy.") == 302
    assert pruning_of(acme).status == PruningStatus.RUNNING


def test_what_was_asked_for_can_be_withdrawn(acme: Company) -> None:
    carl = signed_in(acme.carl)
    post(carl, acme, "retention/", reason="Tidy.")
    withdraw = f"prunings/{pruning_of(acme).public_id}/withdraw"
    assert [post(carl, acme, withdraw), post(carl, acme, withdraw)] == [302, 302]
    assert pruning_of(acme).status == PruningStatus.WITHDRAWN
    assert "withdrawn" in page(carl, acme)
    assert run_pruning(tenant_id=acme.id, pruning_id=pruning_of(acme).pk) == 0


def test_without_a_time_of_keeping_nothing_ever_goes(acme: Company) -> None:
    with tenant_transaction(acme.id):
        Tenant.objects.update(retention_days=None, prunes_daily=True)
    carl = signed_in(acme.carl)
    assert "Nothing, ever" in page(carl, acme)
    response = carl.post(f"/t/{acme.slug}/audit/retention/", {"reason": "R"}, follow=True)
    assert "nothing is ever deleted" in response.content.decode()
    assert prune_daily() == 0
    with tenant_transaction(acme.id):
        assert Pruning.objects.count() == 0


def test_daily_pruning_does_what_is_over_age_and_then_rests(acme: Company) -> None:
    assert prune_daily() == 0
    with tenant_transaction(acme.id):
        set_daily_pruning(actor=acme.carl, is_on=True)
    assert [prune_daily(), prune_daily()] == [3, 0]
    pruning = pruning_of(acme)
    assert (pruning.asked_by_name, pruning.status) == ("Govapp", PruningStatus.DONE)
    assert "goes by itself every day" in page(signed_in(acme.carl), acme)


def test_the_page_names_the_streams_that_have_not_sent_what_would_go(acme: Company) -> None:
    carl = signed_in(acme.carl)
    assert "Not sent yet" not in page(carl, acme)
    make_stream(acme.id, "https://siem.example/", name="Behind")
    make_stream(acme.id, "https://siem.example/", name="Ahead", start=Start("now"))
    words = page(carl, acme)
    assert "not sent yet by the stream Behind. What is pruned is never sent: let it" in words


def test_a_suspended_tenant_is_not_pruned_by_itself(acme: Company) -> None:
    with tenant_transaction(acme.id):
        set_daily_pruning(actor=acme.carl, is_on=True)
        Tenant.objects.update(is_suspended=True)
    assert prune_daily() == 0
    with tenant_transaction(acme.id):
        Tenant.objects.update(is_suspended=False)
    assert prune_daily() == 3


def test_what_fails_in_one_tenant_keeps_no_other_from_pruning(
    acme: Company, move_clock: MoveClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    umbrella = make_company("umbrella")
    for company in (acme, umbrella):
        with tenant_transaction(company.id):
            set_retention(actor=company.carl, days=100)
            set_daily_pruning(actor=company.carl, is_on=True)
    for number in range(2):
        write_event(umbrella.id, at=clock.now() - timedelta(days=400), data={"number": number})
    sequence(umbrella)
    broken = {acme.id, umbrella.id}

    def fail(before: datetime, size: int, window: Sequence[Going]) -> list[Going]:
        if require_tenant_id() in broken:
            raise RuntimeError("Something is wrong here.")
        return rest_of_parts(before, size, window)

    monkeypatch.setattr("audit.services.pruning.rest_of_parts", fail)
    assert prune_daily() == 0
    for still, went in (({acme.id}, 2), (set(), 3)):
        broken.clear()
        broken.update(still)
        move_clock(timedelta(minutes=5 * went))
        assert sweep_prunings() == went


def test_what_was_left_alone_is_gone_on_with(acme: Company) -> None:
    with tenant_transaction(acme.id):
        old = clock.now() - timedelta(days=365)
        Pruning.objects.create(
            before=old, reason="R", asked_by_id="mem_x", asked_by_name="X", asked_at=old,
            status=PruningStatus.RUNNING,
        )  # fmt: skip
    assert [sweep_prunings(), sweep_prunings()] == [3, 0]


def test_a_pruned_event_has_a_page_that_says_so_and_a_proof(acme: Company) -> None:
    with tenant_transaction(acme.id):
        old = LedgerEvent.objects.order_by("occurred_at", "id")[0]
        set_daily_pruning(actor=acme.carl, is_on=True)
    name = public_id("ev", old.pk)
    audrey = signed_in(acme.audrey)
    assert prune_daily() == 3
    response = audrey.get(f"/t/{acme.slug}/audit/events/{name}/")
    with tenant_transaction(acme.id):
        leaf = LedgerLeaf.objects.get(event_id=old.pk)
        by = LedgerEvent.objects.get(type="ledger.pruned")
    text = response.content.decode()
    assert response.status_code == 410
    assert bytes(leaf.leaf_hash).hex() in text
    assert public_id("ev", by.pk) in text
    proof = audrey.get(f"/t/{acme.slug}/audit/events/{name}/proof").json()
    assert proof["index"] == leaf.index
    assert f"up to index {leaf.index + 2}, were pruned" in page(audrey, acme, "?since=1999-01-01")


def test_holds_are_placed_seen_and_released(acme: Company) -> None:
    carl, olivia, audrey = map(signed_in, (acme.carl, acme.olivia, acme.audrey))
    fields = {"kind": "subject", "ref": acme.alice.public_id, "matter": "M 1", "reason": "R"}
    assert post(audrey, acme, "holds/", **fields) == 403
    assert post(carl, acme, "holds/", **(fields | {"ref": "mem_nobody"})) == 422
    assert post(carl, acme, "holds/", **fields) == 302
    with tenant_transaction(acme.id):
        hold = LegalHold.objects.get()
    assert (hold.label, len(hold.refs)) == ("Alice", 2)
    release = f"holds/{hold.public_id}/release"
    assert "Somebody else releases it" in page(carl, acme, "holds/")
    assert "M 1" in page(audrey, acme)
    assert [post(carl, acme, release, reason="R"), post(olivia, acme, release, reason="R")] == [
        302,
        302,
    ]
    with tenant_transaction(acme.id):
        hold.refresh_from_db()
    assert hold.released_by_name == "Olivia"
    erase = f"/t/{acme.slug}/people/{acme.alice.public_id}/erase"
    assert "legal hold" not in olivia.get(erase).content.decode()


def test_the_page_that_erases_says_which_hold_stands_in_the_way(acme: Company) -> None:
    carl, olivia = signed_in(acme.carl), signed_in(acme.olivia)
    days = {"first": "1999-01-01", "last": "1999-01-02"}
    fields = {"matter": "M 1", "reason": "R"}
    erase = f"/t/{acme.slug}/people/{acme.alice.public_id}/erase"
    assert post(carl, acme, "holds/", kind="period", **days, **fields) == 302
    assert "M 1" not in olivia.get(erase).content.decode()
    assert post(carl, acme, "holds/", kind="everything", **fields) == 302
    assert "The legal hold “M 1”" in olivia.get(erase).content.decode()
    with tenant_transaction(acme.id):
        period = LegalHold.objects.get(kind="period")
    assert (period.starts_at, period.ends_at) == (
        datetime(1999, 1, 1, tzinfo=UTC),
        datetime(1999, 1, 3, tzinfo=UTC),
    )
