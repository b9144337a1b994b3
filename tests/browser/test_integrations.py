"""An integration in a real browser: granted, given its secret, suspended; accessible."""

import pytest
from playwright.sync_api import expect

from govapp.common.tenancy import tenant_transaction
from tenants.models import Integration, IntegrationGrant
from tests.browser.conftest import WIDTHS, Visit, follow
from tests.browser.demo import Demo
from tests.browser.test_pages import examine

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", WIDTHS)
def test_an_integration_is_granted_given_its_secret_and_suspended(
    demo: Demo, visit: Visit, width: int
) -> None:
    window = visit(demo.world.company.olivia, width=width)
    page = window.go(demo.url("integrations/{integration}/"))
    page.get_by_text("To which agent, for what, and until when").click()
    page.locator("#id_agent").select_option(label=demo.world.agent.name)
    page.locator("#id_categories").fill("mail.send")
    follow(page.get_by_role("button", name="Grant", exact=True))
    expect(page.locator(".messages")).to_contain_text("may use Acme Bank")
    page.locator("#id_secret").fill("typed-secret-77aa")
    follow(page.get_by_role("button", name="Replace the secret"))
    expect(page.locator(".messages")).to_contain_text("The secret is in the vault.")
    assert "typed-secret-77aa" not in page.content()
    wrong = examine(page, f"integration-{width}", None)
    page.locator("#id_suspend_reason").fill("Odd payments at night.")
    follow(page.get_by_role("button", name="Suspend the integration"))
    expect(page.locator(".page-header")).to_contain_text("Suspended")
    wrong += examine(page, f"suspended-{width}", None)
    assert wrong == []
    assert window.faults == []
    with tenant_transaction(demo.world.company.id):
        assert Integration.objects.get(slug="acme-bank").status == "suspended"
        assert IntegrationGrant.objects.filter(categories=["mail.send"]).count() == 1
