"""The pages of delegations: trees, one link, what a cut ends, and the agent's page."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from approvals.models import Delegation
from approvals.selectors.still_runs import SHOWN
from approvals.services.execution import issue_grant
from govapp.common.tenancy import tenant_transaction
from tenants.services.kill import throw
from tests.approvals.chains import Chain, make_chain, own
from tests.approvals.world import FOUR_EYES

pytestmark = pytest.mark.django_db
HOME = "/t/acme/delegations/"


@pytest.fixture
def chain(db: None) -> Chain:
    return make_chain(4, categories=("payments.*",), budget={"EUR": "500.00"})


def client_of(chain: Chain, name: str) -> Client:
    client = Client()
    client.force_login(getattr(chain.world.company, name).user)
    return client


def text(response: Any) -> str:
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def address(chain: Chain, place: int) -> str:
    return f"{HOME}{chain.handed[place].delegation.public_id}/"


def test_the_tree_is_nested_and_names_what_each_may(chain: Chain) -> None:
    page = text(client_of(chain, "audrey").get(HOME))
    assert page.count('<ul class="tree">') == 4
    places = [page.index(handed.delegation.public_id) for handed in chain.handed]
    assert places == sorted(places)
    assert "payments.* on all integrations, EUR 500.00, until " in page


def test_without_any_the_page_says_what_would_be_there(db: None) -> None:
    chain = make_chain()
    assert "No delegation is in force" in text(client_of(chain, "alice").get(HOME))


def test_what_is_over_is_shown_on_demand_and_by_agent(chain: Chain) -> None:
    carl = client_of(chain, "carl")
    chain.revoke(chain.handed[0].delegation, chain.world.company.carl, "Over.")
    lone = chain.hand("clerk", "helper")
    page = text(carl.get(HOME))
    assert lone.delegation.public_id in page
    assert chain.handed[0].delegation.public_id not in page
    page = text(carl.get(f"{HOME}?which=all"))
    assert chain.handed[0].delegation.public_id in page
    planner = chain.agents["planner"].public_id
    page = text(carl.get(f"{HOME}?which=all&agent={planner}"))
    assert "Trees that planner is part of." in page
    assert chain.handed[3].delegation.public_id in page
    assert lone.delegation.public_id not in page


def test_a_link_shows_its_chain_its_budget_and_what_a_cut_ends(chain: Chain) -> None:
    cost = {"amount": "20.50", "currency": "EUR"}
    asked = chain.submit("helper", chain.handed[3].token, estimated_cost=cost)
    with tenant_transaction(chain.tenant_id):
        issue_grant(agent=chain.agents["helper"], request_id=asked.pk)
    page = text(client_of(chain, "olivia").get(address(chain, 1)))
    assert "buyer lets clerk act with part of its rights." in page
    assert '<td data-label="Reserved">20.50</td>' in page
    assert '<td data-label="Left">479.50</td>' in page
    assert "This ends 3 delegations:" in page
    assert "1 permission that is not used yet will be refused." in page
    assert "No request under it waits for people." in page
    assert asked.public_id in page


def test_requests_that_wait_are_counted(db: None) -> None:
    chain = make_chain(2, FOUR_EYES)
    chain.submit("clerk", chain.handed[1].token)
    page = text(client_of(chain, "olivia").get(address(chain, 0)))
    assert "1 request that people still decide on will lead to none." in page


@pytest.mark.parametrize(
    ("who", "may"), [("olivia", True), ("carl", True), ("alice", False), ("audrey", False)]
)
def test_who_is_offered_to_cut_it_may(chain: Chain, who: str, may: bool) -> None:
    client = client_of(chain, who)
    assert ("Cut it</button>" in text(client.get(address(chain, 1)))) is may
    answer = client.post(f"{address(chain, 1)}revoke", {"reason": "Wrong supplier."})
    assert answer.status_code == (302 if may else 403)
    with tenant_transaction(chain.tenant_id):
        assert Delegation.objects.filter(revoked_at=None).count() == (1 if may else 4)


def test_a_cut_needs_a_reason_and_happens_once(chain: Chain) -> None:
    carl = client_of(chain, "carl")
    assert carl.post(f"{address(chain, 1)}revoke", {"reason": " "}).status_code == 422
    done = carl.post(f"{address(chain, 1)}revoke", {"reason": "Wrong <b>."}, follow=True)
    page = text(done)
    assert "It is cut, with everything under it" in page
    assert "Wrong &lt;b&gt;." in page
    assert "was revoked on" in page
    assert "Cut it</button>" not in page
    again = carl.post(f"{address(chain, 2)}revoke", {"reason": "Again."})
    assert again.status_code == 409
    assert "It was revoked on" in again.content.decode()


def test_looking_cuts_nothing(chain: Chain) -> None:
    assert client_of(chain, "carl").get(f"{address(chain, 1)}revoke").status_code == 405
    assert client_of(chain, "carl").get(f"{HOME}dg_nonsense/").status_code == 404


def test_the_page_of_an_agent_shows_in_and_out(chain: Chain) -> None:
    client = client_of(chain, "audrey")
    page = text(client.get(f"/t/acme/agents/{chain.agents['buyer'].public_id}/?tab=delegations"))
    first, second = (handed.delegation.public_id for handed in chain.handed[:2])
    assert page.index("Handed to buyer") < page.index(first)
    assert page.index(first) < page.index("Handed on by buyer") < page.index(second)
    page = text(client.get(f"/t/acme/agents/{chain.world.agent.public_id}/?tab=delegations"))
    assert "Handed to" not in page
    assert "Nothing is handed on" in page


def test_the_page_of_a_request_shows_who_handed_it_on_and_a_cut(db: None) -> None:
    chain = make_chain(2, FOUR_EYES)
    request = chain.submit("clerk", chain.handed[1].token)
    client = client_of(chain, "alice")
    page = text(client.get(f"/t/acme/requests/{request.public_id}/"))
    links = [f'href="{address(chain, place)}">' for place in range(2)]
    assert page.index(f"{links[0]}planner") < page.index(f"{links[1]}buyer")
    assert "does not hold any more" not in page
    chain.revoke(chain.handed[0].delegation, chain.world.company.carl, "Over.")
    page = text(client.get(f"/t/acme/requests/{request.public_id}/"))
    assert "The delegation does not hold any more" in page


def test_the_inbox_of_who_owns_an_agent_of_the_chain_has_it_not(db: None) -> None:
    chain = make_chain(1, FOUR_EYES)
    request = chain.submit("buyer", chain.handed[0].token)
    with tenant_transaction(chain.tenant_id):
        assert request.delegation_owners == [chain.world.company.olivia.pk]
    assert request.public_id in text(client_of(chain, "alice").get("/t/acme/inbox/"))
    own(chain, "planner", chain.world.company.alice)
    chain.handed.clear()
    chain.extend()
    hidden = chain.submit("buyer", chain.handed[0].token)
    page = text(client_of(chain, "alice").get("/t/acme/inbox/"))
    assert (request.public_id in page, hidden.public_id in page) == (True, False)


def test_the_explanation_tells_the_chain(chain: Chain) -> None:
    cost = {"amount": "1.00", "currency": "EUR"}
    request = chain.submit("clerk", chain.handed[1].token, estimated_cost=cost)
    address = f"/t/acme/audit/requests/{request.public_id}/"
    client = client_of(chain, "audrey")
    told = "the agent planner, which handed part of its rights to the agent buyer, which handed"
    assert told in text(client.get(address))
    page = text(client.get(f"{address}?for=affected"))
    assert "to which other software had handed the task," in page


def test_the_tree_costs_the_same_for_one_and_for_many(chain: Chain) -> None:
    client, counts = client_of(chain, "carl"), []
    for path in (HOME, f"/t/acme/agents/{chain.agents['planner'].public_id}/?tab=delegations"):
        client.get(path)
        for _ in range(2):
            with CaptureQueriesContext(connection) as asked:
                client.get(path)
            counts.append(len(asked))
            chain.hand("planner", "helper", depth=1)
    assert counts[0] == counts[1]
    assert counts[2] == counts[3]


def test_a_purpose_is_shown_as_the_agents_words(db: None) -> None:
    chain = make_chain(1, purpose="<script>x</script> pay DE89370400440532013000")
    page = text(client_of(chain, "audrey").get(address(chain, 0)))
    assert "<script>x" not in page
    assert "What for, says the agent" in page
    assert "DE89370400440532013000" not in page


def test_the_stop_page_of_an_agent_names_what_it_handed_on_that_holds(chain: Chain) -> None:
    client, planner = client_of(chain, "olivia"), chain.agents["planner"].public_id
    address_of_stop = f"/t/acme/kill-switch/stop?scope=agent&ref={planner}"
    first = chain.handed[0].delegation
    shown = text(client.get(address_of_stop))
    assert "<strong>buyer</strong> goes on with rights that it was handed." in shown
    assert f"scope=delegation&amp;ref={first.public_id}" in shown
    with tenant_transaction(chain.tenant_id):
        buyer = chain.agents["buyer"].public_id
        throw(actor=chain.world.company.olivia, scope="agent", ref=buyer, reason="Odd.")
    assert "<strong>buyer</strong> is stopped, but had handed on" in text(
        client.get(address_of_stop)
    )
    for _ in range(SHOWN):
        chain.hand("planner", "clerk")
    assert f'{HOME}?agent={planner}">all of it</a>' in text(client.get(address_of_stop))
    chain.revoke(first, chain.world.company.carl, "Over.")
    assert "is stopped, but had handed on" not in text(client.get(address_of_stop))


@pytest.mark.parametrize(
    ("query", "title", "says_where"),
    [
        ("", "No delegation is in force", True),
        ("?which=all", "", False),
        ("?agent={clerk}", "clerk is part of no delegation that is in force", True),
        ("?agent={payer}", "payer is part of no delegation that is in force", True),
        ("?which=all&agent={payer}", "payer was never part of a delegation", False),
    ],
)
def test_an_empty_list_says_of_whom_there_is_none(
    chain: Chain, query: str, title: str, *, says_where: bool
) -> None:
    chain.revoke(chain.handed[0].delegation, chain.world.company.carl, "Over.")
    named = {name: chain.agents[name].public_id for name in ("clerk", "payer")}
    shown = text(client_of(chain, "carl").get(f"{HOME}{query.format(**named)}"))
    assert (f"<h2>{title}</h2>" in shown) is bool(title)
    assert ("Those that ended are under All." in shown) is says_where
    assert "Nothing was ever handed on" not in shown


def test_an_account_in_which_nothing_was_handed_on_says_so() -> None:
    chain = make_chain()
    for which, title in (("live", "No delegation is in force"), ("all", "Nothing was ever handed")):
        assert title in text(client_of(chain, "carl").get(f"{HOME}?which={which}"))
