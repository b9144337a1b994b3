"""Pages of replays: who sees them, what they say, and that nothing of another tenant shows."""

import json
from typing import Any, Final

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext

from approvals.enums import SimulationStatus
from approvals.models import PolicyDraft, PolicySimulation
from approvals.selectors.simulation_pages import simulation_box
from approvals.services.simulations import run_simulation
from audit.models import LedgerEvent
from govapp.common.tenancy import tenant_transaction
from tests.approvals.views.office import PEOPLE, Office, log_in, make_office
from tests.approvals.views.test_policy import words
from tests.support.recorded import read

pytestmark = pytest.mark.django_db
LIST: Final = "policy/simulations/"


@pytest.fixture
def office(db: None) -> Office:
    return make_office()


def start(office: Office, client: Client | None = None, **data: str) -> PolicySimulation:
    """Press the button on the draft version's page, as Carl."""
    client = client or log_in(office.company.carl)
    client.post(office.url(LIST), {"version": office.draft.public_id, "period": "30d"} | data)
    with tenant_transaction(office.company.id):
        return PolicySimulation.objects.latest("requested_at", "id")


def done(office: Office) -> PolicySimulation:
    simulation = start(office)
    run_simulation(tenant_id=office.company.id, simulation_id=simulation.pk)
    with tenant_transaction(office.company.id):
        return PolicySimulation.objects.get(pk=simulation.pk)


def path_of(office: Office, simulation: PolicySimulation, rest: str = "") -> str:
    return office.url(f"{LIST}{simulation.public_id}/{rest}")


def events(office: Office, kind: str) -> list[dict[str, Any]]:
    with tenant_transaction(office.company.id):
        rows = LedgerEvent.objects.filter(type=f"policy_simulation.{kind}").order_by("id")
        return [read(row) for row in rows]


def test_who_may_read_start_and_stop(office: Office) -> None:
    simulation = start(office)
    pages = [office.url(LIST), path_of(office, simulation), path_of(office, simulation, "status")]
    found = {
        name: (
            [log_in(getattr(office.company, name)).get(page).status_code for page in pages],
            log_in(getattr(office.company, name))
            .post(office.url(LIST), {"version": office.draft.public_id})
            .status_code,
        )
        for name in PEOPLE
    }
    assert found == {
        "olivia": ([200, 200, 200], 403),
        "carl": ([200, 200, 200], 302),
        "alice": ([403, 403, 403], 403),
        "audrey": ([200, 200, 200], 403),
    }


def test_whoever_reviews_sees_what_the_version_would_have_done(office: Office) -> None:
    simulation = done(office)
    link = office.url(f"{LIST}{simulation.public_id}/")
    carl = log_in(office.company.carl)
    for rest in ("", "publish"):
        assert link in carl.get(office.url(f"policy/{office.draft.public_id}/{rest}")).text
    page = log_in(office.company.alice).get(office.url(f"policy/{office.draft.public_id}/"))
    assert (page.status_code, link in page.text) == (200, False)


def test_a_replay_that_runs_shows_how_far_it_is_without_a_script(office: Office) -> None:
    simulation = start(office)
    with tenant_transaction(office.company.id):
        PolicySimulation.objects.filter(pk=simulation.pk).update(
            status=SimulationStatus.RUNNING, total=4310, replayed=2155
        )
    client = log_in(office.company.carl)
    page = client.get(path_of(office, simulation))
    assert "2,155 of 4,310 requests" in words(page.content)
    assert "See how far it is" in words(page.content)
    assert client.get(path_of(office, simulation, "status")).json() == {
        "status": "running",
        "percent": 50,
        "words": "2,155 of 4,310 requests",
        "is_over": False,
    }


def test_the_result_is_said_in_words_and_each_change_leads_to_its_request(office: Office) -> None:
    with tenant_transaction(office.company.id):
        office.world.category.payload_schema = {}
        office.world.category.save()
    office.world.submit(summary="Buy coins", payload={"amount": "1.00", "purpose": "crypto"})
    page = log_in(office.company.audrey).get(path_of(office, done(office)))
    said = words(page.content)
    assert "2 requests" in said
    assert "would have been blocked that were put to people" in said
    assert "Buy coins" in said
    assert f"/requests/{office.request.public_id}/" in page.content.decode()


def test_the_list_and_the_box_say_how_each_ended(office: Office) -> None:
    done(office)
    page = log_in(office.company.carl).get(office.url(LIST))
    assert "1 of 1 request would have been decided otherwise." in words(page.content)
    assert "The last 30 days" in words(page.content)


def test_cancelling_says_so_and_a_second_time_is_refused_in_words(office: Office) -> None:
    simulation, client = start(office), log_in(office.company.carl)
    first = client.post(path_of(office, simulation, "cancel"), follow=True)
    second = client.post(path_of(office, simulation, "cancel"), follow=True)
    assert "The replay was cancelled." in words(first.content)
    assert "The replay has ended already." in words(second.content)
    assert [event["actor"]["name"] for event in events(office, "cancelled")] == ["Carl"]


def test_both_files_can_be_taken_and_that_is_recorded(office: Office) -> None:
    simulation, client = done(office), log_in(office.company.audrey)
    taken = {
        form: client.post(path_of(office, simulation, "download"), {"form": form})
        for form in ("json", "csv")
    }
    figures = json.loads(taken["json"].content)
    assert figures["figures"]["requests"] == 1
    assert [row["request"] for row in figures["listed"]] == [office.request.public_id]
    assert taken["csv"].content.decode().splitlines()[1].startswith(office.request.public_id)
    assert [event["data"]["form"] for event in events(office, "downloaded")] == ["json", "csv"]
    assert client.post(path_of(office, simulation, "download"), {"form": "exe"}).status_code == 404


def test_a_draft_is_replayed_by_its_id(office: Office) -> None:
    with tenant_transaction(office.company.id):
        draft = PolicyDraft.objects.create(
            source=office.live.source, created_by=office.company.carl, saved_by=office.company.carl
        )
    simulation = start(office, version="", draft=draft.public_id)
    assert (simulation.draft_id, simulation.version_id) == (draft.pk, None)


def test_a_draft_that_is_no_policy_is_refused_in_words(office: Office) -> None:
    with tenant_transaction(office.company.id):
        draft = PolicyDraft.objects.create(
            source="version: 2", created_by=office.company.carl, saved_by=office.company.carl
        )
    page = log_in(office.company.carl).post(
        office.url(LIST), {"draft": draft.public_id}, follow=True
    )
    assert "The policy is not valid." in words(page.content)


@pytest.mark.parametrize(("who", "may_start"), [("carl", True), ("audrey", False)])
def test_the_box_of_a_version_has_its_replays_and_a_button(
    office: Office, who: str, may_start: bool
) -> None:
    simulation = done(office)
    with tenant_transaction(office.company.id):
        box = simulation_box(getattr(office.company, who), version=office.draft)
        html = render_to_string(
            "approvals/policy/parts/simulation_box.html",
            {"box": box, "tenant": office.company.tenant, "now": simulation.requested_at},
        )
    assert simulation.public_id in html
    assert "1 of 1 request would have been decided otherwise." in words(html.encode())
    assert (office.draft.public_id in html, "Replay requests" in html) == (may_start, may_start)


def test_a_replay_of_another_tenant_is_not_found(office: Office) -> None:
    foreign = start(make_office("globex"))
    client = log_in(office.company.carl)
    found = [client.get(path_of(office, foreign, rest)).status_code for rest in ("", "status")]
    found += [
        client.post(path_of(office, foreign, rest)).status_code for rest in ("cancel", "download")
    ]
    assert found == [404, 404, 404, 404]


def test_more_rows_take_no_more_statements(office: Office) -> None:
    client, counts = log_in(office.company.carl), []
    for more in (0, 2):
        for _ in range(more):
            office.world.submit()
        simulation = done(office)
        found = []
        for page in (office.url(LIST), path_of(office, simulation)):
            client.get(page)
            with CaptureQueriesContext(
                connection,
            ) as caught:
                assert client.get(page).status_code == 200
            found.append(len(caught))
        counts.append(found)
    assert counts[0] == counts[1]
