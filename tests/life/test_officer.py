"""An officer changes the policy alone: a browser from start to end, and no line of YAML.

From a template to the next request of an agent, with the people, the programs and the database
that a customer has. The agent speaks to the API, everybody else reads pages.
"""

import re
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, expect

from tests.life.journey import REQUESTS, Company
from tests.life.test_payment import DESKTOP, approve, page_of, sign_in

TARGET = "DE89370400440532013000"
ATTESTATION = "I have read every sentence, and it is what the board decided."


def ask(company: Company, amount: str) -> dict[str, Any]:
    """Ask for a payment as the agent; return what the API answers."""
    body = {
        "category": "payments.transfer",
        "summary": f"Pay EUR {amount} to Northwind",
        "payload": {"amount": amount, "currency": "EUR", "to": TARGET, "purpose": "invoice"},
        "reason": "The invoice is due tomorrow.",
    }
    with company.agent() as agent:
        answer = agent.post(REQUESTS, json=body, headers={"Idempotency-Key": f"pay-{amount}"})
    assert answer.status_code in (201, 202), answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def read(company: Company, ident: str) -> dict[str, Any]:
    with company.agent() as agent:
        answer: httpx.Response = agent.get(f"{REQUESTS}/{ident}")
    shown: dict[str, Any] = answer.json()
    return shown


def asked_by(shown: dict[str, Any]) -> dict[str, str]:
    """Return what each rule that asks people still misses."""
    return {each["rule"]: each["missing"] for each in shown["requirements"]}


def test_an_officer_changes_the_policy_alone(company: Company, chromium: Browser) -> None:
    for amount in ("800.00", "900.00", "950.00"):
        assert ask(company, amount)["status"] == "allowed"
    in_flight = ask(company, "48200.00")
    assert in_flight["policy"]["version"] == 1
    assert asked_by(in_flight) == {"large-payments": "1 from Finance, 1 from Risk"}

    with page_of(chromium, DESKTOP) as page:
        page.goto(company.url("policy/"))
        sign_in(page, company, "carl")
        begin_from_the_template(page)
        edit_the_threshold(page)
        make_and_mend_an_impossible_quorum(page)
        send_to_review(page)
    before = ask(company, "940.00")
    assert (before["status"], before["policy"]["version"]) == ("allowed", 1)

    publish_as_the_second_person(company, chromium)
    free, asked = ask(company, "910.00"), ask(company, "945.00")
    assert (free["status"], free["policy"]["version"]) == ("allowed", 2)
    assert (asked["status"], asked["policy"]["version"]) == ("pending", 2)
    assert asked_by(asked) == {"middle-payments": "1 from Finance"}
    the_request_says_why(company, chromium, asked)
    finish_what_was_in_flight(company, chromium, in_flight)


def begin_from_the_template(page: Page) -> None:
    """Fill in "Payments by four eyes", whose sentences stand beside, and make the draft."""
    page.get_by_role("link", name="From a template").click()
    page.get_by_role("link", name="Payments by four eyes").click()
    page.get_by_label("Add these rules to the ones that are live").uncheck()
    page.get_by_label("Both are asked from").fill("20000")
    expect(page.locator("#template-preview")).to_contain_text("amount of at least 20000")
    page.get_by_role("button", name="Make the draft").click()
    expect(page.locator(".messages")).to_contain_text("It decides nothing yet.")


def edit_the_threshold(page: Page) -> None:
    """Let payments up to 925 pass instead of 100; the replay beside the sentences follows."""
    headline = page.locator("#replay-headline")
    expect(headline).to_have_text("4 of 4 requests would have been decided otherwise.")
    # Nobody knows yet what is usual here.
    page.locator("summary[aria-label='More for unusual-amount']").click()
    page.locator("#rules-3").get_by_role("button", name="Remove").click()
    expect(page.get_by_role("button", name="Edit unusual-amount")).to_have_count(0)
    for key, name, said in (
        ("rules-3", "middle-payments", "amount over 925"),
        ("rules-5", "small-payments", "amount of at most 925"),
    ):
        page.get_by_role("button", name=f"Edit {name}").click()
        limit = page.locator(f"#f-{key}-c-0-value")
        expect(limit).to_have_value("100")
        limit.fill("925")
        expect(page.locator(f"#card-{key} .rule-sentence")).to_contain_text(said)
    expect(headline).to_have_text("3 of 4 requests would have been decided otherwise.")
    changed = page.locator(".replay-list a")
    expect(changed).to_contain_text(["Pay EUR 48200.00", "Pay EUR 950.00", "Pay EUR 800.00"])


def make_and_mend_an_impossible_quorum(page: Page) -> None:
    """Ask for three of Finance, where there is one; read why that cannot be; ask for one."""
    page.get_by_role("button", name="Edit four-eyes").click()
    count = page.locator("#f-flows-1-s-0-seat-0-count")
    count.fill("3")
    fault = page.locator(".lint--error")
    expect(fault).to_contain_text(
        "Flow four-eyes can never be completed: it needs 4 different people (3 from Finance and 1"
        " from Risk), and with everybody seated it still lacks 2 more from Finance."
    )
    count.fill("1")
    expect(page.locator(".lint--error")).to_have_count(0)


def send_to_review(page: Page) -> None:
    page.get_by_role("button", name="Send to review").click()
    expect(page.get_by_role("heading", name="Send to review")).to_be_visible()
    page.locator("#id_remark").fill("Payments up to 925 pass, so that Finance sees what matters.")
    page.get_by_role("button", name="Send to review").click()
    expect(page.locator(".messages")).to_contain_text("is in review. It decides nothing yet.")


def publish_as_the_second_person(company: Company, chromium: Browser) -> None:
    """Petra reads what changes, signs, and publishes; Carl could not have."""
    with page_of(chromium, DESKTOP) as page:
        page.goto(company.url("policy/"))
        sign_in(page, company, "petra")
        page.get_by_role("link", name="Version 2").first.click()
        expect(page.locator(".diff-add", has_text="amount over 925")).to_be_visible()
        page.get_by_role("link", name="Publish…").click()
        page.get_by_label("Your confirmation").fill(ATTESTATION)
        page.get_by_role("button", name="Publish version 2").click()
        expect(page.locator(".messages")).to_contain_text("Version 2 is live from now on.")
        expect(page.get_by_text(ATTESTATION)).to_be_visible()


def the_request_says_why(company: Company, chromium: Browser, shown: dict[str, Any]) -> None:
    """The page of the request says the sentence that the officer wrote."""
    with page_of(chromium, DESKTOP) as page:
        page.goto(company.url(f"requests/{shown['id']}/"))
        sign_in(page, company, "carl")
        said = page.get_by_text(re.compile("amount over 925: 1 from Finance must approve"))
        expect(said.first).to_be_visible()


def finish_what_was_in_flight(
    company: Company, chromium: Browser, in_flight: dict[str, Any]
) -> None:
    """Its frozen requirement decides it: no second factor is asked for, as the new rules would."""
    now = read(company, in_flight["id"])
    assert (now["status"], now["policy"]["version"]) == ("pending", 1)
    assert asked_by(now) == asked_by(in_flight)
    for name in ("alice", "bob"):
        with page_of(chromium, DESKTOP) as page:
            page.goto(company.url(f"requests/{in_flight['id']}/"))
            sign_in(page, company, name)
            approve(page)
    decided = read(company, in_flight["id"])
    assert (decided["status"], decided["policy"]["version"]) == ("approved", 1)
