"""Autonomy in a real browser: what gives more waits, another person confirms it, accessible."""

import pytest
from django.db import transaction
from playwright.sync_api import expect

from govapp.common.tenancy import bind_tenant
from tenants.services.autonomy import set_autonomy, set_environment
from tenants.services.trust import assess_conduct, hold_agent
from tenants.trust import Conduct
from tests.browser.conftest import WIDTHS, Visit, follow
from tests.browser.demo import Demo
from tests.browser.test_pages import examine

pytestmark = pytest.mark.browser

CONDUCT = Conduct(age_days=40, approved=120, allowed=31, denied=4, failed=1, blocked=6)


def leave(demo: Demo) -> None:
    """Leave something of everything on the pages."""
    carl = demo.world.company.carl
    with bind_tenant(demo.world.company.id), transaction.atomic():
        set_autonomy(
            actor=carl, agent=None, pattern="crm.*", level="recommend", reason="Being tried out"
        )
        set_environment(actor=carl, name="production", is_read_only=True, reason="Year end")
        assess_conduct(agent=hold_agent(demo.world.agent.pk), conduct=CONDUCT)


@pytest.mark.parametrize("width", WIDTHS)
def test_what_gives_more_is_asked_for_and_confirmed(demo: Demo, visit: Visit, width: int) -> None:
    leave(demo)
    window = visit(demo.world.company.carl, width=width)
    page = window.go(demo.url("agents/{agent}/?tab=autonomy"))
    wrong = examine(page, f"agent-{width}", None)
    page.get_by_label("Category").fill("payments.*")
    page.get_by_label("Act: it acts without asking").check()
    page.locator("#autonomy_reason").fill("It pays what was ordered")
    follow(page.get_by_role("button", name="Set it"))
    expect(page.locator(".messages")).to_contain_text("somebody else has to confirm it")
    page = window.go(demo.url("autonomy/"))
    expect(page.get_by_text("Somebody else confirms it.")).to_be_visible()
    wrong += examine(page, f"waits-{width}", None)
    assert window.faults == []

    other = visit(demo.world.company.olivia, width=width)
    page = other.go(demo.url("autonomy/environments"))
    wrong += examine(page, f"environments-{width}", None)
    follow(page.get_by_role("button", name="Confirm"))
    expect(page.locator(".messages")).to_contain_text("Confirmed, it holds from now on")
    page = other.go(demo.url("autonomy/trust"))
    wrong += examine(page, f"trust-{width}", None)
    page = other.go(demo.url("agents/{agent}/?tab=autonomy"))
    page.get_by_label("Tier").select_option("medium")
    page.locator("#raise_reason").fill("A good quarter")
    follow(page.get_by_role("button", name="Raise the tier"))
    expect(page.locator(".messages")).to_contain_text("has the tier medium from now on")
    wrong += examine(page, f"raised-{width}", None)
    assert wrong == []
    assert other.faults == []
