"""The watch counts how integrations are used, and finds what is unlike before."""

from datetime import timedelta

import pytest
from django.db import connection

from approvals.doors import tenants_to_watch
from approvals.models import ActionRequest, Finding
from approvals.services.watch import watch, watch_tenant
from audit.services.sequencer import sequence_tenant
from govapp.common import clock
from govapp.common.clock import shift_clock
from govapp.common.tenancy import tenant_transaction
from tenants.models import IntegrationAlert, IntegrationUse, VaultSecret
from tenants.services.integration_secrets import rotate_secret, set_secret
from tenants.services.integration_use import hour_of
from tests.approvals.documents import rule, rules
from tests.approvals.world import World, make_world
from tests.conftest import MoveClock
from tests.tenants.ledger import events, summaries

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def world(move_clock: MoveClock) -> World:
    """It is a quarter past an hour, so that no hour ends while a test looks."""
    now = clock.now()
    shift_clock(hour_of(now) + timedelta(hours=1, minutes=15) - now)
    made = make_world(rules(rule("all", "allow")))
    made.reach("acme-bank", "payments.transfer")
    return made


def rows(world: World) -> list[tuple[int, int, int, int, int]]:
    with tenant_transaction(world.company.id):
        return [
            (row.requests, row.refused, row.succeeded, row.failed, row.new_targets)
            for row in IntegrationUse.objects.order_by("hour")
        ]


def lived(world: World, *, days: int, requests: int) -> None:
    """Leave use at this hour on that many days before."""
    with tenant_transaction(world.company.id):
        row = IntegrationUse.objects.get()
        IntegrationUse.objects.bulk_create(
            IntegrationUse(
                agent_id=row.agent_id,
                integration_id=row.integration_id,
                hour=row.hour - day * DAY,
                requests=requests,
            )
            for day in range(1, days + 1)
        )


def test_uses_are_counted_by_agent_and_hour_again_and_again(world: World) -> None:
    for _ in range(3):
        world.submit(integration="acme-bank")
    world.submit(integration="acme-bank", category="crm.tag", payload={})
    world.submit(integration="nowhere")
    world.submit()
    for _ in range(2):
        watch_tenant(world.company.id)
        assert rows(world) == [(4, 1, 0, 0, 0)]
    with tenant_transaction(world.company.id):
        some = ActionRequest.objects.filter(status="allowed", integration="acme-bank")
        ActionRequest.objects.filter(pk=some[0].pk).update(execution_state="failed")
        ActionRequest.objects.filter(pk=some[1].pk).update(execution_state="succeeded")
    watch_tenant(world.company.id)
    assert rows(world) == [(4, 1, 1, 1, 0)]


def test_a_tenant_that_only_uses_an_integration_is_watched(world: World) -> None:
    def watched() -> bool:
        while sequence_tenant(tenant_id=world.company.id):
            pass  # what waits for its place in the record is watched as well
        return world.company.id in {row["tenant_id"] for row in tenants_to_watch.call()}

    world.submit()
    assert not watched()
    world.submit(integration="acme-bank")
    assert watched()


def test_unusual_use_is_alerted_recorded_and_found_once(world: World) -> None:
    world.submit(integration="acme-bank")
    watch_tenant(world.company.id)
    lived(world, days=7, requests=3)
    for _ in range(11):
        world.submit(integration="acme-bank")
    for _ in range(2):
        found = [each for each in watch_tenant(world.company.id) if "integration" in each.kind]
        assert [each.kind for each in found] == ["integration_unusual"]
    said = "payer on Acme bank: 12 uses in one hour; its busiest hour before had 3."
    with tenant_transaction(world.company.id):
        (alert,) = IntegrationAlert.objects.all()
        assert (alert.kind, alert.text) == ("volume", said)
        assert summaries("integration.use_unusual") == [said]
        (event,) = events("finding.opened")
        assert event["data"]["kind"] == "integration_unusual"
        finding = Finding.objects.get(kind="integration_unusual")
        assert finding.text.startswith(said)
    shift_clock(clock_shift() + timedelta(days=1, hours=3))
    watch_tenant(world.company.id)
    with tenant_transaction(world.company.id):
        finding.refresh_from_db()
        assert finding.cleared_at is not None
        assert IntegrationAlert.objects.count() == 1


def test_a_target_is_new_once(world: World) -> None:
    with tenant_transaction(world.company.id):
        world.category.target_field = "to"
        world.category.payload_schema = {}
        world.category.save()
    for to in ("DE1", "DE1", "DE2"):
        world.submit(integration="acme-bank", payload={"amount": "1.00", "to": to})
    watch_tenant(world.company.id)
    assert rows(world) == [(3, 0, 0, 0, 2)]
    shift_clock(clock_shift() + timedelta(hours=3))
    for to in ("DE1", "DE3"):
        world.submit(integration="acme-bank", payload={"amount": "1.00", "to": to})
    watch_tenant(world.company.id)
    assert rows(world) == [(3, 0, 0, 0, 2), (2, 0, 0, 0, 1)]


def clock_shift() -> timedelta:
    """How far the database's clock is ahead."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT shift FROM govapp_clock")
        (shift,) = cursor.fetchone()
    found: timedelta = shift
    return found


def test_the_watch_drops_secrets_whose_overlap_has_ended(world: World) -> None:
    made = world.reach("signer", "payments.*", kind="injected")
    with tenant_transaction(world.company.id):
        olivia = world.company.olivia
        set_secret(actor=olivia, integration=made, secret="first-1a2b")
        rotate_secret(
            actor=olivia, integration=made, secret="second-3c4d", overlap=timedelta(hours=1)
        )
    watch()
    with tenant_transaction(world.company.id):
        assert VaultSecret.objects.get().previous_sealed is not None
    shift_clock(clock_shift() + timedelta(hours=2))
    watch()
    with tenant_transaction(world.company.id):
        row = VaultSecret.objects.get()
        assert (row.previous_sealed, row.previous_until) == (None, None)
