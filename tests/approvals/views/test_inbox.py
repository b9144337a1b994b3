"""The inbox shows what a person may decide, most urgent first."""

import secrets
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.enums import Verdict, VoteChannel
from approvals.models import ActionCategory, ActionRequest, SavedFilter
from approvals.selectors import inbox as selector
from approvals.selectors.approvers import standing_of
from approvals.selectors.inbox import decidable_by
from approvals.selectors.saved_filters import agents_and_filters
from approvals.services.saved_filters import save_filter
from govapp.common.tenancy import tenant_transaction
from tenants.models import Agent
from tests.approvals.views.conftest import Login, Site, be_low_risk, field
from tests.approvals.world import World, give_right, make_world, policy, stage

pytestmark = pytest.mark.django_db
PEOPLE = ("olivia", "carl", "alice", "bob", "charlie", "audrey")


def shown(client: Any, slug: str = "acme", query: str = "") -> list[str]:
    """Return the sentences of the rows."""
    return [row["sentence"] for row in client.get(f"/t/{slug}/inbox/{query}").context["rows"]]


def shown_facts(client: Any, query: str = "") -> list[tuple[str, str]]:
    """Return what the first row shows of its payload."""
    row = client.get(f"/t/acme/inbox/{query}").context["rows"][0]
    return [(fact.term, fact.value) for fact in row["facts"].fields]


def test_a_person_sees_what_their_seat_is_for(site: Site, login: Login) -> None:
    company = site.world.company
    found = {name: shown(login(getattr(company, name)), query="?tab=mine") for name in PEOPLE}
    assert found == {
        "olivia": [],
        "carl": [],
        "alice": ["Pay Acme Ltd"],
        "bob": ["Pay Acme Ltd"],
        "charlie": [],
        "audrey": [],
    }


def test_everybody_sees_everything_pending(site: Site, login: Login) -> None:
    assert shown(login(site.world.company.charlie), query="?tab=all") == ["Pay Acme Ltd"]


def test_who_has_voted_finds_it_under_decided(site: Site, login: Login) -> None:
    alice = site.world.company.alice
    site.world.vote(alice, site.asked)
    client = login(alice)
    assert (shown(client), shown(client, query="?tab=decided")) == ([], ["Pay Acme Ltd"])


DOCUMENTS = {
    "groups": policy(stage("finance", "risk")),
    "role": policy(stage({"role": "approver"})),
    "person": policy(stage({"person": "bob@acme.example"})),
    "stages": policy(stage("finance"), stage("risk", name="second")),
    "two rules": policy(one=[stage("finance")], two=[stage("managers")]),
}


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("behalf", ["", " ALICE@acme.example "])
def test_the_list_says_what_the_single_question_says(name: str, behalf: str) -> None:
    document = DOCUMENTS[name]
    world = make_world(document)
    first = world.submit(on_behalf_of=behalf)
    world.submit(summary="Another")
    _compare(world)
    world.vote(world.company.alice, first) if _may(world, first) else None
    _compare(world)


def _may(world: World, request: Any) -> bool:
    with tenant_transaction(world.company.id):
        return standing_of(request, world.company.alice).may_vote


def _compare(world: World) -> None:
    with tenant_transaction(world.company.id):
        pending = list(ActionRequest.objects.filter(status="pending"))
        for name in PEOPLE:
            member = getattr(world.company, name)
            one_by_one = {each.pk for each in pending if standing_of(each, member).may_vote}
            assert {each.pk for each in decidable_by(member)} == one_by_one, name


def test_separation_of_duties_is_in_the_list_too() -> None:
    document = policy(stage("finance"))
    document["rules"][0]["separation_of_duties"] = False
    for loose, expected in ((DOCUMENTS["groups"], 0), (document, 1)):
        world = make_world(loose, "loose" if expected else "strict")
        world.submit(on_behalf_of=world.company.alice.user.email)
        with tenant_transaction(world.company.id):
            assert decidable_by(world.company.alice).count() == expected
        _compare(world)


def test_a_right_given_to_a_person_counts(site: Site) -> None:
    world = site.world
    with tenant_transaction(world.company.id):
        world.category.group_permissions.all().delete()
        assert decidable_by(world.company.alice).count() == 0
        give_right(world.category, world.company.alice)
        assert decidable_by(world.company.alice).count() == 1


def test_rows_are_grouped_by_urgency(site: Site, login: Login, move_clock: Any) -> None:
    move_clock(timedelta(hours=3, minutes=30))
    site.world.submit(summary="Later")
    client = login(site.world.company.alice)
    groups = client.get("/t/acme/inbox/").context["groups"]
    found = [(group["word"], [row["sentence"] for row in group["rows"]]) for group in groups]
    assert found == [("Soon", ["Pay Acme Ltd"]), ("Later", ["Later"])]
    move_clock(timedelta(hours=4, minutes=30))
    groups = client.get("/t/acme/inbox/").context["groups"]
    assert [group["word"] for group in groups] == ["Overdue", "Later"]


def test_filters_narrow_and_show_as_chips(site: Site, login: Login) -> None:
    client = login(site.world.company.alice)
    site.world.submit(summary="Refund Bob")
    assert shown(client, query="?q=refund") == ["Refund Bob"]
    assert shown(client, query="?risk=low") == []
    assert shown(client, query="?agent=payer&risk=high") == ["Pay Acme Ltd", "Refund Bob"]
    chips = client.get("/t/acme/inbox/?q=refund&risk=high").context["chips"]
    assert [(chip["label"], chip["value"]) for chip in chips] == [
        ("Text", "refund"),
        ("Risk", "High"),
    ]
    assert client.get("/t/acme/inbox/?cursor=nonsense&risk=odd&tab=odd").status_code == 200


def test_only_low_risk_is_approved_from_the_row(site: Site, login: Login) -> None:
    client = login(site.world.company.alice)
    assert client.get("/t/acme/inbox/").context["rows"][0]["review_only"]
    be_low_risk(site.world)
    html = client.get("/t/acme/inbox/").content.decode()
    sent = {"seen": field(html, "seen"), "verdict": "approve", "then": "inbox"}
    answer = client.post(site.url("requests/{asked}/vote"), sent, follow=True)
    assert answer.redirect_chain == [("/t/acme/inbox/", 302)]
    assert "Your approval is recorded." in answer.content.decode()
    with tenant_transaction(site.world.company.id):
        vote = site.asked.votes.get()
        assert (vote.verdict, vote.member_id) == (Verdict.APPROVE, site.world.company.alice.pk)
        assert vote.channel == VoteChannel.INBOX


def test_a_row_shows_the_main_fields(site: Site, login: Login) -> None:
    with tenant_transaction(site.world.company.id):
        display = {"kind": "money", "fields": {"amount": {"label": "Sum"}}}
        ActionCategory.objects.update(display=display)
    client = login(site.world.company.alice)
    assert shown_facts(client) == [("Sum", "900")]
    site.world.vote(site.world.company.alice, site.asked)
    assert shown_facts(client, "?tab=decided") == [("Sum", "900")]


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"amount": "1.00", "note": "x" * 60}, True),
        ({"amount": "1.00", "note": "x" * 200}, False),
        ({"amount": "1.00", "note": secrets.token_hex(20_000)}, False),
    ],
)
def test_only_what_the_row_shows_in_full_is_approved_from_it(
    site: Site, login: Login, payload: Any, expected: bool
) -> None:
    be_low_risk(site.world)
    asked = site.world.submit(payload=payload, summary="Another")
    rows = login(site.world.company.alice).get("/t/acme/inbox/?q=Another").context["rows"]
    assert [(row["id"], bool(row["vote_url"])) for row in rows] == [(asked.public_id, expected)]


def test_pages_follow_each_other(site: Site, login: Login, monkeypatch: Any) -> None:
    monkeypatch.setattr(selector, "PAGE_SIZE", 2)
    for number in range(4):
        site.world.submit(summary=f"Number {number}")
    client = login(site.world.company.alice)
    seen: list[str] = []
    query = ""
    for _ in range(3):
        page = client.get(f"/t/acme/inbox/{query}").context
        seen += [row["sentence"] for row in page["rows"]]
        query = f"?cursor={page['page']['next_cursor']}"
    assert seen == ["Pay Acme Ltd", *(f"Number {number}" for number in range(4))]
    assert query == "?cursor="


def test_an_empty_inbox_says_when_it_was_last_not_empty(site: Site, login: Login) -> None:
    client = login(site.world.company.charlie)
    assert "Nothing has waited for you so far." in client.get("/t/acme/inbox/").content.decode()
    alice = site.world.company.alice
    site.world.vote(alice, site.asked)
    html = login(alice).get("/t/acme/inbox/").content.decode()
    assert "Something last waited for you" in html


def test_the_shell_counts_what_waits(site: Site, login: Login) -> None:
    company = site.world.company
    page = login(company.alice).get("/t/acme/policy/")
    assert page.context["inbox_count"]() == "1"
    assert "inbox_count" not in login(company.audrey).get("/t/acme/policy/").context


@pytest.mark.parametrize("tab", ["mine", "all", "decided"])
def test_the_number_of_statements_does_not_grow(site: Site, login: Login, tab: str) -> None:
    company = site.world.company
    voter = company.bob if tab == "decided" else company.alice
    if tab == "decided":
        site.world.vote(voter, site.asked)
    client = login(voter)
    client.get("/t/acme/inbox/")
    counts = []
    for more in (0, 2):
        for number in range(more):
            made = site.world.submit(summary=f"More {number}")
            if tab == "decided":
                site.world.vote(voter, made)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page = client.get(f"/t/acme/inbox/?tab={tab}")
        counts.append((len(page.context["rows"]), len(queries)))
    assert [rows for rows, _ in counts] == [1, 3]
    assert counts[0][1] == counts[1][1]


def test_the_menu_and_the_rows_look_at_the_open_seats_once(site: Site, login: Login) -> None:
    client = login(site.world.company.alice)
    client.get("/t/acme/inbox/")
    with CaptureQueriesContext(connection) as queries:
        client.get("/t/acme/inbox/")
    assert sum("WITH RECURSIVE found" in query["sql"] for query in queries) == 1


_FRAME = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "SELECT set_config")


def test_the_inbox_takes_ten_statements_in_its_transaction(site: Site, login: Login) -> None:
    client = login(site.world.company.alice)
    client.get("/t/acme/inbox/")
    with CaptureQueriesContext(connection) as queries:
        page = client.get("/t/acme/inbox/")
    assert len(page.context["rows"]) == 1
    asked = [query["sql"] for query in queries if not query["sql"].startswith(_FRAME)]
    assert len(asked) == 10


@pytest.mark.parametrize("query", ["", "?risk=low", "?tab=all", "?tab=mine&q=nothing+like+it"])
def test_the_menu_counts_the_same_with_and_without_a_filter(
    site: Site, login: Login, query: str
) -> None:
    site.world.submit(summary="Another")
    page = login(site.world.company.alice).get(f"/t/acme/inbox/{query}")
    assert page.context["tabs"][0]["count"] == "2"


def test_agents_and_kept_filters_are_read_in_one_statement(site: Site) -> None:
    company = site.world.company
    with tenant_transaction(company.id):
        for name, text in (("Rents", "q=rent"), ("Agents", "agent=x")):
            save_filter(member=company.alice, name=name, query=text)
        save_filter(member=company.bob, name="Not hers", query="q=bob")
        with CaptureQueriesContext(connection) as queries:
            agents, kept = agents_and_filters(company.alice)
        mine = SavedFilter.objects.filter(member=company.alice).order_by("name")
        assert [(each.public_id, each.name, each.query) for each in kept] == [
            (each.public_id, each.name, each.query) for each in mine
        ]
        assert [each.name for each in kept] == ["Agents", "Rents"]
        assert agents == list(Agent.objects.order_by("name").values_list("name", flat=True))
    assert len(agents) > 0
    assert len(queries) == 1


def test_whom_no_open_seat_means_asks_for_no_request(site: Site) -> None:
    with tenant_transaction(site.world.company.id), CaptureQueriesContext(connection) as queries:
        assert list(decidable_by(site.world.company.charlie)) == []
    assert len([query for query in queries if "approvals_actionrequest" in query["sql"]]) == 0
