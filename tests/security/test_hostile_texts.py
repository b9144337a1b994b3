"""Hostile texts in a real Chromium: nothing runs, nothing is fetched, nothing is even tried."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.message import EmailMessage
from functools import partial
from typing import Any, cast

import pytest
from django.core import mail
from django.test import Client
from playwright.sync_api import Browser, Page, Route

from approvals.models import ActionCategory
from approvals.services.delivery import deliver_due
from approvals.services.links import make_review_link
from audit.models import Report
from audit.reports.document import gather_document
from audit.reports.kinds import KINDS
from audit.reports.reading import source_of
from audit.selectors.proofs import latest_checkpoint
from audit.services.reports import make_report, request_report
from audit.services.sequencer import sequence_tenant
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tests.approvals.world import FOUR_EYES, World, make_world
from tests.security.hostile import payloads, submission
from tests.support.committed import CommittedDatabase
from tests.support.receiver import Receiver, running_receiver

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("async_unsafe")]


@dataclass
class Seen:
    """What happened in a window."""

    runs: int = 0
    reports: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def attacker() -> Iterator[Receiver]:
    with running_receiver() as receiver:
        yield receiver


@pytest.fixture
def world(committed_db: CommittedDatabase, attacker: Receiver) -> World:
    """A company whose agent has submitted every payload, in every field, once in each display."""
    from django.db import transaction

    with transaction.atomic():
        world = make_world(FOUR_EYES)
    with tenant_transaction(world.company.id):
        ActionCategory.objects.update(payload_schema={})
    return world


def watch(page: Page, server: str) -> Seen:
    """Watch a window: requests to anybody else, scripts that run, and what the policy stops."""
    seen = Seen()

    def asked(request: Any) -> None:
        if not request.url.startswith((server, "data:", "about:")):
            seen.foreign.append(request.url)

    def said(message: Any) -> None:
        if "Content Security Policy" in message.text or "Trusted" in message.text:
            seen.reports.append(message.text)

    def ran() -> None:
        seen.runs += 1

    page.on("request", asked)
    page.on("console", said)
    page.expose_function("marked", ran)
    return seen


def look(page: Page) -> None:
    """Let happen what would happen."""
    page.wait_for_timeout(50)


def logged_in(page: Page, server: str, world: World) -> None:
    client = Client()
    client.force_login(world.company.olivia.user)
    cookie = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": server}])


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


def put_in(text: str, route: Route) -> None:
    """Answer as the server does, with the text as markup in the page."""
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text().replace("<main", f"{text}<main", 1))


def attacker_url(attacker: Receiver) -> str:
    return f"http://127.0.0.1:{attacker.port}"


def test_the_detector_sees_what_is_not_escaped(page: Page, attacker: Receiver) -> None:
    """The control: the same payloads as markup run, and fetch."""
    runs, foreign = 0, 0
    for text in payloads(attacker_url(attacker)):
        window = page.context.new_page()
        seen = watch(window, "about:")
        window.set_content(f"<!doctype html><title>x</title>{text}", wait_until="commit")
        look(window)
        window.close()
        runs, foreign = runs + bool(seen.runs), foreign + bool(seen.foreign)
    assert runs >= 10
    assert foreign >= 6


def test_the_detector_sees_what_the_policy_stops(
    page: Page, server: str, world: World, attacker: Receiver
) -> None:
    """The control: the same payloads as markup of our own page, where the policy stops scripts."""
    logged_in(page, server, world)
    seen = watch(page, server)
    address = f"{server}/t/acme/requests/"
    for text in payloads(attacker_url(attacker)):
        page.route(address, partial(put_in, text))
        page.goto(address)
        look(page)
        page.unroute(address)
    # No policy stops a refresh to elsewhere, so nothing is said here about requests.
    assert seen.runs == 0
    assert len(seen.reports) >= 10


def test_pages_show_hostile_texts_as_texts(
    page: Page, server: str, world: World, attacker: Receiver
) -> None:
    texts = payloads(attacker_url(attacker))
    requests = [world.submit(**submission(text)) for text in texts]
    logged_in(page, server, world)
    seen = watch(page, server)
    kinds = ("fields", "money", "email", "sql", "http", "diff")
    for number, request in enumerate(requests):
        with tenant_transaction(world.company.id):
            ActionCategory.objects.update(display={"kind": kinds[number % len(kinds)]})
        page.goto(f"{server}/t/acme/requests/{request.public_id}/")
        assert request.public_id in page.title()
        look(page)
    with tenant_transaction(world.company.id):
        link = make_review_link(request=requests[1], member=world.company.alice)
    for path in ("/t/acme/requests/", "/t/acme/inbox/?tab=all", "/t/acme/audit/"):
        page.goto(server + path)
        look(page)
    page.goto(f"{server}/l/{link.rsplit('/', 1)[1]}")
    look(page)
    assert (seen, len(attacker.received)) == (Seen(), 0)


def test_mails_show_them_as_texts(
    page: Page, server: str, world: World, attacker: Receiver
) -> None:
    mail.outbox.clear()
    texts = payloads(attacker_url(attacker))
    for text in texts:
        world.submit(**submission(text))
    while deliver_due(grace=timedelta(0)):
        pass
    bodies = [html_part(each.message()) for each in mail.outbox]
    assert len(bodies) == 2 * len(texts)
    seen = watch(page, server)
    for body in bodies:
        page.goto("about:blank")
        # A mail reader has no policy of ours: escaping alone has to do.
        page.set_content(body, wait_until="load")
        look(page)
    assert (seen, len(attacker.received)) == (Seen(), 0)


def test_the_report_is_made_of_texts(
    page: Page,
    server: str,
    world: World,
    attacker: Receiver,
    committed_db: CommittedDatabase,
) -> None:
    """The markup that the PDF is printed from, and the PDF itself."""
    for text in payloads(attacker_url(attacker)):
        world.submit(**submission(text))
    while sequence_tenant(tenant_id=world.company.id):
        pass
    with tenant_transaction(world.company.id):
        end = clock.now()
        report = request_report(
            actor=world.company.carl.as_actor(),
            period_start=end - timedelta(days=7),
            period_end=end,
        )
        checkpoint = latest_checkpoint()
        assert checkpoint is not None
        report.ledger_size = checkpoint.size
        source = replace(
            source_of(checkpoint.size), start=report.period_start, end=report.period_end
        )
        html = gather_document(KINDS[report.kind], source).html(stylesheet="none.css")
    seen = watch(page, server)
    page.goto("about:blank")
    page.set_content(html, wait_until="load")
    look(page)
    seen.foreign = [url for url in seen.foreign if url.startswith(attacker_url(attacker))]
    assert (seen, len(attacker.received)) == (Seen(), 0)
    # The browser holds this thread's event loop, and signing wants one of its own.
    make = partial(make_report, tenant_id=world.company.id, report_id=report.pk)
    assert committed_db.at_once([make]) == [None]
    with tenant_transaction(world.company.id):
        made = Report.objects.get(pk=report.pk)
    assert (made.status, made.failure) == ("ready", "")
    printed = bytes(made.content or b"")
    assert [word for word in (b"/JavaScript", b"/Launch", b"/SubmitForm") if word in printed] == []
    assert attacker.received == []


def html_part(message: Any) -> str:
    part = cast("EmailMessage", message)
    found = next(each for each in part.walk() if each.get_content_type() == "text/html")
    body = found.get_payload(decode=True)
    assert isinstance(body, bytes)
    return body.decode()
