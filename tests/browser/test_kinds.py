"""The action page for each kind of action, as the demo bank has them: wide, narrow, light, dark."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from django.db import connections
from playwright.sync_api import Page, expect

from approvals.demo.changes import first_policy
from approvals.demo.company import DemoCompany, build_company
from approvals.demo.kinds import ONE_OF_EACH, discuss
from approvals.models import ActionRequest
from approvals.services.links import make_review_link
from approvals.services.submission import submit_action
from audit.models import LedgerEvent
from govapp.common.tenancy import tenant_transaction
from tests.browser.conftest import WIDTHS, Visit, window_of
from tests.browser.test_pages import examine_widths
from tests.conftest import DATABASE
from tests.support.recorded import read
from tests.support.services import Services

pytestmark = pytest.mark.browser

KINDS: Final = ("money", "email", "sql", "fields", "http", "diff")
# What of each must be on the page, and what must not be before somebody asks.
SHOWN: Final = {
    "money": ("EUR 186,400.00", "GB82WEST12345698765432"),
    "email": ("Your replacement card", "4111 1111 1111 1111"),
    "sql": ("318 rows", ""),
    "fields": ("New rate table", ""),
    "http": ("api.cards.example", "7f3c9a51d2e84b60"),
    "diff": ("daily_limit: 400000", "AKIA" + "IOSFODNN7EXAMPLE"),
}


@dataclass(frozen=True)
class Bank:
    """The demo bank with one pending request of each kind."""

    company: DemoCompany
    requests: dict[str, ActionRequest]
    link: str

    def url(self, kind: str) -> str:
        return f"/t/meridian/requests/{self.requests[kind].public_id}/"

    def events(self, kind: str) -> list[str]:
        """Return the summaries of what was recorded of this type."""
        with tenant_transaction(self.company.tenant.pk):
            rows = LedgerEvent.objects.filter(type=kind).order_by("occurred_at", "id")
            return [read(row)["summary"] for row in rows]


@pytest.fixture
def bank(
    services: Services, django_db_setup: None, django_db_blocker: Any, async_unsafe: None
) -> Iterator[Bank]:
    """The demo bank, committed; everything is deleted afterwards."""
    with django_db_blocker.unblock():
        try:
            yield make_bank()
        finally:
            connections.close_all()
            services.empty_database(DATABASE)


def make_bank() -> Bank:
    company = build_company(first_policy())
    made = {}
    for kind, story in zip(KINDS, ONE_OF_EACH, strict=True):
        with tenant_transaction(company.tenant.pk):
            agent = company.agents[story.agent]
            made[kind] = submit_action(agent=agent, submission=story.submission)
            discuss(company, made[kind])
    with tenant_transaction(company.tenant.pk):
        company.tenant.link_voting = True
        company.tenant.save()
        letter = ActionRequest.objects.get(pk=made["email"].pk)
        link = make_review_link(request=letter, member=company.members["erik"])
    return Bank(company, made, "/l/" + link.rsplit("/", 1)[1])


def test_each_kind_of_action_is_read_without_a_fault(
    bank: Bank, visit: Visit, shots: Path | None
) -> None:
    wrong: list[str] = []
    window = visit(bank.company.members["alice"])
    for kind in KINDS:
        page = window.go(bank.url(kind))
        text, secret = SHOWN[kind]
        expect(page.locator(".main .card").first).to_contain_text(text)
        assert not secret or secret not in page.content(), kind
        wrong += examine_widths(page, kind, None)
        if shots is not None:
            show(page, kind, shots)
    phone = visit(None, width=WIDTHS[1])
    page = phone.go(bank.link)
    wrong += examine_widths(page, "link", None)
    assert wrong + window.faults + phone.faults == []


def show(page: Page, kind: str, shots: Path) -> None:
    """Take the picture of a desk in the light and of a phone in the dark."""
    for width, theme in zip(WIDTHS, ("light", "dark"), strict=True):
        page.set_viewport_size(window_of(width))
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        page.screenshot(path=shots / f"action-{kind}-{width}-{theme}.png", full_page=True)


def test_asking_to_see_shows_it_once_and_is_recorded(bank: Bank, visit: Visit) -> None:
    window = visit(bank.company.members["alice"])
    page = window.go(bank.url("email"))
    assert bank.events("request.revealed") == []
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".letter-text")).to_contain_text("4111 1111 1111 1111")
    (said,) = bank.events("request.revealed")
    assert said.startswith("Alice Moreau asked to see what is masked in “Send “Your replacement")
    assert said.endswith(": card number, phone number")
    page.get_by_role("link", name="Mask it now").click()
    expect(page.locator(".letter-text")).to_contain_text("[card number ••••1111]")
    assert window.faults == []


def test_a_comment_keeps_what_is_typed_for_the_decision(bank: Bank, visit: Visit) -> None:
    window = visit(bank.company.members["alice"])
    page = window.go(bank.url("money"))
    page.locator("#id_reason").fill("Half a thought")
    page.get_by_text("Say or ask something").click()
    page.locator("#comment_text").fill("Is this the right account, @Bob?")
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.locator("#discussion")).to_contain_text("to Bob Tanaka")
    expect(page.locator("#id_reason")).to_have_value("Half a thought")
    assert window.faults == []


def test_a_question_without_scripts(bank: Bank, visit: Visit) -> None:
    page = visit(bank.company.members["alice"], scripts=False).go(bank.url("sql"))
    page.get_by_text("Say or ask something").click()
    page.locator("#comment_text").fill("Was a backup made?")
    page.get_by_role("button", name="Ask Erik Haugen").click()
    expect(page.locator("#discussion")).to_contain_text("Not answered yet.")
    asked = bank.events("comment.asked")
    assert asked[-1] == "Alice Moreau asked Erik Haugen: Was a backup made?"
