"""What mail gateways, previews and browsers do with a link before a person does: nothing."""

import re

import pytest
from django.test import Client

from approvals.models import ActionRequest, Notification, ReviewLink, Vote
from approvals.services.messages import compose
from approvals.transports.email import render_html, render_text
from audit.models import LedgerEvent
from govapp.common.tenancy import tenant_transaction
from tests.approvals.views.conftest import be_low_risk
from tests.approvals.world import World, make_world, policy, stage

pytestmark = pytest.mark.django_db

SCANNERS = {
    "gateway": {"HTTP_USER_AGENT": "Mozilla/5.0 (compatible; SafeLinks)"},
    "prefetch": {"HTTP_PURPOSE": "prefetch", "HTTP_SEC_PURPOSE": "prefetch;prerender"},
    "preview": {"HTTP_USER_AGENT": "Slackbot-LinkExpanding 1.0", "HTTP_RANGE": "bytes=0-32768"},
    "stripped": {"HTTP_ACCEPT": "*/*", "HTTP_COOKIE": ""},
}


@pytest.fixture
def world(db: None) -> World:
    """A company where one press of one person on a link would decide."""
    made = make_world(policy(stage("finance")))
    be_low_risk(made, link_voting=True)
    return made


def links_of(world: World) -> list[str]:
    """Return every address in Alice's mail, from both of its forms, as paths."""
    with tenant_transaction(world.company.id):
        row = Notification.objects.select_related("member__user", "request").get(kind="requested")
        message = compose(row)
    text, html = render_text(message), render_html(message)
    found = re.findall(r"https?://[^/\s\"]+(/[^\s\"<]*)", f"{text} {html}")
    return sorted({url.replace("&amp;", "&") for url in found})


def state(world: World) -> tuple[object, ...]:
    with tenant_transaction(world.company.id):
        request = ActionRequest.objects.get()
        return (
            request.status,
            request.version,
            Vote.objects.count(),
            ReviewLink.objects.filter(used_at__isnull=False).count(),
            LedgerEvent.objects.count(),
        )


@pytest.mark.parametrize("scanner", SCANNERS)
@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_following_every_link_of_a_mail_decides_nothing(
    world: World, scanner: str, method: str
) -> None:
    world.submit()
    links = links_of(world)
    assert [url for url in links if "choice=" in url] != []
    before, client = state(world), Client(headers={})
    for url in links * 3:
        getattr(client, method)(url, follow=True, **SCANNERS[scanner])
    assert state(world) == before


def test_a_scanner_that_posts_what_it_finds_has_no_say(world: World) -> None:
    """Without the token of the form and the seal of what was read: refused."""
    world.submit()
    before, client = state(world), Client(enforce_csrf_checks=True)
    for url in links_of(world):
        for sent in ({}, {"verdict": "approve"}, {"choice": "approve", "verdict": "deny"}):
            assert client.post(url, sent).status_code in (302, 403, 405)
    # Who was refused may be recorded; nothing else is different.
    assert state(world)[:-1] == before[:-1]


def test_afterwards_the_person_still_decides(world: World) -> None:
    world.submit()
    (link,) = {url.partition("?")[0] for url in links_of(world) if url.startswith("/l/")}
    scanner, alice = Client(), Client()
    for _ in range(5):
        scanner.get(f"{link}?choice=deny")
    seen = re.search(r'name="seen" value="([^"]+)"', alice.get(link).content.decode())
    assert seen is not None
    alice.post(link, {"seen": seen[1], "verdict": "approve"})
    assert state(world)[0] == "approved"
