"""The company's own words in messages, their preview, and the list of what was sent."""

from typing import Any, Final

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.enums import DeliveryStatus, HeldFor, NotificationKind
from approvals.models import MessageTemplate, Notification
from approvals.services.message_templates import save_template
from approvals.services.messages import compose
from audit.models import LedgerEvent
from govapp.common.errors import Invalid
from govapp.common.tenancy import tenant_transaction
from tests.approvals.views.office import Codes, log_in
from tests.approvals.world import FOUR_EYES, World, make_world
from tests.support.recorded import read

pytestmark = pytest.mark.django_db

# Pages that show:        owner, compliance, approver, auditor
GET: Final[dict[str, Codes]] = {
    "": (200, 200, 403, 200),
    "requested/": (200, 200, 403, 200),
    "requested/preview": (200, 200, 403, 200),
    "sent/": (200, 200, 403, 200),
    "nothing/": (404, 404, 404, 404),
}
WORDS: Final = {
    "subject": "{company}: {summary}",
    "opening": "Dear {name},\nplease look at this.",
    "closing": "Treasury, extension 4410",
}


@pytest.fixture
def world(db: None) -> World:
    return make_world(FOUR_EYES)


def people(world: World) -> list[Any]:
    company = world.company
    return [company.olivia, company.carl, company.alice, company.audrey]


def url(path: str) -> str:
    return f"/t/acme/settings/messages/{path}"


def events(world: World) -> list[LedgerEvent]:
    with tenant_transaction(world.company.id):
        return list(LedgerEvent.objects.filter(type="message_template.changed").order_by("id"))


@pytest.mark.parametrize("path", GET)
def test_who_may_read(world: World, path: str) -> None:
    found = tuple(log_in(member).get(url(path)).status_code for member in people(world))
    assert found == GET[path]


def test_only_owners_write(world: World) -> None:
    found = [log_in(each).post(url("requested/"), WORDS).status_code for each in people(world)]
    assert found == [302, 403, 403, 403]
    (event,) = events(world)
    data = read(event)["data"]
    assert data["after"] == WORDS
    assert data["before"] == {"subject": "", "opening": "", "closing": ""}


def test_the_words_stand_around_ours_with_their_gaps_filled(world: World) -> None:
    log_in(world.company.olivia).post(url("requested/"), WORDS)
    world.submit(summary="Pay {agent}")
    with tenant_transaction(world.company.id):
        row = Notification.objects.select_related("member__user", "request").get(
            kind="requested", member=world.company.alice
        )
        message = compose(row)
    assert (message.title, message.heading) == ("Acme: Pay {agent}", "Pay {agent}")
    assert message.opening == "Dear Alice,\nplease look at this."
    assert message.closing == "Treasury, extension 4410"
    assert [link.role for link in message.links] == ["approve", "deny", "open", "settings"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"subject": "{password}"}, "There is no gap {password}."),
        ({"opening": "{summary"}, "A brace is open"),
        ({"closing": "to \u202elmth.live"}, "characters that nobody sees"),
        ({"subject": "x" * 201}, "at most 200 characters"),
    ],
)
def test_words_that_cannot_be_sent_are_refused_at_their_field(
    world: World, change: dict[str, str], said: str
) -> None:
    client = log_in(world.company.olivia)
    answer = client.post(url("requested/"), WORDS | change)
    assert (answer.status_code, said in answer.content.decode()) == (422, True)
    looked = client.post(url("requested/preview"), WORDS | change)
    assert (looked.status_code, said in looked.content.decode()) == (422, True)
    assert events(world) == []


def test_the_service_refuses_what_no_form_would_send(world: World) -> None:
    with tenant_transaction(world.company.id), pytest.raises(Invalid) as refused:
        save_template(
            actor=world.company.olivia,
            kind=NotificationKind.DECIDED,
            subject="a\x00b {x}",
            opening="y" * 2001,
            closing="",
        )
    assert [error.pointer for error in refused.value.errors] == [
        "/subject", "/subject", "/opening",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", NotificationKind)
def test_every_kind_can_be_looked_at(world: World, kind: str) -> None:
    client = log_in(world.company.olivia)
    answer = client.post(url(f"{kind}/preview"), WORDS)
    page = answer.content.decode()
    assert "Dear Olivia,\nplease look at this." in page
    assert "Pay EUR 4,200.00 to Nordwind Logistics" in page
    assert client.get(url(f"{kind}/")).status_code == 200
    with tenant_transaction(world.company.id):
        assert MessageTemplate.objects.count() == 0


def test_the_preview_may_be_framed_by_us_and_do_nothing(world: World) -> None:
    client = log_in(world.company.olivia)
    answer = client.post(url("requested/preview"), WORDS | {"opening": "<script>x</script>"})
    assert "&lt;script&gt;x" in answer.content.decode()
    policy = answer["Content-Security-Policy"]
    parts = {part.split()[0]: part.split()[1:] for part in policy.split(";") if part.strip()}
    assert (parts["script-src"], parts["sandbox"], parts["form-action"]) == (
        ["'none'"], [], ["'none'"],
    )  # fmt: skip
    assert parts["frame-ancestors"] == ["'self'"]
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    page = client.get(url("requested/"))
    assert "frame-src 'self'" in page["Content-Security-Policy"]
    assert page["X-Frame-Options"] == "DENY"


def settle(world: World, name: str, **fields: Any) -> Notification:
    with tenant_transaction(world.company.id):
        rows = Notification.objects.filter(member__user__name=name)
        rows.update(**fields)
        return rows.get()


def test_the_list_and_the_request_say_what_became_of_each_message(world: World) -> None:
    request = world.submit()
    failed = settle(world, "Alice", status=DeliveryStatus.FAILED, last_error="No such user.")
    settle(world, "Bob", held_for=HeldFor.QUIET_HOURS)
    with tenant_transaction(world.company.id):
        Notification.objects.create(
            request=request, member=world.company.alice, kind="requested", channel="slack",
            dedup_key=failed.dedup_key, instead_of=failed,
        )  # fmt: skip
    client = log_in(world.company.olivia)
    for page in (url("sent/"), f"/t/acme/requests/{request.public_id}/"):
        text = client.get(page).content.decode()
        assert "No such user. Went on by Slack." in text
        assert "waits for the end of quiet hours" in text
    assert "Went on by Slack" in client.get(url("sent/?state=failed")).content.decode()
    assert "Went on by Slack" not in client.get(url("sent/?state=sent")).content.decode()


def test_the_list_costs_the_same_for_many(world: World) -> None:
    client, counts = log_in(world.company.olivia), []
    for _ in range(2):
        for _ in range(2):
            world.submit()
        settle_all(world)
        with CaptureQueriesContext(connection) as seen:
            client.get(url("sent/"))
        counts.append(len(seen))
    assert counts[0] == counts[1]


def settle_all(world: World) -> None:
    with tenant_transaction(world.company.id):
        Notification.objects.update(status=DeliveryStatus.FAILED)


def test_pages_of_another_company_stay_its_own(world: World) -> None:
    other = make_world(FOUR_EYES, slug="globex")
    log_in(world.company.olivia).post(url("requested/"), WORDS)
    page = log_in(other.company.olivia).get("/t/globex/settings/messages/requested/")
    assert "extension 4410" not in page.content.decode()
    assert log_in(other.company.olivia).get(url("requested/")).status_code == 404
