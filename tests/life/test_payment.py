"""The whole life of a payment, from curl to the report, through HTTP, mail and browsers."""

import io
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

import httpx
import jwt
import pypdf
from playwright.sync_api import Browser, Page, ViewportSize

from govapp.chaos.stack import until
from govapp.simulator.people import Forms
from tests.life.journey import (
    PAYMENT,
    REQUESTS,
    Company,
    link_in,
    send,
    tell,
    wait_by_long_poll,
)
from tests.people import PASSWORD

PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
STEPS = [
    "action_request.submitted",
    "stage.opened",
    "vote.cast",
    "vote.cast",
    "stage.satisfied",
    "action_request.approved",
    "grant.issued",
    "grant.redeemed",
    "grant.redeem_refused",
    "execution.reported",
]


@contextmanager
def page_of(chromium: Browser, viewport: ViewportSize) -> Iterator[Page]:
    """A browser of its own, whose scripts may not fail."""
    context = chromium.new_context(viewport=viewport)
    context.set_default_timeout(120_000)  # whole programs serve it, on a machine that may be busy
    try:
        page = context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        yield page
        assert faults == []
    finally:
        context.close()


def sign_in(page: Page, company: Company, name: str) -> None:
    """Fill in the login page that is shown."""
    page.get_by_label("Email").fill(company.email_of(name))
    page.locator("input[type=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def approve(page: Page) -> float:
    """Approve with the form that is shown; return when the answer was there."""
    # Counting does not wait: the page after the login may not be there yet.
    page.locator(":is(button, input)[name=verdict][value=approve]").first.wait_for(state="attached")
    button = page.locator("button[name=verdict][value=approve]")
    if not button.count():
        page.locator("input[name=verdict][value=approve]").check()
        button = page.locator("form:has(input[name=verdict]) button[type=submit]")
    pressed = time.monotonic()
    button.first.click()
    page.get_by_text(
        re.compile("approval is recorded|It is approved", re.IGNORECASE)
    ).first.wait_for()
    return pressed


def verified(token: str, jwks: dict[str, Any]) -> dict[str, Any]:
    """Verify a permission with the key set alone, as the system that executes would."""
    header = jwt.get_unverified_header(token)
    assert (header["alg"], header["typ"]) == ("EdDSA", "govapp-grant+jwt")
    (key,) = [each for each in jwks["keys"] if each["kid"] == header["kid"]]
    claims: dict[str, Any] = jwt.decode(
        token, jwt.PyJWK(key), algorithms=["EdDSA"], audience="govapp-grant"
    )
    return claims


def act(agent: httpx.Client, approved: dict[str, Any]) -> None:
    """Get the permission, verify it, use it, be refused the second time, report."""
    path = f"{REQUESTS}/{approved['id']}"
    token = agent.post(f"{path}/grant").json()["token"]
    jwks = agent.get("/.well-known/jwks.json").json()
    claims = verified(token, jwks)
    assert claims["request"] == approved["id"]
    assert claims["payload_digest"] == approved["payload_digest"]
    assert claims["category"] == PAYMENT["category"]

    redeem = {"token": token, "redeemed_by": "bank-gateway"}
    answers = [agent.post("/api/v1/grants/redeem", json=redeem) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 409]
    report = {"outcome": "succeeded", "note": "Booked as 4711."}
    reported = agent.post(f"{path}/execution", json=report)
    assert reported.json()["execution"]["state"] == "succeeded"


def test_a_payment_from_curl_to_the_report(company: Company, chromium: Browser) -> None:
    shown = company.submit_with_curl(PAYMENT)
    assert shown["requirements"][0]["missing"] == "1 from Finance, 1 from Risk"

    with company.agent() as agent, ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(wait_by_long_poll, agent, shown["id"])
        approve_from_the_mail(company, chromium, shown)
        half = agent.get(f"{REQUESTS}/{shown['id']}").json()
        assert (half["status"], half["requirements"][0]["missing"]) == ("pending", "1 from Risk")
        pressed = approve_in_the_inbox(company, chromium)
        heard = waiting.result()
        tell(f"from the last vote's click to the agent: {(heard.at - pressed) * 1000:.0f} ms")
        tell(f"from the recorded decision to the agent: {heard.seconds_after * 1000:.0f} ms")
        assert heard.shown["status"] == "approved"
        act(agent, heard.shown)

    company.stack.sequenced(company.id)
    audit_tells_it(company, shown["id"])
    report_contains_it(company)
    company.stack.sequenced(company.id)
    code, words = company.stack.verify_ledger(company.slug)
    assert code == 0, words


def approve_from_the_mail(company: Company, chromium: Browser, shown: dict[str, Any]) -> None:
    """Alice of Finance, on her phone, from the link: a high risk asks her to log in."""
    link = link_in(company.wait_for_mail("alice", "Approve or deny"), "approve")
    with page_of(chromium, PHONE) as page:
        page.goto(link)
        page.get_by_text(str(PAYMENT["summary"])).first.wait_for()
        assert votes(company) == 0, "opening the link decided"
        page.get_by_role("link", name=re.compile("log in|sign in", re.IGNORECASE)).first.click()
        sign_in(page, company, "alice")
        page.wait_for_url(re.compile(f"/requests/{shown['id']}/"))
        approve(page)
    assert votes(company) == 1


def approve_in_the_inbox(company: Company, chromium: Browser) -> float:
    """Bob of Risk, at his desk, from the inbox."""
    with page_of(chromium, DESKTOP) as page:
        page.goto(company.url("inbox/"))
        sign_in(page, company, "bob")
        page.get_by_role("link", name=str(PAYMENT["summary"])).first.click()
        return approve(page)


def votes(company: Company) -> int:
    query = "SELECT count(*) FROM approvals_vote WHERE tenant_id = %s"
    return int(company.stack.value(query, company.id))


def audit_tells_it(company: Company, request_id: str) -> None:
    """The auditor reads every step in words, each with the event that proves it."""
    with closing(company.person("audrey")) as audrey:
        page = audrey.get(company.url(f"audit/requests/{request_id}/"))
        assert page.status_code == 200
        found = re.findall(r'/audit/events/(ev_[0-9a-z]+)/">([a-z_]+\.[a-z_]+)</a>', page.text)
        steps = [kind for _, kind in dict.fromkeys(found)]
        messages = ("notification.", "review_link.")
        assert sorted(s for s in steps if not s.startswith(messages)) == sorted(STEPS)
        for words in ("Alice", "Bob", str(PAYMENT["summary"]), "Booked as 4711."):
            assert words in page.text
        event = audrey.get(company.url(f"audit/events/{found[0][0]}/"))
        assert event.status_code == 200


def report_contains_it(company: Company) -> None:
    """Carl asks for a report, waits for the background task, and takes the PDF."""
    with closing(company.person("carl")) as carl:
        page = carl.get(company.url("reports/"))
        form = next(each for each in Forms(page.text).found if "preset" in each.choices)
        form.fields = {**form.fields, "preset": "week"}
        assert send(carl, page, form).status_code == 200

        def ready() -> httpx.Response | None:
            shown = carl.get(company.url("reports/"))
            return shown if "/download" in shown.text else None

        page = until(ready, "the report is made")
        form = next(each for each in Forms(page.text).found if each.action.endswith("/download"))
        answer = send(carl, page, form)
        assert answer.headers["content-type"] == "application/pdf"
    reader = pypdf.PdfReader(io.BytesIO(answer.content))
    text = " ".join(" ".join(page.extract_text() for page in reader.pages).split())
    for words in ("payments.transfer", "Alice", "Bob"):
        assert words in text, text
