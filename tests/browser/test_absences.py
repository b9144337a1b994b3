"""Absences and stand-ins by the hands of people: in each theme, at desk and phone."""

from datetime import datetime, time, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from approvals.models import ActionRequest
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tenants.models import Absence, Membership
from tenants.services.absences import enter_absence
from tests.browser.conftest import WIDTHS, Visit
from tests.browser.demo import PAYLOAD, Demo
from tests.browser.test_pages import examine_widths
from tests.tenants.services.test_absences import calendar, whole_days

pytestmark = [pytest.mark.browser]

DAY = timedelta(days=1)


def enter(
    demo: Demo, member: Membership, stand_in: Membership | None, first: int, days: int
) -> Absence:
    """Enter whole days, counted from today."""
    company = demo.world.company
    with tenant_transaction(company.id):
        today = clock.now()
        start = datetime.combine(today.date(), time(), tzinfo=today.tzinfo) + first * DAY
        return enter_absence(
            actor=company.olivia,
            member=member,
            stand_in=stand_in,
            starts_at=start,
            ends_at=start + days * DAY,
            note="Lakes and <b>hills</b>",
        )


def ask(demo: Demo) -> ActionRequest:
    """A payment that needs one of finance and one of risk."""
    payload = PAYLOAD | {"amount": "52000.00", "payee": "Tailspin Toys"}
    return demo.world.submit(summary="Pay EUR 52,000 to Tailspin Toys", payload=payload)


def test_the_pages_of_absences(demo: Demo, visit: Visit, shots: Path | None) -> None:
    company = demo.world.company
    first = enter(demo, company.alice, company.bob, -1, 6)
    enter(demo, company.alice, None, 20, 3)
    enter(demo, company.bob, company.charlie, 3, 4)
    enter(demo, company.carl, company.charlie, 9, 14)
    asked = ask(demo)
    window = visit(company.bob)
    wrong: list[str] = []
    for name, path in {
        "absences": "absences/",
        "absence-new": "absences/new",
        "absence-calendar": "absences/calendar",
        "inbox-stand-in": "inbox/",
        "request-stand-in": f"requests/{asked.public_id}/",
        "person-absences": f"people/{company.bob.public_id}/",
    }.items():
        wrong += examine_widths(window.go(demo.url(path)), name, shots)
    owner = visit(company.olivia)
    for name, path in {
        "absences-owner": "absences/",
        "absence-change": f"absences/{first.public_id}/",
    }.items():
        wrong += examine_widths(owner.go(demo.url(path)), name, shots)
    assert (wrong, window.faults, owner.faults) == ([], [], [])


@pytest.mark.parametrize("width", WIDTHS)
def test_a_calendar_is_taken_and_a_vote_is_cast_for_another(
    demo: Demo, visit: Visit, tmp_path: Path, width: int
) -> None:
    company = demo.world.company
    with tenant_transaction(company.id):
        today = clock.now()
    file = tmp_path / "away.ics"
    endless = (
        "UID:c\r\nSUMMARY:Standup\r\nDTSTART:20261203T090000Z\r\nDURATION:PT15M\r\nRRULE:FREQ=DAILY"
    )
    events = (whole_days("a", today - DAY, 5, "Sea"), whole_days("b", today + 9 * DAY, 2), endless)
    file.write_bytes(calendar(*events))
    window = visit(company.alice, width=width, scripts=False)
    page = window.go(demo.url("absences/calendar"))
    page.get_by_label("Calendar file").set_input_files(file)
    page.get_by_label("Who stands in").select_option(label="Bob (bob@acme.example)")
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_text("“Standup” repeats without an end")).to_be_visible()
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0
    page.get_by_role("button", name="Enter what is ticked").click()
    expect(page.locator(".messages")).to_contain_text("2 absences are entered")
    deputy, asked = visit(company.bob, width=width), ask(demo)
    page = deputy.go(demo.url("inbox/"))
    expect(page.get_by_text("You stand in for Alice until")).to_be_visible()
    page = deputy.go(demo.url(f"requests/{asked.public_id}/"))
    page.get_by_label("For Alice").check()
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_text("Bob for Alice approved")).to_be_visible()
    assert deputy.faults == []
