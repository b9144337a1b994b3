"""Deciding for somebody who is away, on the pages."""

import itertools
from datetime import timedelta

import pytest
from django.test import Client

from approvals.models import ActionRequest, Vote
from approvals.selectors.approvers import standing_of
from approvals.selectors.inbox import decidable_by
from approvals.services.links import make_review_link
from govapp.common.errors import Forbidden
from govapp.common.tenancy import tenant_transaction
from tenants.models import Absence, Membership
from tenants.services.people import set_manager
from tests.approvals.services.test_stand_ins import away
from tests.approvals.views.conftest import Login, Site, be_low_risk, field
from tests.approvals.world import World, add_approver, make_world, policy, stage

pytestmark = pytest.mark.django_db


def cast(site: Site) -> list[tuple[str, str]]:
    with tenant_transaction(site.world.company.id):
        rows = Vote.objects.select_related("member__user", "stands_for__user").order_by("cast_at")
        return [
            (row.member.user.name, row.stands_for.user.name if row.stands_for else "")
            for row in rows
        ]


def vote(client: Client, site: Site, member: Membership | None, verdict: str = "approve") -> int:
    page = client.get(site.url("requests/{asked}/")).content.decode()
    sent = {"seen": field(page, "seen"), "verdict": verdict, "reason": "No."}
    sent |= {"stands_for": member.public_id} if member else {}
    return client.post(site.url("requests/{asked}/vote"), sent).status_code


def test_the_page_says_for_whom_it_is(site: Site, login: Login) -> None:
    company = site.world.company
    away(site.world, company.alice, company.charlie)
    page = login(company.charlie).get(site.url("requests/{asked}/")).content.decode()
    assert "You decide <strong>for Alice</strong>, who is away until" in page
    assert field(page, "stands_for") == company.alice.public_id
    assert vote(login(company.charlie), site, company.alice) == 302
    assert cast(site) == [("Charlie", "Alice")]


def test_who_has_a_seat_too_chooses(site: Site, login: Login) -> None:
    company = site.world.company
    away(site.world, company.alice, company.bob)
    page = login(company.bob).get(site.url("requests/{asked}/")).content.decode()
    assert page.count('type="radio" name="stands_for"') == 2
    assert "In my own name" in page
    assert f'value="{company.bob.public_id}" required checked' in page
    assert vote(login(company.bob), site, company.alice) == 302
    assert cast(site) == [("Bob", "Alice")]


def test_a_vote_in_the_own_name_stays_in_the_own_name(site: Site, login: Login) -> None:
    company = site.world.company
    away(site.world, company.alice, company.bob)
    assert vote(login(company.bob), site, company.bob) == 302
    assert cast(site) == [("Bob", "")]


def test_a_vote_for_somebody_else_is_refused(site: Site, login: Login) -> None:
    company = site.world.company
    away(site.world, company.alice, company.charlie)
    assert vote(login(company.bob), site, company.alice) == 403
    assert vote(login(company.bob), site, company.charlie) == 403
    client = login(company.bob)
    sent = {"seen": field(client.get(site.url("requests/{asked}/")).content.decode(), "seen"),
            "verdict": "approve", "stands_for": "mem_nobody"}  # fmt: skip
    assert client.post(site.url("requests/{asked}/vote"), sent).status_code == 404
    assert cast(site) == []


def test_the_timeline_and_what_is_missing_name_both(site: Site, login: Login) -> None:
    company = site.world.company
    away(site.world, company.alice, company.charlie)
    shown = login(company.carl).get(site.url("requests/{asked}/")).context["page"]
    assert shown.demands[0].people == ("Bob", "Charlie for Alice")
    site.world.vote(company.charlie, site.asked)
    shown = login(company.carl).get(site.url("requests/{asked}/")).context["page"]
    assert "Charlie for Alice approved" in [moment.title for moment in shown.timeline]


def test_the_one_who_is_away_is_told_that_their_word_is_given(site: Site, login: Login) -> None:
    company = site.world.company
    away(site.world, company.alice, company.charlie)
    site.world.vote(company.charlie, site.asked)
    shown = login(company.alice).get(site.url("requests/{asked}/")).context["page"].standing
    assert (shown.may_vote, shown.why) == (False, "Charlie has voted on this request for you.")


def test_the_inbox_of_a_stand_in_says_for_whom(site: Site, login: Login) -> None:
    company = site.world.company
    be_low_risk(site.world)
    away(site.world, company.alice, company.charlie)
    client = login(company.charlie)
    answer = client.get(site.url("inbox/"))
    (row,) = answer.context["rows"]
    assert (row["for_names"], row["stands_for"]) == ("Alice", company.alice.public_id)
    page = answer.content.decode()
    assert "as stand-in for Alice" in page
    sent = {"seen": row["seen"], "verdict": "approve", "stands_for": row["stands_for"]}
    client.post(row["vote_url"], sent)
    assert cast(site) == [("Charlie", "Alice")]
    assert client.get(site.url("inbox/")).context["rows"] == []


def test_the_inbox_leaves_a_choice_to_the_page(site: Site, login: Login) -> None:
    company = site.world.company
    be_low_risk(site.world)
    away(site.world, company.alice, company.bob)
    (row,) = login(company.bob).get(site.url("inbox/")).context["rows"]
    assert (row["for_names"], row["review_only"], row["selectable"]) == ("", True, False)


def test_several_are_decided_together_for_who_is_away(site: Site, login: Login) -> None:
    company = site.world.company
    be_low_risk(site.world)
    away(site.world, company.alice, company.charlie)
    again = site.world.submit()
    client, path = login(company.charlie), site.url("inbox/decide")
    ids = [site.asked.public_id, again.public_id]
    page = client.post(path, {"id": ids, "verdict": "approve"}).content.decode()
    assert page.count("as stand-in for Alice") == 2
    seen = {f"seen_{each}": field(page, f"seen_{each}") for each in ids}
    client.post(path, {"id": ids, "verdict": "approve", "confirm": "yes", **seen})
    assert cast(site) == [("Charlie", "Alice")] * 2


def test_a_link_decides_for_who_is_away(site: Site) -> None:
    company = site.world.company
    be_low_risk(site.world, link_voting=True)
    away(site.world, company.alice, company.charlie)
    with tenant_transaction(company.id):
        asked = ActionRequest.objects.get(pk=site.asked.pk)
        path = make_review_link(request=asked, member=company.charlie).partition("/l/")[2]
    page = Client().get(f"/l/{path}").content.decode()
    assert "You decide <strong>for Alice</strong>" in page
    sent = {"seen": field(page, "seen"), "stands_for": field(page, "stands_for"),
            "verdict": "approve"}  # fmt: skip
    assert Client().post(f"/l/{path}", sent).status_code == 200
    assert cast(site) == [("Charlie", "Alice")]


def test_the_inbox_agrees_with_the_standing_of_everybody() -> None:
    """In every mixture of absences, seats, sides and votes."""
    world = make_world(
        policy(one=[stage("finance", "risk")], two=[stage("managers", deadline="2h")])
    )
    company = world.company
    with tenant_transaction(company.id):
        dora = add_approver(company, company.finance, "dora")
    people = [company.alice, company.bob, company.charlie, dora, company.olivia]
    requests = [world.submit(), world.submit(on_behalf_of="bob@acme.example"), world.submit()]
    world.vote(company.alice, requests[2])
    for first, second in itertools.permutations(people[:4], 2):
        one = away(world, first, second)
        two = away(world, second, next(each for each in people if each not in (first, second)))
        disagreeing = _disagreements(world, people, requests)
        _forget(world, two)
        disagreeing += _disagreements(world, people, requests)
        _forget(world, one)
        assert disagreeing == []


def _disagreements(
    world: World, people: list[Membership], requests: list[ActionRequest]
) -> list[tuple[str, int]]:
    found = []
    with tenant_transaction(world.company.id):
        for member in people:
            waiting = set(decidable_by(member).values_list("pk", flat=True))
            for number, each in enumerate(requests):
                fresh = ActionRequest.objects.select_related("agent").get(pk=each.pk)
                if standing_of(fresh, member).may_vote != (each.pk in waiting):
                    found.append((member.user.name, number))
    return found


def _forget(world: World, absence: Absence) -> None:
    with tenant_transaction(world.company.id):
        absence.cancelled_at = absence.created_at + timedelta(seconds=1)
        absence.save(update_fields=["cancelled_at"])


def test_whom_a_seat_leaves_out_does_not_fill_it_for_another() -> None:
    world = make_world(policy(stage({"group": "finance", "but": [{"group": "risk"}]})))
    company = world.company
    away(world, company.alice, company.bob)
    request = world.submit()
    assert _disagreements(world, [company.alice, company.bob], [request]) == []
    with pytest.raises(Forbidden):
        world.vote(company.bob, request)
    with tenant_transaction(company.id):
        Absence.objects.update(cancelled_at=request.submitted_at)
    away(world, company.alice, company.charlie)
    assert _disagreements(world, [company.alice, company.charlie], [request]) == []
    assert not world.vote(company.charlie, request).is_pending


def test_a_stand_in_speaks_as_manager_of_the_agents_owner() -> None:
    world = make_world(policy(stage({"manager": "agent_owner"})))
    company = world.company
    with tenant_transaction(company.id):
        set_manager(actor=company.olivia, member=company.olivia, manager=company.alice)
    away(world, company.alice, company.bob)
    request = world.submit()
    assert _disagreements(world, [company.alice, company.bob], [request]) == []
    assert not world.vote(company.bob, request).is_pending
