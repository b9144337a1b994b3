"""Sending a drill and reading who answered; canaries are for compliance only."""

from typing import Any

import pytest

from approvals.models import ActionRequest, CanaryPlan, Exercise
from approvals.services.exercises import sweep
from govapp.common.tenancy import tenant_transaction
from tenants.models import Tenant
from tests.approvals.views.conftest import Login, Site

pytestmark = pytest.mark.django_db
SAID = {"summary": "Pay EUR 900 to Acme", "payload_json": '{"amount": "900.00"}'}


def address(site: Site, page: str) -> str:
    return f"/t/acme/drills/{page}?agent={site.world.agent.public_id}&category=payments.transfer"


def send(client: Any, site: Site) -> Exercise:
    answer = client.post(address(site, "new"), SAID)
    assert answer.status_code == 302, answer.content
    with tenant_transaction(site.world.company.id):
        return Exercise.objects.select_related("request").get()


def plan(client: Any, site: Site, **fields: Any) -> Any:
    return client.post(
        address(site, "canaries/new"), SAID | {"name": "Odd", "every_days": "30"} | fields
    )


def test_an_officer_sends_a_drill_and_reads_who_answered(site: Site, login: Login) -> None:
    carl = login(site.world.company.carl)
    exercise = send(carl, site)
    site.world.vote(site.world.company.alice, exercise.request)
    page = carl.get(f"/t/acme/drills/{exercise.public_id}/").content.decode()
    assert page.index("Alice") < page.index("Bob")
    assert "none yet" in page


def test_whoever_is_asked_is_told_that_it_is_a_drill(site: Site, login: Login) -> None:
    request = send(login(site.world.company.carl), site).request
    alice = login(site.world.company.alice)
    assert "This is a drill" in alice.get(f"/t/acme/requests/{request.public_id}/").content.decode()
    rows = alice.get("/t/acme/inbox/").context["rows"]
    assert [(row["sentence"], row["is_drill"]) for row in rows] == [
        ("Pay Acme Ltd", False), ("Pay EUR 900 to Acme", True),
    ]  # fmt: skip


def test_whoever_is_asked_is_not_told_of_a_canary(site: Site, login: Login) -> None:
    plan(login(site.world.company.carl), site)
    with tenant_transaction(site.world.company.id):
        Tenant.objects.update(canaries=True)
    assert sweep() == 1
    with tenant_transaction(site.world.company.id):
        request = ActionRequest.objects.get(purpose="canary")
    alice = login(site.world.company.alice)
    for path in (f"requests/{request.public_id}/", "inbox/", "requests/"):
        page = alice.get(f"/t/acme/{path}").content.decode().lower()
        assert "pay eur 900 to acme" in page
        assert "canary" not in page
        assert "drill" not in page


@pytest.mark.parametrize("who", ["olivia", "audrey"])
def test_canaries_are_shown_to_compliance_only(site: Site, login: Login, who: str) -> None:
    plan(login(site.world.company.carl), site)
    page = login(getattr(site.world.company, who)).get("/t/acme/drills/").content.decode()
    assert "Canar" not in page
    assert "Odd" in login(site.world.company.carl).get("/t/acme/drills/").content.decode()


def test_a_canary_can_be_switched_off_and_on(site: Site, login: Login) -> None:
    carl = login(site.world.company.carl)
    plan(carl, site)
    with tenant_transaction(site.world.company.id):
        ident = CanaryPlan.objects.get().public_id
    for on in ("0", "1"):
        carl.post(f"/t/acme/drills/canaries/{ident}/switch", {"on": on})
        with tenant_transaction(site.world.company.id):
            assert (CanaryPlan.objects.get().next_at is not None) == (on == "1")


@pytest.mark.parametrize(
    ("page", "who", "status"),
    [("", "alice", 403), ("new", "alice", 403), ("new", "audrey", 403),
     ("canaries/new", "olivia", 403), ("", "audrey", 200), ("new", "olivia", 200)],
)  # fmt: skip
def test_each_role_sees_what_is_its_own(
    site: Site, login: Login, page: str, who: str, status: int
) -> None:
    client = login(getattr(site.world.company, who))
    assert client.get(f"/t/acme/drills/{page}").status_code == status


@pytest.mark.parametrize(
    "body", [{}, {"summary": "x", "payload_json": "{"}, {"summary": "", "payload_json": "{}"}]
)
def test_what_cannot_be_sent_is_said_and_kept(
    site: Site, login: Login, body: dict[str, str]
) -> None:
    answer = login(site.world.company.carl).post(address(site, "new"), body)
    assert answer.status_code == 422
    with tenant_transaction(site.world.company.id):
        assert Exercise.objects.count() == 0


def test_a_drill_that_would_ask_nobody_says_so(site: Site, login: Login) -> None:
    body = SAID | {"payload_json": '{"amount": 5}'}
    with tenant_transaction(site.world.company.id):
        site.world.category.payload_schema = {"required": ["to"]}
        site.world.category.save()
    answer = login(site.world.company.carl).post(address(site, "new"), body)
    assert answer.status_code == 422
    assert "Nobody would be asked" in answer.content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_many(
    site: Site, login: Login, count: int, django_assert_num_queries: Any
) -> None:
    carl = login(site.world.company.carl)
    for number in range(count):
        carl.post(address(site, "new"), SAID | {"summary": f"Drill {number}"})
    carl.get("/t/acme/drills/")
    with django_assert_num_queries(15):
        carl.get("/t/acme/drills/")
