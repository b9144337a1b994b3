"""The action page: what it shows, and voting on it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from approvals.ballots import sign_seen
from approvals.enums import RequestStatus, Verdict
from approvals.models import ActionCategory, ActionRequest, Vote
from approvals.services.execution import issue_grant
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tenants.models import Membership
from tests.approvals.views.conftest import Login, Site, field

pytestmark = pytest.mark.django_db


def page(client: Client, site: Site, query: str = "") -> str:
    answer = client.get(site.url("requests/{asked}/") + query)
    assert answer.status_code == 200
    return answer.content.decode()


def vote(client: Client, site: Site, verdict: str, reason: str = "", **changes: Any) -> Any:
    """Post the form as the page of this moment has it."""
    sent = {"seen": field(page(client, site), "seen"), "verdict": verdict, "reason": reason}
    return client.post(site.url("requests/{asked}/vote"), sent | changes)


def status(site: Site) -> str:
    with tenant_transaction(site.world.company.id):
        return ActionRequest.objects.get(pk=site.asked.pk).status


def standing(site: Site, login: Login, member: Membership) -> tuple[bool, str]:
    shown = login(member).get(site.url("requests/{asked}/")).context["page"].standing
    return shown.may_vote, shown.why


def test_the_page_says_why_what_is_missing_and_who_can_give_it(site: Site, login: Login) -> None:
    alice = site.world.company.alice
    shown = login(alice).get(site.url("requests/{asked}/")).context["page"]
    (demand,) = shown.demands
    assert demand.sentence.startswith("When payments.transfer: 1 from Finance and 1 from Risk")
    assert (demand.missing, demand.people) == ("1 from Finance, 1 from Risk", ("Alice", "Bob"))
    site.world.vote(alice, site.asked)
    shown = login(alice).get(site.url("requests/{asked}/")).context["page"]
    assert (shown.demands[0].missing, shown.demands[0].people) == ("1 from Risk", ("Bob",))
    assert shown.seats == ("approve", "")


def test_the_reader_is_told_why_they_may_not_vote(site: Site, login: Login) -> None:
    company = site.world.company
    assert standing(site, login, company.alice) == (True, "")
    assert standing(site, login, company.carl) == (False, "You are not an active approver here.")
    may, why = standing(site, login, company.charlie)
    assert (may, why.split(":")[0]) == (False, "The open seats are for others")
    site.world.vote(company.alice, site.asked)
    assert standing(site, login, company.alice)[1] == "You have already voted on this request."
    assert 'name="verdict"' not in page(login(company.charlie), site)


def test_two_people_approve(site: Site, login: Login) -> None:
    company = site.world.company
    assert vote(login(company.alice), site, "approve").status_code == 302
    assert status(site) == RequestStatus.PENDING
    assert vote(login(company.bob), site, "approve", "It fits.").status_code == 302
    assert status(site) == RequestStatus.APPROVED
    html = page(login(company.audrey), site)
    assert "How it ended" in html
    assert "It fits." in html


@pytest.mark.parametrize("verdict", ["deny", "return"])
def test_a_refusal_needs_a_reason(site: Site, login: Login, verdict: str) -> None:
    client = login(site.world.company.alice)
    answer = vote(client, site, verdict)
    assert answer.status_code == 422
    assert "Say why" in answer.content.decode()
    assert status(site) == RequestStatus.PENDING
    assert vote(client, site, verdict, "Wrong account.").status_code == 302
    assert status(site) == {"deny": "denied", "return": "returned"}[verdict]


def test_what_was_typed_stays_when_the_vote_is_refused(site: Site, login: Login) -> None:
    company = site.world.company
    client = login(company.alice)
    seen = field(page(client, site), "seen")
    site.world.vote(company.bob, site.asked, Verdict.DENY)
    sent = {"seen": seen, "verdict": "approve", "reason": "I had written this."}
    answer = client.post(site.url("requests/{asked}/vote"), sent)
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "This request has been denied by Bob" in html
    assert "I had written this." in html


def test_a_form_of_another_page_or_reader_is_stale(site: Site, login: Login) -> None:
    company = site.world.company
    bobs = field(page(login(company.bob), site), "seen")
    client = login(company.alice)
    for seen in (bobs, "made-up", ""):
        answer = vote(client, site, "approve", "Kept words.", seen=seen)
        assert answer.status_code == (412 if seen else 422)
        assert "Kept words." in answer.content.decode()
    with tenant_transaction(company.id):
        site.asked.payload_digest = "sha256:other"
        now = clock.now()
        other = sign_seen(site.asked, reader=company.alice.public_id, now=now)
    assert vote(client, site, "approve", seen=other).status_code == 412
    assert status(site) == RequestStatus.PENDING


def test_who_may_not_vote_is_refused_and_it_is_recorded(site: Site, login: Login) -> None:
    company = site.world.company
    client = login(company.charlie)
    with tenant_transaction(company.id):
        seen = sign_seen(site.asked, reader=company.charlie.public_id, now=clock.now())
    sent = {"seen": seen, "verdict": "approve", "reason": "Please."}
    answer = client.post(site.url("requests/{asked}/vote"), sent)
    assert answer.status_code == 403
    assert "The open seats are for others" in answer.content.decode()
    with tenant_transaction(company.id):
        from audit.models import LedgerEvent

        assert LedgerEvent.objects.filter(type="vote.refused").count() == 1


def test_the_server_counts_the_seconds(site: Site, login: Login, move_clock: Any) -> None:
    client = login(site.world.company.alice)
    seen = field(page(client, site), "seen")
    move_clock(timedelta(seconds=90))
    client.post(site.url("requests/{asked}/vote"), {"seen": seen, "verdict": "approve"})
    with tenant_transaction(site.world.company.id):
        viewed = Vote.objects.get().seconds_viewed
    assert viewed in range(90, 100)


def test_after_the_deadline_nobody_may_vote(site: Site, login: Login, move_clock: Any) -> None:
    move_clock(timedelta(hours=4, seconds=1))
    may, why = standing(site, login, site.world.company.alice)
    assert (may, why.split(";")[0]) == (False, "The time to decide has passed")


@pytest.mark.parametrize(
    ("choice", "first"), [("deny", "deny"), ("approve", "approve"), ("x", "approve")]
)
def test_a_choice_of_the_address_stands_out_and_decides_nothing(
    site: Site, login: Login, choice: str, first: str
) -> None:
    html = page(login(site.world.company.alice), site, f"?choice={choice}")
    at = {verdict: html.index(f'value="{verdict}"') for verdict in ("approve", "deny")}
    assert min(at, key=lambda verdict: at[verdict]) == first
    assert status(site) == RequestStatus.PENDING


def test_every_field_and_the_whole_digest_are_on_the_page(site: Site, login: Login) -> None:
    payload = {"amount": "900.00", "deep": {"list": [1, {"x": None}], "none": []}, "flag": False}
    made = site.world.submit(payload=payload)
    shown = login(site.world.company.alice).get(f"/t/acme/requests/{made.public_id}/")
    fields = {(each.term, each.value) for each in shown.context["page"].payload.fields}
    assert fields == {
        ("Amount", "900.00"),
        ("deep.list[1]", "1"),
        ("deep.list[2].x", "empty"),
        ("deep.none", "empty"),
        ("Flag", "no"),
    }
    assert made.payload_digest in shown.content.decode()


def test_warnings_come_from_the_past(site: Site, login: Login) -> None:
    with tenant_transaction(site.world.company.id):
        ActionCategory.objects.update(display={"kind": "money"})
    for _ in range(5):
        old = site.world.submit(payload={"amount": "100.00", "currency": "EUR", "payee": "Acme"})
        site.world.vote(site.world.company.alice, old)
        site.world.vote(site.world.company.bob, old)
    known = {"amount": "120.00", "currency": "EUR", "payee": "Acme"}
    strange = {"amount": "450.00", "currency": "EUR", "payee": "\u0410cme"}
    client = login(site.world.company.alice)
    found = []
    for payload in (known, strange):
        made = site.world.submit(payload=payload)
        shown = client.get(f"/t/acme/requests/{made.public_id}/").context["page"]
        past = shown.precedents
        hidden = [each.code_point for each in shown.payload.hidden]
        found.append((past.new_target, past.unusual_amount.split(" (")[0], hidden))
        assert len(past.similar) == 5
    assert found == [
        ("", "", []),
        ("\u0410cme", "4 times the usual amount, EUR\u00a0100", ["U+0410"]),
    ]


def test_it_says_how_many_like_it_were_denied(site: Site, login: Login) -> None:
    with tenant_transaction(site.world.company.id):
        ActionCategory.objects.update(display={"kind": "money"})
    client, alice = login(site.world.company.alice), site.world.company.alice

    def denied(payee: str) -> str:
        made = site.world.submit(payload={"amount": "5.00", "payee": payee})
        page = client.get(f"/t/acme/requests/{made.public_id}/").context["page"]
        return str(page.precedents.denied)

    assert denied("Acme") == ""
    for verdict in (Verdict.DENY, Verdict.RETURN):
        made = site.world.submit(payload={"amount": "5.00", "payee": "Acme"})
        site.world.vote(alice, made, verdict)
    other = site.world.submit(payload={"amount": "5.00", "payee": "Fabrikam"})
    site.world.vote(alice, other)
    site.world.vote(site.world.company.bob, other)
    ending = "that people decided were denied or sent back"
    assert denied("Acme") == f"2 of the last 2 for this target {ending}"
    assert denied("Fabrikam") == ""
    assert denied("Somebody else") == f"2 of the last 3 of this category {ending}"


def test_the_timeline_tells_the_past_and_what_will_come(site: Site, login: Login) -> None:
    site.world.vote(site.world.company.alice, site.asked, reason="Matches the order.")
    shown = login(site.world.company.bob).get(site.url("requests/{asked}/")).context["page"]
    assert [(line.title, line.future) for line in shown.timeline] == [
        ("payer submitted it", False),
        ("Stage “review” opened", False),
        ("Alice and Bob were asked", False),
        ("Alice approved", False),
        ("Expires. Nothing is executed", True),
    ]


def test_a_cancelled_request_says_by_whom(site: Site, login: Login) -> None:
    client = login(site.world.company.carl)
    sent = {"reason": "The invoice is withdrawn."}
    assert client.post(site.url("requests/{asked}/cancel"), sent).status_code == 302
    assert status(site) == RequestStatus.CANCELLED
    assert "The invoice is withdrawn." in page(client, site)
    assert client.post(site.url("requests/{asked}/cancel"), sent).status_code == 409


def test_a_permission_is_withdrawn(site: Site, login: Login) -> None:
    company = site.world.company
    site.world.vote(company.alice, site.asked)
    site.world.vote(company.bob, site.asked)
    with tenant_transaction(company.id):
        issue_grant(agent=site.world.agent, request_id=site.asked.pk)
    client = login(company.alice)
    answer = client.post(site.url("requests/{asked}/withdraw"), {"reason": " "})
    assert (answer.status_code, "This field is required" in answer.content.decode()) == (422, True)
    sent = {"reason": "The account was wrong."}
    assert client.post(site.url("requests/{asked}/withdraw"), sent).status_code == 302
    assert "Permission withdrawn" in page(client, site)
    assert "Withdraw the permission" not in page(client, site)


def test_a_blocked_request_says_why(site: Site, login: Login) -> None:
    made = site.world.submit(category="crm.delete")
    html = login(site.world.company.alice).get(f"/t/acme/requests/{made.public_id}/")
    assert "The category crm.delete is not known here: name one" in html.content.decode()
    assert "Why it is blocked" in html.content.decode()


def test_the_number_of_statements_does_not_grow(site: Site, login: Login) -> None:
    company = site.world.company
    client = login(company.audrey)
    counts = []
    for voter in (company.alice, company.bob):
        site.world.vote(voter, site.world.submit())
        with CaptureQueriesContext(connection) as queries:
            page(client, site)
        counts.append(len(queries))
        if voter is company.alice:
            site.world.vote(voter, site.asked)
    assert counts[0] == counts[1]


def test_the_list_filters_by_address(site: Site, login: Login) -> None:
    client = login(site.world.company.audrey)
    site.world.submit(summary="Refund Bob")
    blocked = site.world.submit(category="crm.delete", summary="Delete rows")

    def rows(query: str) -> list[str]:
        found = client.get(f"/t/acme/requests/?{query}").context["rows"]
        return [row["sentence"] for row in found]

    everything = ["Delete rows", "Refund Bob", "Pay Acme Ltd"]
    assert rows("") == everything
    assert rows("status=blocked") == ["Delete rows"]
    assert rows("category=payments.transfer") == ["Refund Bob", "Pay Acme Ltd"]
    assert rows("q=refund") == ["Refund Bob"]
    assert rows("q=Bob") == []
    assert rows(f"q={blocked.public_id}") == ["Delete rows"]
    assert rows("agent=payer&period=7") == everything
    assert rows("agent=nobody") == []
    assert rows("status=odd&period=odd&cursor=odd&q=%00") == everything


def test_the_list_takes_the_same_statements_for_one_and_three(site: Site, login: Login) -> None:
    client = login(site.world.company.audrey)
    counts = []
    for more in (0, 2):
        for _ in range(more):
            site.world.submit()
        with CaptureQueriesContext(connection) as queries:
            shown = client.get("/t/acme/requests/")
        counts.append((len(shown.context["rows"]), len(queries)))
    assert counts == [(1, counts[0][1]), (3, counts[0][1])]
