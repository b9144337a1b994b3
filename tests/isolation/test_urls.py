"""Every address and every verb, with the slug and the ids of somebody else."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.test import Client
from django.urls import resolve

from govapp.asgi import AGENT_STREAM, INBOX_STREAM
from govapp.common.tenancy import tenant_transaction
from tenants.models import Membership, Tenant
from tests.isolation.addresses import (
    ACCOUNTS,
    AGENTS,
    GAPS,
    MEMBERS,
    OWN,
    PUBLIC,
    VERBS,
    Route,
    agent_routes,
    all_routes,
    member_routes,
    tenant_routes,
)
from tests.isolation.asking import Marks, as_agent, as_member, as_program, ask
from tests.isolation.lives import Life

ROUTES = all_routes()
PAGES = tenant_routes()
by_pattern = pytest.mark.parametrize("route", PAGES, ids=lambda route: route.pattern)


# None is forgotten


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.pattern or "/")
def test_every_address_is_known_here(route: Route) -> None:
    is_account = route.pattern.removeprefix("accounts/") in ACCOUNTS
    listed = PUBLIC | OWN | AGENTS | MEMBERS
    known = route.is_tenants or is_account or route.pattern in listed
    assert known, (
        f"The address {route.pattern} is new: say in tests/isolation/addresses.py who may call it."
    )
    if route.is_tenants or route.pattern in AGENTS | MEMBERS:
        unknown = [gap for gap in route.gaps if gap not in GAPS]
        assert unknown == [], (
            f"{route.pattern} has a gap for an id that tests/isolation/addresses.py cannot fill."
        )


def test_nothing_is_listed_that_is_gone() -> None:
    patterns = {route.pattern for route in ROUTES}
    listed = PUBLIC | OWN | AGENTS | MEMBERS | {f"accounts/{path}" for path in ACCOUNTS}
    assert listed - patterns == set()
    assert set(GAPS) - {gap for route in ROUTES for gap in route.gaps} == set()


def test_what_the_one_port_serves_itself_are_addresses_of_django() -> None:
    """The dispatcher keeps connections open; each still asks Django's view at the same address."""
    assert resolve(AGENT_STREAM).route in AGENTS
    assert INBOX_STREAM.fullmatch("/t/acme/live/")
    assert resolve("/t/acme/live/").route == "t/<slug:slug>/live/"
    assert [r.pattern for r in PAGES if INBOX_STREAM.fullmatch(f"/{r.pattern}")] == [
        "t/<slug:slug>/live/"
    ]


# Somebody else's slug


@by_pattern
def test_the_slug_of_another_is_a_slug_of_nobody(acme: Life, globex: Life, route: Route) -> None:
    """Also with ids that are right, and for whoever owns their own company."""
    client = as_member(acme.company.olivia)
    for verb in VERBS:
        theirs = ask(client, verb, route.fill(globex), "globex")
        nobodys = ask(client, verb, route.fill(globex, slug="nobody"), "nobody")
        assert (verb, theirs[0], theirs) == (verb, 404, nobodys)


@by_pattern
def test_the_ids_of_another_are_ids_of_nobody(acme: Life, globex: Life, route: Route) -> None:
    """Also for Dora, who may do everything in both companies."""
    client, refused = as_member(acme.dora), 0
    for gap in route.gaps:
        theirs, nobodys = GAPS[gap].of(globex), GAPS[gap].of_nobody()
        for verb in VERBS:
            one = ask(client, verb, route.fill(acme, **{gap: theirs}), theirs)
            other = ask(client, verb, route.fill(acme, **{gap: nobodys}), nobodys)
            assert (verb, one) == (verb, other)
            assert one[0] in (404, 405), f"{verb} answers {one[0]}"
            refused += one[0] == 404
    assert refused >= len(route.gaps)


@by_pattern
def test_nobody_gets_in_without_a_login(acme: Life, route: Route) -> None:
    for verb in VERBS:
        for slug in ("acme", "nobody"):
            path = route.fill(acme, slug=slug)
            response = Client().generic(verb, path)
            assert (verb, response.status_code) == (verb, 302)
            assert response["Location"] == f"/accounts/login/?next={path}"


@contextmanager
def suspended(life: Life, rows: Any, *, field: str, value: Any, former: Any) -> Iterator[None]:
    """Change rows of this life while the block runs."""
    try:
        with tenant_transaction(life.tenant.pk):
            rows.update(**{field: value})
        yield
    finally:
        with tenant_transaction(life.tenant.pk):
            rows.update(**{field: former})


def test_somebody_suspended_is_somebody_unknown(acme: Life) -> None:
    client = as_member(acme.company.bob)
    bob = Membership.objects.filter(pk=acme.company.bob.pk)
    with suspended(acme, bob, field="status", value="suspended", former="active"):
        assert {ask(client, "GET", route.fill(acme))[0] for route in PAGES} == {404}


def test_an_account_that_is_suspended_is_closed(acme: Life) -> None:
    member, agent = as_member(acme.company.olivia), as_agent(acme)
    with suspended(acme, Tenant.objects, field="is_suspended", value=True, former=False):
        assert {ask(member, "GET", route.fill(acme))[0] for route in PAGES} == {403}
        assert {ask(agent, "GET", route.fill(acme))[0] for route in agent_routes()} == {403}


@pytest.mark.parametrize(
    "path",
    [
        "//t/globex/inbox/", "/t//globex/inbox/", "/t/./globex/inbox/", "/T/globex/inbox/",
        "/t/acme/../globex/inbox/", "/t/acme/..%2fglobex/inbox/", "/t/acme%00/inbox/",
        "/t/GLOBEX/inbox/", "/t/globex%20/inbox/", "/t/globex;/inbox/", "/t/acme,globex/inbox/",
        "/static/../t/globex/inbox/", "/t/%67lobex/inbox/", "/l/../t/globex/inbox/",
    ],
)  # fmt: skip
def test_no_spelling_of_an_address_gets_around_the_tenant(acme: Life, path: str) -> None:
    assert as_member(acme.company.olivia).get(path).status_code == 404


# Agents


@pytest.mark.parametrize("route", agent_routes(), ids=lambda route: route.pattern)
def test_an_agent_needs_a_key_and_reaches_its_own_requests(
    acme: Life, globex: Life, route: Route
) -> None:
    agent = as_agent(acme)
    for verb in VERBS:
        for stranger in (Client(), Client(headers={"Authorization": "Bearer gov_live_x_y"})):
            assert (verb, ask(stranger, verb, route.fill(acme))[0]) == (verb, 401)
        for gap in route.gaps:
            theirs, nobodys = GAPS[gap].of(globex), GAPS[gap].of_nobody()
            one = ask(agent, verb, route.fill(acme, **{gap: theirs}), theirs)
            other = ask(agent, verb, route.fill(acme, **{gap: nobodys}), nobodys)
            assert (verb, one) == (verb, other)
            # What an address can do (OPTIONS) says nothing about what is there.
            assert one[0] in (404, 405, 422) or verb == "OPTIONS"


@pytest.mark.parametrize("route", member_routes(), ids=lambda route: route.pattern)
def test_a_members_program_needs_a_token_and_reaches_its_own_account(
    acme: Life, globex: Life, route: Route
) -> None:
    member, agent = as_program(acme), as_agent(acme)
    for verb in VERBS:
        for stranger in (Client(), Client(headers={"Authorization": "Bearer gov_user_x_y"})):
            assert (verb, ask(stranger, verb, route.fill(acme))[0]) == (verb, 401)
        assert ask(agent, verb, route.fill(acme))[0] in (403, 405)
        for gap in route.gaps:
            theirs, nobodys = GAPS[gap].of(globex), GAPS[gap].of_nobody()
            one = ask(member, verb, route.fill(acme, **{gap: theirs}), theirs)
            other = ask(member, verb, route.fill(acme, **{gap: nobodys}), nobodys)
            assert (verb, one) == (verb, other)
            assert one[0] in (404, 405, 422) or verb == "OPTIONS"


def test_a_login_is_no_key_and_a_key_is_no_login(acme: Life) -> None:
    login, agent = as_member(acme.company.olivia), as_agent(acme)
    assert {ask(login, "GET", route.fill(acme))[0] for route in agent_routes()} == {401}
    assert {ask(agent, "GET", route.fill(acme))[0] for route in PAGES} == {302}


def test_proofs_of_another_are_proofs_of_nothing(acme: Life, globex: Life) -> None:
    agent = as_agent(acme)
    url = "/api/v1/audit/proof/inclusion?event="
    theirs, nobodys = GAPS["events/event"].of(globex), GAPS["events/event"].of_nobody()
    assert ask(agent, "GET", url + theirs, theirs) == ask(agent, "GET", url + nobodys, nobodys)
    assert ask(agent, "GET", url + GAPS["events/event"].of(acme))[0] == 200


# Ids in bodies and queries


def test_forms_take_no_id_of_another(acme: Life, globex: Life, marks: Marks) -> None:
    client, theirs = as_member(acme.dora), globex.company
    agent = {"name": "stolen", "trust_tier": "new", "labels": "", "description": ""}
    category = GAPS["categories/ident"].of(acme)
    forms: list[tuple[str, dict[str, Any], int]] = [
        ("groups/only-acme/add", {"member": theirs.alice.pk}, 422),
        ("agents/new", agent | {"owner": theirs.olivia.pk}, 422),
        (f"agents/{acme.agent.public_id}/change", agent | {"owner": theirs.olivia.pk}, 422),
        (f"categories/{category}/give", {"to": "group:only-globex"}, 422),
        (f"categories/{category}/give", {"to": f"member:{theirs.alice.public_id}"}, 422),
        (f"categories/{category}/take", {"of": "group:only-globex"}, 404),
        (f"categories/{category}/take", {"of": f"member:{theirs.alice.public_id}"}, 404),
        (
            "settings/",
            {"name": "Acme", "time_zone": "UTC", "fallback_group": "only-globex"},
            422,
        ),
    ]
    before = marks()
    got = [client.post(f"/t/acme/{path}", data).status_code for path, data, _ in forms]
    assert got == [status for _, _, status in forms]
    assert marks() == before


def test_an_agent_can_name_nothing_of_another(acme: Life, globex: Life, marks: Marks) -> None:
    body = {"category": "notes.write", "summary": "Mine", "payload": {"text": "a"}}

    def post(path: str, key: str, **fields: Any) -> tuple[int, Any]:
        answer = as_agent(acme).post(
            f"/api/v1/{path}", json.dumps(fields), content_type="application/json",
            headers={"Idempotency-Key": key},
        )  # fmt: skip
        shown = answer.json()
        return answer.status_code, (shown.get("type"), shown.get("detail"), shown.get("errors"))

    for name, gap in (("supersedes", "requests/ident"), ("callback", "callbacks/ident")):
        theirs = post("action-requests", f"a{name}", **body, **{name: GAPS[gap].of(globex)})
        nobodys = post("action-requests", f"b{name}", **body, **{name: GAPS[gap].of_nobody()})
        assert theirs == nobodys
        assert theirs[0] in (404, 422)
    before = marks()
    assert post("grants/redeem", "c", token=globex.grant.token, redeemed_by="me")[0] == 404
    assert marks() == before


def test_queries_reach_nothing_of_another(acme: Life, globex: Life) -> None:
    client = as_member(acme.dora)
    draft, request = GAPS["policy/ident"].of(globex), GAPS["requests/ident"].of(globex)
    assert client.get("/t/acme/policy/drafts/new", {"from": draft}).status_code == 404
    for path, query in (
        ("audit/", {"request": request}),
        ("audit/", {"actor": globex.company.olivia.public_id}),
        ("audit/", {"text": "A secret of globex"}),
        ("requests/", {"q": "A secret of globex"}),
        ("requests/", {"agent": globex.agent.public_id}),
        ("inbox/", {"q": "A secret of globex", "tab": "all"}),
    ):
        answer = client.get(f"/t/acme/{path}", query)
        body = answer.content.decode().replace("A secret of globex", "", 4)
        assert (path, answer.status_code, "A secret of globex" in body) == (path, 200, False)
