"""A template filled in, in a real browser: at a desk and on a phone, in both themes."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from approvals.models import PolicyDraft
from govapp.common.tenancy import tenant_transaction
from tests.browser.conftest import WIDTHS, Visit, follow
from tests.browser.demo import Demo
from tests.browser.test_pages import examine

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", WIDTHS)
def test_the_payments_template_is_filled_in(
    demo: Demo, visit: Visit, shots: Path | None, width: int
) -> None:
    window = visit(demo.world.company.carl, width=width)
    page = window.go(demo.url("policy/templates/"))
    assert examine(page, f"templates-{width}", shots) == []
    follow(page.get_by_role("link", name="Payments by four eyes"))
    assert examine(page, f"template-{width}", shots) == []
    sentences = page.locator("#template-preview")
    page.get_by_label("Both are asked from").fill("25000")
    expect(sentences).to_contain_text("amount of at least 25000")
    page.get_by_label("Nobody is asked up to").fill("30000")
    expect(page.locator("#id_threshold + .errorlist")).to_contain_text("more than 30000")
    expect(sentences).to_contain_text("Not filled in yet")
    assert examine(page, f"template-mistake-{width}", shots) == []
    page.get_by_label("Nobody is asked up to").fill("250")
    expect(sentences).to_contain_text("amount of at most 250")
    page.get_by_role("button", name="Make the draft").click()
    expect(page.locator(".messages")).to_contain_text("It decides nothing yet")
    assert window.faults == []
    with tenant_transaction(demo.world.company.id):
        answers = PolicyDraft.objects.get().template["answers"]
    assert (answers["free_until"], answers["threshold"]) == ("250", "25000")


def test_without_scripts_a_button_shows_the_sentences(demo: Demo, visit: Visit) -> None:
    window = visit(demo.world.company.carl, scripts=False)
    page = window.go(demo.url("policy/templates/payments/"))
    page.get_by_label("Both are asked from").fill("25000")
    page.get_by_role("button", name="Show the sentences").click()
    expect(page.locator("#template-preview")).to_contain_text("amount of at least 25000")
    expect(page.get_by_label("Both are asked from")).to_have_value("25000")
