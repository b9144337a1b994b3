"""The explorer: what is found, who may read, what it costs, and that words stay words."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

from audit.models import LedgerEvent
from audit.services.sequencer import sequence_tenant
from govapp.common.ids import new_id, public_id
from govapp.common.tenancy import tenant_transaction
from tenants.models import Membership
from tests.audit.books import PAYER, index_now, write_event
from tests.audit.cases import play_request
from tests.people import Company, make_company
from tests.support.recorded import read

pytestmark = pytest.mark.django_db

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
AT = datetime(2026, 1, 5, 9, tzinfo=UTC)


def signed_in(member: Membership) -> Client:
    client = Client()
    client.force_login(member.user, backend=BACKEND)
    return client


@pytest.fixture
def acme() -> Company:
    return make_company()


@pytest.fixture
def audrey(acme: Company) -> Client:
    return signed_in(acme.audrey)


def summaries(client: Client, company: Company, query: str = "") -> list[str]:
    response = client.get(f"/t/{company.slug}/audit/{query}")
    assert response.status_code == 200
    return [row.summary for row in response.context["rows"]]


def test_the_newest_event_comes_first(acme: Company, audrey: Client) -> None:
    write_event(acme.id, summary="One.")
    write_event(acme.id, summary="Two.")
    assert summaries(audrey, acme)[:2] == ["Two.", "One."]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?type=vote.cast", ["Alice voted."]),
        ("?actor=ag_payer", ["The payer asked."]),
        ("?subject=ag_payer", ["The payer asked.", "Alice voted."]),
        ("?text=vote.", ["Alice voted."]),
        ("?q=voted", ["Alice voted."]),
        ("?text=payer+asked", ["The payer asked."]),
        ("?text=asked&kind=person", []),
        ("?text=payer&kind=agent", ["The payer asked."]),
        ("?group=Requests+and+votes", ["Alice voted."]),
        ("?agent=ag_payer&since=2026-01-06", ["The payer asked."]),
        ("?text=nothing+like+it", []),
        ("?text=!!!", []),
        ("?text=ag_payer", ["The payer asked.", "Alice voted."]),
        ("?since=2026-01-06&until=2026-01-06", ["The payer asked."]),
        ("?until=2026-01-05", ["Alice voted."]),
        ("?type=vote.cast&actor=ag_payer", []),
    ],
)
def test_a_filter_finds_what_it_names(
    acme: Company, audrey: Client, query: str, found: list[str]
) -> None:
    write_event(acme.id, event_type="vote.cast", summary="Alice voted.", at=AT)
    later = AT + timedelta(days=1)
    write_event(acme.id, event_type="x.asked", actor=PAYER, summary="The payer asked.", at=later)
    index_now(acme.id)
    assert summaries(audrey, acme, query) == found


def test_the_events_of_one_request_are_found(acme: Company, audrey: Client) -> None:
    request_id = play_request(acme.id, number=0, at=AT, outcome="denied")
    play_request(acme.id, number=1, at=AT)
    name = public_id("ar", request_id)
    assert len(summaries(audrey, acme, f"?request={name}")) == 3
    index_now(acme.id)
    assert len(summaries(audrey, acme, f"?text={name}&kind=person")) == 2


@pytest.mark.parametrize("query", ["?since=nonsense", "?request=ar_1", "?cursor=x", "?until=0"])
def test_a_malformed_filter_is_refused(acme: Company, audrey: Client, query: str) -> None:
    assert audrey.get(f"/t/acme/audit/{query}").status_code == 400


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("?since=0001-01-01", b"A day lies in the years 1970 to 2999."),
        ("?since=1969-12-31", b"A day lies in the years 1970 to 2999."),
        ("?until=9999-12-31", b"A day lies in the years 1970 to 2999."),
        ("?until=3000-01-01", b"A day lies in the years 1970 to 2999."),
        ("?text=%00", b"A filter holds no NUL characters."),
        ("?actor=%00", b"A filter holds no NUL characters."),
        ("?type=a%00b", b"A filter holds no NUL characters."),
    ],
)
def test_what_the_database_cannot_hold_is_refused(
    acme: Company, audrey: Client, query: str, why: bytes
) -> None:
    page = audrey.get(f"/t/acme/audit/{query}")
    export = audrey.post(f"/t/acme/audit/export{query}")
    assert (page.status_code, export.status_code) == (400, 400)
    assert why in page.content
    assert why in export.content


@pytest.mark.parametrize("query", ["?since=1970-01-01", "?until=2999-12-31"])
def test_the_first_and_the_last_day_are_days(acme: Company, audrey: Client, query: str) -> None:
    write_event(acme.id, event_type="x.happened", summary="It happened.")
    assert summaries(audrey, acme, f"{query}&type=x.happened") == ["It happened."]


def test_pages_follow_each_other_without_gap_or_repeat(acme: Company, audrey: Client) -> None:
    with tenant_transaction(acme.id):
        before = LedgerEvent.objects.count()
    for number in range(120):
        # Many share an instant: the cursor has to go by id as well.
        write_event(acme.id, summary=f"{number}", at=AT + timedelta(seconds=number // 40))
    seen: list[str] = []
    cursor = ""
    while True:
        response = audrey.get(f"/t/acme/audit/?cursor={cursor}")
        seen += [str(row.id) for row in response.context["rows"]]
        cursor = response.context["page"]["next_cursor"]
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == before + 120


def test_a_page_costs_the_same_for_one_row_and_for_three(
    acme: Company, audrey: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    audrey.get("/t/acme/audit/")
    for rows in (1, 2):
        for number in range(rows):
            write_event(acme.id, summary=f"{rows} {number}", event_type="x.happened")
        with django_assert_num_queries(18):
            audrey.get("/t/acme/audit/?type=x.happened")


@pytest.mark.parametrize(
    ("who", "status"),
    [("olivia", 200), ("carl", 200), ("audrey", 200), ("alice", 403), ("bob", 403)],
)
def test_who_may_read(acme: Company, who: str, status: int) -> None:
    request_id = play_request(acme.id, number=0, at=AT)
    event = write_event(acme.id)
    client = signed_in(getattr(acme, who))
    pages = [
        "/t/acme/audit/",
        f"/t/acme/audit/events/{public_id('ev', event.pk)}/",
        f"/t/acme/audit/requests/{public_id('ar', request_id)}/",
        "/t/acme/reports/",
    ]
    assert [client.get(page).status_code for page in pages] == [status] * 4
    export = client.post("/t/acme/audit/export")
    assert export.status_code == {200: 302, 403: 403}[status]


def test_another_tenant_sees_nothing(acme: Company) -> None:
    request_id = play_request(acme.id, number=0, at=AT)
    event = write_event(acme.id, summary="A secret of acme.")
    other = make_company("umbrella")
    client = signed_in(other.audrey)
    for page in (
        "/t/acme/audit/",
        f"/t/umbrella/audit/events/{public_id('ev', event.pk)}/",
        f"/t/umbrella/audit/events/{public_id('ev', event.pk)}/proof",
        f"/t/umbrella/audit/requests/{public_id('ar', request_id)}/",
    ):
        assert client.get(page).status_code == 404
    assert b"secret of acme" not in client.get("/t/umbrella/audit/").content


def test_an_event_shows_its_proof(acme: Company, audrey: Client) -> None:
    event = write_event(acme.id, summary="Alice did it.")
    page = f"/t/acme/audit/events/{public_id('ev', event.pk)}/"
    assert audrey.get(page).context["verdict"].state == "waiting"
    assert audrey.get(page + "proof").status_code == 400
    while sequence_tenant(tenant_id=acme.id):
        pass
    response = audrey.get(page)
    assert response.context["verdict"].state == "verified"
    assert response.context["canonical"] == bytes(event.body).decode()
    proof = audrey.get(page + "proof").json()
    assert proof["leaf_hash"] == response.context["inclusion"].leaf.hex()
    with tenant_transaction(acme.id):
        # The refused one above left nothing.
        taken = read(LedgerEvent.objects.get(type="proof.downloaded"))
    assert (taken["actor"]["name"], taken["subject"]["id"], taken["data"]["leaf_hash"]) == (
        "Audrey",
        public_id("ev", event.pk),
        proof["leaf_hash"],
    )


def test_a_request_is_explained_from_its_events(acme: Company, audrey: Client) -> None:
    request_id = play_request(acme.id, number=0, at=AT, outcome="denied")
    response = audrey.get(f"/t/acme/audit/requests/{public_id('ar', request_id)}/")
    explanation = response.context["explanation"]
    assert explanation.outcome == "It was denied."
    assert [section.title for section in explanation.sections] == [
        "What was asked",
        "Which rules applied",
        "Who decided",
    ]
    content = response.content.decode()
    assert "Payments over EUR 10,000 need one person from Finance and one from Risk." in content
    assert "It saw amount = 48,200.00, currency = EUR." in content
    unknown = public_id("ar", new_id())
    assert audrey.get(f"/t/acme/audit/requests/{unknown}/").status_code == 404


def test_rules_that_were_too_many_for_an_event_are_counted(acme: Company, audrey: Client) -> None:
    request_id = new_id()
    rules = [{"rule": f"rule-{number}", "because": "x" * 100} for number in range(800)]
    for cut in (rules, {"cut": True, "sha256": "0" * 64, "bytes": 9}):
        write_event(
            acme.id,
            event_type="action_request.submitted",
            request_id=request_id,
            data={"rules": cut},
        )
    response = audrey.get(f"/t/acme/audit/requests/{public_id('ar', request_id)}/")
    sections = {each.title: each for each in response.context["explanation"].sections}
    assert [each.text for each in sections["Which rules applied"].sentences] == [
        "800 further rules, see the request.",
        "Further rules, see the request.",
    ]


def test_hostile_words_are_shown_and_not_obeyed(acme: Company, audrey: Client) -> None:
    words = "<script>alert(1)</script>\u202egnp.exe"
    event = write_event(acme.id, summary=words, data={"<b>": words})
    play = play_request(acme.id, number=0, at=AT, label=words, agent=words)
    for page in (
        "/t/acme/audit/",
        f"/t/acme/audit/events/{public_id('ev', event.pk)}/",
        f"/t/acme/audit/requests/{public_id('ar', play)}/",
    ):
        content = audrey.get(page).content.decode()
        assert "&lt;script&gt;alert(1)" in content
        assert "<script>alert" not in content
        assert "\u202e" not in content
