"""The pages of an emergency: approving alone, its mark, its review."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from approvals.ballots import sign_seen
from approvals.models import ActionRequest, BreakGlassReview, Vote
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tenants.models import Membership
from tenants.services.tenants import update_settings
from tests.approvals.documents import asks, rules
from tests.approvals.emergencies import WHY, in_emergency, may_act_alone
from tests.approvals.views.conftest import Login, Site, field
from tests.conftest import MoveClock
from tests.support.authenticator import App
from tests.support.passkey import HOST, Passkey

pytestmark = pytest.mark.django_db

SUMMARY = "Approve alone, in an emergency"
LOOKED = "The call log shows that nobody could be reached."


def text_of(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def seen_by(site: Site, member: Membership) -> str:
    with tenant_transaction(site.world.company.id):
        request = ActionRequest.objects.get(pk=site.asked.pk)
        return sign_seen(request, reader=member.public_id, now=clock.now())


def review_of(site: Site, member: Membership) -> BreakGlassReview:
    return in_emergency(site.world, member)


def test_only_whoever_has_the_right_is_offered_it(site: Site, login: Login) -> None:
    company = site.world.company
    may_act_alone(site.world, company.charlie)
    url = site.url("requests/{asked}/")
    assert SUMMARY in text_of(login(company.charlie), url)
    for member in (company.alice, company.olivia, company.carl, company.audrey):
        assert SUMMARY not in text_of(login(member), url)


def test_without_a_second_factor_it_shows_the_way_to_one(site: Site, login: Login) -> None:
    charlie = site.world.company.charlie
    may_act_alone(site.world, charlie)
    text = text_of(login(charlie), site.url("requests/{asked}/"))
    assert "Set up a second factor first" in text
    assert 'id="glass_reason"' not in text


def test_approving_alone_by_hand(site: Site, login: Login) -> None:
    company, charlie = site.world.company, site.world.company.charlie
    may_act_alone(site.world, charlie)
    client, app = login(charlie), App(charlie)
    url = site.url("requests/{asked}/break-glass")
    sent = {"seen": seen_by(site, charlie), "reason": WHY, "act": "break_glass"}
    answer = client.post(url, sent | {"reason": "too short", "code": app.code()})
    assert answer.status_code == 422
    assert "at least 20 characters" in answer.content.decode()
    answer = client.post(url, sent)
    assert answer.status_code == 422
    assert "Enter the code that your authenticator app shows now." in answer.content.decode()
    assert WHY in answer.content.decode()
    answer = client.post(url, sent | {"code": app.code()})
    assert answer.status_code == 302
    text = text_of(client, site.url("requests/{asked}/"))
    assert "Approved in an emergency" in text
    assert "Somebody else has to review it until" in text
    assert "Charlie approved alone, in an emergency" in text
    assert 'class="badge badge--bad"' in text
    with tenant_transaction(company.id):
        assert Vote.objects.get().seconds_viewed is not None
    for path in ("requests/", "inbox/?tab=decided"):
        assert "Emergency" in text_of(client, site.url(path))
    assert "Review it" in text_of(login(company.carl), site.url("requests/{asked}/"))
    assert "See the review" in text_of(login(company.olivia), site.url("requests/{asked}/"))
    assert "reviews/bgr_" not in text_of(login(company.alice), site.url("requests/{asked}/"))


def test_whoever_may_not_is_told_why(site: Site, login: Login) -> None:
    alice = site.world.company.alice
    answer = login(alice).post(
        site.url("requests/{asked}/break-glass"),
        {"seen": seen_by(site, alice), "reason": WHY, "code": App(alice).code()},
    )
    assert answer.status_code == 403
    assert "not been given the right" in answer.content.decode()


def test_a_get_decides_nothing(site: Site, login: Login) -> None:
    charlie = site.world.company.charlie
    may_act_alone(site.world, charlie)
    assert login(charlie).get(site.url("requests/{asked}/break-glass")).status_code == 302
    assert login(charlie).get(site.url("requests/{asked}/passkey")).status_code == 405
    with tenant_transaction(site.world.company.id):
        assert ActionRequest.objects.get(pk=site.asked.pk).status == "pending"


# Passkeys


def ask(client: Client, site: Site, **sent: str) -> Any:
    return client.post(site.url("requests/{asked}/passkey"), sent, headers={"Host": HOST})


def test_a_vote_with_a_passkey(site: Site, login: Login) -> None:
    site.world.publish(rules(asks("payments", obligations={"step_up": True})))
    site = replace(site, asked=site.world.submit())
    alice = site.world.company.alice
    client, passkey = login(alice), Passkey(alice)
    text = text_of(client, site.url("requests/{asked}/"))
    assert 'name="passkey"' in text
    assert 'name="code"' not in text
    seen = field(text, "seen")
    asked = ask(client, site, seen=seen, act="deny")
    vote = site.url("requests/{asked}/vote")
    sent = {"seen": seen, "verdict": "approve", "passkey": passkey.answer(asked.json())}
    answer = client.post(vote, sent, headers={"Host": HOST})
    assert answer.status_code == 422
    assert "The passkey was asked for something else. Try again." in answer.content.decode()
    asked = ask(client, site, seen=seen, act="approve")
    sent["passkey"] = passkey.answer(asked.json())
    assert client.post(vote, sent, headers={"Host": HOST}).status_code == 302
    with tenant_transaction(site.world.company.id):
        assert Vote.objects.get().right["second_factor"] == "passkey"


def test_both_factors_are_offered_to_whoever_has_both(site: Site, login: Login) -> None:
    site.world.publish(rules(asks("payments", obligations={"step_up": True})))
    site = replace(site, asked=site.world.submit())
    alice = site.world.company.alice
    Passkey(alice)
    App(alice)
    text = text_of(login(alice), site.url("requests/{asked}/"))
    assert 'name="passkey"' in text
    assert "(instead of your passkey)" in text


def test_asking_needs_a_form_of_ones_own(site: Site, login: Login) -> None:
    company = site.world.company
    Passkey(company.alice)
    client = login(company.alice)
    assert ask(client, site, seen=seen_by(site, company.bob), act="approve").status_code == 412
    assert ask(client, site, seen="x", act="approve").status_code == 412
    assert ask(client, site, seen=seen_by(site, company.alice), act="x").status_code == 422
    answer = ask(login(company.bob), site, seen=seen_by(site, company.bob), act="approve")
    assert answer.status_code == 403
    assert json.loads(answer.content)["detail"].startswith("This needs a passkey")


# Reading


def test_a_refusal_begins_no_new_reading(site: Site, login: Login, move_clock: MoveClock) -> None:
    company, alice = site.world.company, site.world.company.alice
    with tenant_transaction(company.id):
        update_settings(actor=company.olivia, tenant=company.tenant, reading_seconds=60)
    client = login(alice)
    text = text_of(client, site.url("requests/{asked}/"))
    assert "High risk is looked at for 60 seconds before it is approved" in text
    seen = field(text, "seen")
    url = site.url("requests/{asked}/vote")
    answer = client.post(url, {"seen": seen, "verdict": "approve"})
    assert answer.status_code == 409
    assert "Look at it for 60 seconds" in answer.content.decode()
    move_clock(timedelta(seconds=61))
    again = field(answer.content.decode(), "seen")
    assert client.post(url, {"seen": again, "verdict": "approve"}).status_code == 302


# Reviews


def test_the_list_shows_what_waits_and_what_was_reviewed(
    site: Site, login: Login, move_clock: MoveClock
) -> None:
    company = site.world.company
    assert "Nothing waits for a review" in text_of(login(company.carl), site.url("reviews/"))
    review = review_of(site, company.charlie)
    text = text_of(login(company.carl), site.url("reviews/"))
    assert (WHY in text, "Charlie" in text) == (True, True)
    assert "You own this agent" in text_of(login(company.olivia), site.url("reviews/"))
    assert login(company.alice).get(site.url("reviews/")).status_code == 403
    move_clock(timedelta(days=4))
    url = site.url(f"requests/{review.request.public_id}/")
    assert "overdue" in text_of(login(company.carl), url)
    client = login(company.carl)
    answer = client.post(
        site.url(f"reviews/{review.public_id}/"), {"outcome": "not_justified", "remark": LOOKED}
    )
    assert answer.status_code == 302
    text = text_of(client, site.url("reviews/"))
    assert ("Nothing waits for a review" in text, "Not justified" in text) == (True, True)
    assert LOOKED in text_of(client, url)


@pytest.mark.parametrize(
    ("who", "status"), [("carl", 302), ("olivia", 403), ("audrey", 403), ("alice", 403)]
)
def test_who_may_record_a_review(site: Site, login: Login, who: str, status: int) -> None:
    review = review_of(site, site.world.company.charlie)
    url = site.url(f"reviews/{review.public_id}/")
    client = login(getattr(site.world.company, who))
    sent = {"outcome": "justified", "remark": LOOKED}
    assert client.post(url, sent).status_code == status


def test_what_is_refused_is_said_and_kept(site: Site, login: Login) -> None:
    company = site.world.company
    review = review_of(site, company.charlie)
    url, client = site.url(f"reviews/{review.public_id}/"), login(company.carl)
    assert client.post(url, {"outcome": "justified", "remark": ""}).status_code == 422
    assert client.post(url, {"outcome": "fine", "remark": LOOKED}).status_code == 422
    assert client.post(url, {"outcome": "justified", "remark": LOOKED}).status_code == 302
    answer = client.post(url, {"outcome": "not_justified", "remark": "On second thoughts"})
    assert answer.status_code == 409
    assert "Carl has reviewed it" in answer.content.decode()


def test_the_list_costs_the_same_for_many(site: Site, login: Login) -> None:
    company = site.world.company
    review_of(site, company.charlie)
    client = login(company.carl)

    def statements() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(site.url("reviews/")).status_code == 200
        return len(seen)

    statements()
    one = statements()
    for number, request in enumerate(site.world.submit() for _ in range(4)):
        with tenant_transaction(company.id):
            now = clock.now()
            made = BreakGlassReview.objects.create(
                request=request, member=company.bob, reason=WHY, opened_at=now, due_at=now
            )
            if number % 2:
                made.reviewer, made.reviewed_at, made.outcome = company.carl, now, "justified"
                made.save()
    assert statements() == one


# The right


def test_the_right_is_given_and_taken_on_the_page_of_the_category(site: Site, login: Login) -> None:
    company = site.world.company
    client = login(company.carl)
    page, give = site.url("categories/{category}/"), site.url("categories/{category}/give")
    assert "What the rules ask for is all there is." in text_of(client, page)
    sent = {"to": "group:risk", "right": "alone"}
    assert client.post(give, sent).status_code == 302
    sent = {"to": f"member:{company.charlie.public_id}", "right": "alone"}
    assert client.post(give, sent).status_code == 302
    text = text_of(client, page)
    assert text.count("to approve alone from") == 2
    assert SUMMARY in text_of(login(company.charlie), site.url("requests/{asked}/"))
    assert client.post(give, {"to": "", "right": "alone"}).status_code == 422
    take = {"of": f"member:{company.charlie.public_id}", "right": "alone"}
    assert client.post(site.url("categories/{category}/take"), take).status_code == 302
    assert SUMMARY not in text_of(login(company.charlie), site.url("requests/{asked}/"))
    # The right to approve by vote is another one, and is still there.
    assert "Your decision" in text_of(login(company.bob), site.url("requests/{asked}/"))
    assert login(company.alice).post(give, sent).status_code == 403
