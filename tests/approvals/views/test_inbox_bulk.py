"""Deciding several at once, and filters that a person keeps."""

from typing import Any

import pytest

from approvals.enums import Verdict
from approvals.models import ActionRequest, SavedFilter, Vote
from approvals.services.saved_filters import MOST_KEPT
from govapp.common.tenancy import tenant_transaction
from tests.approvals.views.conftest import Login, Site, be_low_risk, field
from tests.approvals.world import make_world, policy, stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def low(site: Site) -> Site:
    be_low_risk(site.world)
    for number in (1, 2):
        site.world.submit(summary=f"Pay {number}", payload={"amount": f"{number}.00"})
    return site


def idents(site: Site) -> list[str]:
    with tenant_transaction(site.world.company.id):
        return [each.public_id for each in ActionRequest.objects.order_by("pk")]


def votes(site: Site) -> list[tuple[str, str, str]]:
    with tenant_transaction(site.world.company.id):
        found = Vote.objects.order_by("request_id")
        return [(each.request.public_id, each.verdict, each.reason) for each in found]


def decide(client: Any, body: dict[str, Any]) -> Any:
    return client.post("/t/acme/inbox/decide", body)


def confirmed(client: Any, site: Site, verdict: str, reason: str = "") -> Any:
    """Select everything, read it, press the button of that page."""
    chosen = idents(site)
    page = decide(client, {"id": chosen, "verdict": verdict})
    seen = {f"seen_{each}": field(page.content.decode(), f"seen_{each}") for each in chosen}
    body = {"id": chosen, "verdict": verdict, "confirm": "1", "reason": reason} | seen
    return decide(client, body)


def said(client: Any) -> list[str]:
    return [str(each) for each in client.get("/t/acme/inbox/").context["messages"]]


def test_what_is_selected_is_shown_first_and_decides_nothing(low: Site, login: Login) -> None:
    client = login(low.world.company.alice)
    page = decide(client, {"id": idents(low), "verdict": "approve"})
    assert [row["sentence"] for row in page.context["rows"]] == ["Pay Acme Ltd", "Pay 1", "Pay 2"]
    assert votes(low) == []


def test_each_is_recorded_as_a_vote_of_its_own(low: Site, login: Login) -> None:
    client = login(low.world.company.alice)
    assert confirmed(client, low, "approve").status_code == 302
    assert votes(low) == [(each, "approve", "") for each in idents(low)]
    assert said(client) == ["You approved 3 requests."]


def test_a_denial_of_several_says_why(low: Site, login: Login) -> None:
    client = login(low.world.company.alice)
    answer = confirmed(client, low, "deny")
    assert (answer.status_code, votes(low)) == (422, [])
    assert "Say why" in answer.content.decode()
    confirmed(client, low, "deny", "not these")
    assert votes(low) == [(each, "deny", "not these") for each in idents(low)]


def test_one_that_was_decided_meanwhile_stops_no_other(low: Site, login: Login) -> None:
    client, chosen = login(low.world.company.alice), idents(low)
    page = decide(client, {"id": chosen, "verdict": "approve"})
    seen = {f"seen_{each}": field(page.content.decode(), f"seen_{each}") for each in chosen}
    low.world.vote(low.world.company.bob, low.asked, Verdict.DENY)
    decide(client, {"id": chosen, "verdict": "approve", "confirm": "1"} | seen)
    assert [each[:2] for each in votes(low)] == [
        (chosen[0], "deny"), (chosen[1], "approve"), (chosen[2], "approve"),
    ]  # fmt: skip


def test_what_was_not_shown_is_not_decided(low: Site, login: Login) -> None:
    client = login(low.world.company.alice)
    body = {"id": idents(low), "verdict": "approve", "confirm": "1"}
    assert decide(client, body).status_code == 422
    assert votes(low) == []


def test_more_than_low_risk_is_decided_one_by_one(site: Site, login: Login) -> None:
    client = login(site.world.company.alice)
    decide(client, {"id": idents(site), "verdict": "approve"})
    assert said(client) == [
        "Only requests of low risk can be decided together; open the others one by one."
    ]


def test_requests_of_different_rules_are_not_decided_together(login: Login) -> None:
    world = make_world(policy(stage("finance")))
    be_low_risk(world)
    world.submit()
    world.publish(policy(other=[stage("finance")]))
    world.submit(summary="Under another rule")
    client = login(world.company.alice)
    with tenant_transaction(world.company.id):
        chosen = [each.public_id for each in ActionRequest.objects.all()]
    decide(client, {"id": chosen, "verdict": "approve"})
    assert said(client) == ["Different rules ask for these approvals; select requests of one rule."]


@pytest.mark.parametrize("body", [{}, {"verdict": "approve"}, {"id": "ar_x", "verdict": "deny"}])
def test_nothing_selected_is_said(low: Site, login: Login, body: dict[str, str]) -> None:
    client = login(low.world.company.alice)
    assert decide(client, body).status_code == 302
    assert votes(low) == []


def test_what_one_may_not_decide_cannot_be_selected(low: Site, login: Login) -> None:
    client = login(low.world.company.charlie)
    decide(client, {"id": idents(low), "verdict": "approve"})
    assert votes(low) == []


def keep(client: Any, name: str, query: str) -> Any:
    return client.post("/t/acme/inbox/filters", {"name": name, "query": query})


def kept(site: Site) -> list[tuple[str, str]]:
    with tenant_transaction(site.world.company.id):
        return [(each.name, each.query) for each in SavedFilter.objects.order_by("name")]


def test_a_filter_is_kept_and_is_a_link(site: Site, login: Login) -> None:
    client = login(site.world.company.alice)
    answer = keep(client, " Low  risk ", "tab=all&risk=low&cursor=x&evil=1")
    assert answer.headers["Location"] == "/t/acme/inbox/?risk=low&tab=all"
    assert kept(site) == [("Low risk", "risk=low&tab=all")]
    (shown,) = client.get("/t/acme/inbox/?tab=all&risk=low").context["saved"]
    assert (shown["word"], shown["current"]) == ("Low risk", True)


def test_a_filter_belongs_to_one_person(site: Site, login: Login) -> None:
    keep(login(site.world.company.alice), "Mine", "risk=low")
    with tenant_transaction(site.world.company.id):
        ident = SavedFilter.objects.get().public_id
    bob = login(site.world.company.bob)
    assert bob.get("/t/acme/inbox/").context["saved"] == []
    assert bob.post(f"/t/acme/inbox/filters/{ident}/remove").status_code == 404
    assert kept(site) == [("Mine", "risk=low")]


def test_a_filter_can_be_replaced_and_removed(site: Site, login: Login) -> None:
    client = login(site.world.company.alice)
    keep(client, "Mine", "risk=low")
    keep(client, "Mine", "risk=high")
    assert kept(site) == [("Mine", "risk=high")]
    with tenant_transaction(site.world.company.id):
        ident = SavedFilter.objects.get().public_id
    client.post(f"/t/acme/inbox/filters/{ident}/remove")
    assert kept(site) == []


@pytest.mark.parametrize(
    ("name", "query"),
    [("", "risk=low"), ("x" * 61, "risk=low"), ("nul\0", "risk=low"), ("All", "tab=all"),
     ("Long", "q=" + "x" * 600)],
)  # fmt: skip
def test_what_cannot_be_kept_is_said(site: Site, login: Login, name: str, query: str) -> None:
    client = login(site.world.company.alice)
    keep(client, name, query)
    assert kept(site) == []
    assert len(said(client)) == 1


def test_nobody_keeps_too_many(site: Site, login: Login) -> None:
    client = login(site.world.company.alice)
    for number in range(MOST_KEPT + 1):
        keep(client, f"Filter {number:02}", f"q={number}")
    assert len(kept(site)) == MOST_KEPT


def test_what_a_row_does_not_show_in_full_is_not_decided_together(low: Site, login: Login) -> None:
    """Its box cannot be ticked, but whoever sends its id must not get past that either."""
    low.world.submit(summary="Pay 3", payload={"amount": "3.00", "terms": "x" * 200})
    client = login(low.world.company.alice)
    chosen = idents(low)
    page = decide(client, {"id": chosen, "verdict": "approve"})
    assert (page.status_code, votes(low)) == (302, [])
    assert said(client) == ["Some of these do not fit into a row; open them one by one."]
    decide(client, {"id": chosen, "verdict": "approve", "confirm": "1"})
    assert votes(low) == []
