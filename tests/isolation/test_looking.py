"""Looking changes nothing and shows nothing of others; what is taken out is of one tenant."""

import re

import pytest
from django.test import Client

from approvals.services.contacts import stop_url
from audit.services.directory import grow_directory
from tests.isolation.addresses import GAPS, PUBLIC, agent_routes, all_routes, tenant_routes
from tests.isolation.asking import Marks, as_agent, as_member, ask
from tests.isolation.lives import Life

# Taking a proof or the costs away is recorded, as every export is; only the record changes by it.
RECORDED = {
    "t/<slug:slug>/audit/events/<str:event>/proof", "t/<slug:slug>/budgets/costs.csv",
}  # fmt: skip
RECORD = {
    "audit_ledgerdisclosure",
    "audit_ledgerevent",
    "audit_ledgerqueueitem",
    "audit_ledgersubject",
}


@pytest.mark.parametrize("who", ["olivia", "carl", "alice", "audrey"])
def test_looking_changes_nothing_and_shows_nothing_of_others(
    acme: Life, marks: Marks, who: str
) -> None:
    client = as_member(getattr(acme.company, who))
    before = marks()
    shown = 0
    for route in tenant_routes():
        path = route.fill(acme)
        for verb in ("GET", "HEAD"):
            status, _, body = ask(client, verb, path)
            assert (path, verb, status in (200, 302, 403, 404, 405, 409)) == (path, verb, True)
            assert (path, b"globex" in body.lower()) == (path, False)
            shown += status == 200 and verb == "GET"
        after = marks()
        if route.pattern in RECORDED:
            kept = [mark for mark in before if mark[0] not in RECORD]
            assert (path, [mark for mark in after if mark[0] not in RECORD]) == (path, kept)
        else:
            assert (path, after) == (path, before)
        before = after
    assert shown >= 14


def test_an_agent_that_looks_changes_nothing(acme: Life, globex: Life, marks: Marks) -> None:
    agent = as_agent(acme)
    agent.get("/api/v1/action-requests")  # notes, once a minute, that the key is used
    before = marks()
    for route in agent_routes():
        for verb in ("GET", "HEAD", "OPTIONS"):
            assert b"globex" not in ask(agent, verb, route.fill(acme))[2].lower()
    assert marks() == before


def test_opening_what_is_public_changes_nothing(acme: Life, globex: Life, marks: Marks) -> None:
    """Mail scanners open links, more than once and with HEAD."""
    grow_directory()
    before = marks()
    tokens = {
        "invitations": acme.invitation_token,
        "l": acme.review_token,
        "stop": stop_url(acme.company.alice).rpartition("/")[2],
    }
    for route in all_routes():
        if route.pattern not in PUBLIC:
            continue
        name = route.pattern.split("/")[0]
        path = "/" + route.pattern.replace("<str:token>", tokens.get(name, ""))
        path = path.replace("entries/<path:entries>", "entries/000.p/1")
        path = path.replace("<path:tile>", "0/000.p/1")
        for verb in ("GET", "HEAD", "GET"):
            for query in ("", "?choice=approve"):
                status, _, body = ask(Client(), verb, path + query)
                assert (path, status in (200, 405)) == (path, True)
                assert b"globex" not in body.lower()
    assert marks() == before


def test_the_download_of_the_record_holds_one_tenant(acme: Life, globex: Life) -> None:
    for life, other in ((acme, b"globex"), (globex, b"acme")):
        path = f"/t/{life.slug}/audit/exports/{GAPS['exports/export'].of(life)}/download"
        status, kind, body = ask(as_member(life.company.audrey), "POST", path, life.slug)
        assert (status, kind) == (200, "application/jsonl")
        assert body.count(b"\n") > 256
        # As a word: four letters in a row are found in a random id sooner or later.
        assert re.findall(rb"(?<![a-z0-9])" + other + rb"(?![a-z0-9])", body.lower()) == []


def test_the_report_is_for_its_tenant(globex: Life) -> None:
    """Others get a 404, above; here is that there is something to get."""
    path = f"/t/globex/reports/{GAPS['reports/report'].of(globex)}/download"
    status, kind, body = ask(as_member(globex.company.audrey), "POST", path)
    assert (status, kind, body[:5]) == (200, "application/pdf", b"%PDF-")
