"""The page on which somebody says how they are told, and the one click of a mail program."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from approvals.models import ContactPreference
from approvals.services.contacts import save_preference, stop_url
from audit.models import LedgerEvent
from govapp.common.errors import Invalid
from govapp.common.tenancy import tenant_transaction
from tenants.models import Membership
from tests.approvals.views.office import log_in
from tests.approvals.world import FOUR_EYES, World, make_world
from tests.support.recorded import read

pytestmark = pytest.mark.django_db

PAGE = "/t/acme/me/notifications"
CHOICE: dict[str, Any] = {
    "first": "slack", "second": "email", "third": "", "digest": "daily", "digest_at": "08:30",
    "quiet_from": "20:00", "quiet_until": "07:00", "time_zone": "Europe/Lisbon",
    "wants_outcomes": "on",
}  # fmt: skip


@pytest.fixture
def world(db: None) -> World:
    return make_world(FOUR_EYES)


def kept(world: World, member: Membership) -> dict[str, Any]:
    with tenant_transaction(world.company.id):
        row = ContactPreference.objects.get(member=member)
    names = [name for name in CHOICE if hasattr(row, name)]
    return {name: str(getattr(row, name)) for name in names} | {"channels": row.channels}


def events(world: World) -> list[LedgerEvent]:
    with tenant_transaction(world.company.id):
        found = LedgerEvent.objects.filter(type__startswith="contact_preference.")
        return list(found.order_by("id"))


def stop_path(world: World, member: Membership) -> str:
    with tenant_transaction(world.company.id):
        return urlsplit(stop_url(member)).path


def test_everybody_has_the_page_and_starts_with_mail_at_once(world: World) -> None:
    for member in (world.company.olivia, world.company.alice, world.company.audrey):
        answer = log_in(member).get(PAGE)
        assert answer.status_code == 200
        assert "by E-mail, at once" in answer.content.decode()
        assert "Slack (not connected)" in answer.content.decode()


def test_a_choice_is_kept_and_recorded_for_oneself_only(world: World) -> None:
    client = log_in(world.company.alice)
    assert client.post(PAGE, CHOICE).status_code == 302
    assert kept(world, world.company.alice) == {
        "channels": ["slack", "email"], "digest": "daily", "digest_at": "08:30:00",
        "quiet_from": "20:00:00", "quiet_until": "07:00:00", "time_zone": "Europe/Lisbon",
        "wants_outcomes": "True",
    }  # fmt: skip
    (event,) = events(world)
    body = read(event)
    assert body["summary"] == (
        "Alice changed how they want to be told: channels, digest, hour of the digest, start of"
        " the quiet hours, end of the quiet hours, time zone."
    )
    assert body["data"]["after"]["quiet_from"] == "20:00:00"
    assert client.post(PAGE, CHOICE).status_code == 302
    assert len(events(world)) == 1
    assert ContactPreference.objects.count() == 0  # nothing is visible without a tenant
    page = client.get(PAGE).content.decode()
    assert 'value="08:30"' in page
    assert "held until" in page


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"quiet_until": ""}, "Fill in both times, or neither."),
        ({"quiet_until": "20:00"}, "Choose an end other than the beginning."),
        ({"digest_at": ""}, "Say at what time."),
        ({"first": "pigeon"}, "Select a valid choice"),
        ({"time_zone": "Mars/Olympus"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_meant_is_said_at_its_field(
    world: World, change: dict[str, str], said: str
) -> None:
    answer = log_in(world.company.alice).post(PAGE, CHOICE | change)
    assert (answer.status_code, said in answer.content.decode()) == (422, True)
    assert events(world) == []


def test_the_service_checks_by_itself(world: World) -> None:
    with tenant_transaction(world.company.id), pytest.raises(Invalid) as refused:
        save_preference(
            actor=world.company.alice, channels=["pigeon"], digest="x", time_zone="Mars/Olympus"
        )
    assert [error.pointer for error in refused.value.errors] == [
        "/channels", "/digest", "/time_zone",
    ]  # fmt: skip


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_at_the_address_of_the_one_click_stops_nothing(world: World, method: str) -> None:
    answer = getattr(Client(), method)(stop_path(world, world.company.alice))
    assert answer.status_code == 200
    assert b"Alice" not in answer.content
    assert events(world) == []


def test_one_click_stops_outcomes_without_a_login_or_a_form(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    for _ in range(2):
        answer = client.post(
            stop_path(world, world.company.alice), {"List-Unsubscribe": "One-Click"}
        )
        assert answer.status_code == 200
    assert kept(world, world.company.alice)["wants_outcomes"] == "False"
    (event,) = events(world)
    assert event.type == "contact_preference.outcomes_stopped"
    with tenant_transaction(world.company.id):
        assert ContactPreference.objects.exclude(member=world.company.alice).count() == 0


@pytest.mark.parametrize("token", ["x", "a:b:c", "é" * 20, "x" * 5000])
def test_a_token_that_is_none_is_404(world: World, token: str) -> None:
    assert Client().get(f"/stop/{token}").status_code == 404
    assert Client().post(f"/stop/{token}").status_code == 404


def test_a_token_that_was_changed_is_404(world: World) -> None:
    path = stop_path(world, world.company.alice)
    assert Client().post(f"{path[:-1]}{'A' if path[-1] != 'A' else 'B'}").status_code == 404
    assert events(world) == []
