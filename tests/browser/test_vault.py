"""The vault in a real browser: a client of a token endpoint is given, the key is replaced."""

import pytest
from playwright.sync_api import expect

from govapp.common.tenancy import tenant_transaction
from tenants.models import Integration, TenantKey
from tests.browser.conftest import WIDTHS, Visit, follow
from tests.browser.demo import Demo
from tests.browser.test_pages import examine
from tests.tenants.systems import active_system

pytestmark = pytest.mark.browser

TOKENS = "https://login.payroll.example/oauth/token"


def minting(demo: Demo) -> Integration:
    company = demo.world.company
    with tenant_transaction(company.id):
        return active_system(
            company, "payroll", kind="injected", token_url=TOKENS, token_with_scopes=True
        )


@pytest.mark.parametrize("width", WIDTHS)
def test_an_owner_gives_a_client_and_replaces_the_key(demo: Demo, visit: Visit, width: int) -> None:
    window, made = visit(demo.world.company.olivia, width=width), minting(demo)
    page = window.go(demo.url(f"integrations/{made.public_id}/"))
    expect(page.get_by_text(TOKENS)).to_be_visible()
    page.locator("#id_client_id").fill("govapp")
    page.locator("#id_secret").fill("typed-secret-77aa")
    follow(page.get_by_role("button", name="Put it into the vault"))
    expect(page.locator(".messages")).to_contain_text("A check tries it.")
    assert "typed-secret-77aa" not in page.content()
    wrong = examine(page, f"tokens-{width}", None)
    page = window.go(demo.url(f"integrations/{made.public_id}/change"))
    wrong += examine(page, f"tokens-change-{width}", None)
    page = window.go(demo.url("integrations/"))
    follow(page.get_by_role("link", name="The vault's key"))
    page.locator("#id_reason").fill("Once a year.")
    follow(page.get_by_role("button", name="Replace the key"))
    expect(page.locator(".messages")).to_contain_text("Version 2 of the key seals from now on.")
    wrong += examine(page, f"vault-{width}", None)
    assert wrong == []
    assert window.faults == []
    with tenant_transaction(demo.world.company.id):
        assert TenantKey.objects.get(replaced_at=None).version == 2
