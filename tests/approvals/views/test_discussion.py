"""The discussion on a request's page, without scripts."""

import pytest

from approvals.models import Comment
from govapp.common.tenancy import tenant_transaction
from tests.approvals.views.conftest import Login, Site

pytestmark = pytest.mark.django_db
URL = "requests/{asked}/comments"


def texts(site: Site) -> list[tuple[str, str]]:
    with tenant_transaction(site.world.company.id):
        return [(each.kind, each.text) for each in Comment.objects.order_by("created_at", "id")]


def test_a_comment_is_added_and_shown(site: Site, login: Login) -> None:
    client = login(site.world.company.alice)
    sent = {"text": "Fine <b>by</b> me\u202e", "to": "people", "mention": ""}
    answer = client.post(site.url(URL), sent)
    assert (answer.status_code, answer["Location"]) == (
        302,
        site.url("requests/{asked}/") + "#discussion",
    )
    html = client.get(site.url("requests/{asked}/")).content.decode()
    assert "Your comment is added." in html
    assert "Fine &lt;b&gt;by&lt;/b&gt; me" in html
    assert "\u202e" not in html


def test_a_question_is_asked_and_answered_by_the_owner(site: Site, login: Login) -> None:
    company = site.world.company
    client = login(company.alice)
    client.post(site.url(URL), {"text": "Why today?", "to": "owner"})
    html = client.get(site.url("requests/{asked}/")).content.decode()
    assert "Not answered yet." in html
    assert "Your answer" not in html
    with tenant_transaction(company.id):
        question = Comment.objects.get()
        owner = site.world.agent.owner
        login_owner = login(owner)
    html = login_owner.get(site.url("requests/{asked}/")).content.decode()
    assert "Your answer" in html
    sent = {"text": "It is due.", "to": "answer", "answers": question.public_id}
    assert login_owner.post(site.url(URL), sent).status_code == 302
    assert texts(site) == [("question", "Why today?"), ("answer", "It is due.")]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"text": " ", "to": "people"}, 422),
        ({"text": "x", "to": "everybody"}, 422),
        ({"text": "x", "to": "people", "mention": "mem_0"}, 422),
        ({"text": "x" * 4001, "to": "people"}, 422),
        ({"text": "x", "to": "answer", "answers": "cm_0"}, 422),
        ({}, 422),
    ],
)
def test_what_cannot_be_added_is_said_and_kept(
    site: Site, login: Login, sent: dict[str, str], status: int
) -> None:
    answer = login(site.world.company.alice).post(site.url(URL), sent)
    assert answer.status_code == status
    assert texts(site) == []


def test_an_auditor_reads_and_says_nothing(site: Site, login: Login) -> None:
    login(site.world.company.alice).post(site.url(URL), {"text": "Seen.", "to": "people"})
    client = login(site.world.company.audrey)
    html = client.get(site.url("requests/{asked}/")).content.decode()
    assert "Seen." in html
    assert "Say or ask something" not in html
    assert client.post(site.url(URL), {"text": "I", "to": "people"}).status_code == 403
    assert client.get(site.url(URL)).status_code == 302
    assert texts(site) == [("comment", "Seen.")]
