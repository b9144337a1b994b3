"""Delegations in a real browser: the tree by keyboard, what a cut ends, and the cut; accessible."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from govapp.common.tenancy import tenant_transaction
from tenants.models import Agent
from tests.approvals.chains import NAMES, Chain
from tests.browser.conftest import WIDTHS, Visit, follow
from tests.browser.demo import Demo
from tests.browser.test_pages import examine
from tests.people import make_agent

pytestmark = pytest.mark.browser


def chain_of(demo: Demo) -> Chain:
    """Let five agents of the demo hand a task on."""
    company = demo.world.company
    with tenant_transaction(company.id):
        known = {each.name: each for each in Agent.objects.all()}
    agents = {name: known.get(name) or make_agent(company, name)[0] for name in NAMES}
    chain = Chain(demo.world, agents)
    chain.extend(categories=("payments.*",), budget={"EUR": "500.00"}, purpose="Invoices")
    for _ in range(3):
        chain.extend()
    return chain


@pytest.mark.parametrize("width", WIDTHS)
def test_a_tree_is_walked_and_cut_on_accessible_pages(
    demo: Demo, visit: Visit, shots: Path | None, width: int
) -> None:
    chain = chain_of(demo)
    window = visit(demo.world.company.carl, width=width)
    page = window.go(demo.url("delegations/"))
    wrong = examine(page, f"delegations-{width}", None)
    if shots is not None and width == WIDTHS[0]:
        page.screenshot(path=shots / "delegations-1280-light.png")
    link = page.locator(f'a[href*="{chain.handed[1].delegation.public_id}"]')
    link.focus()
    expect(link).to_be_focused()
    follow(link)
    expect(page.get_by_role("heading", name="Cut it")).to_be_visible()
    expect(page.get_by_text("This ends 3 delegations:")).to_be_visible()
    wrong += examine(page, f"delegation-{width}", None)
    page.locator("#id_reason").fill("Wrong supplier.")
    follow(page.get_by_role("button", name="Cut it"))
    expect(page.locator(".messages")).to_contain_text("It is cut")
    expect(page.get_by_text("Nothing is done under it", exact=True)).to_be_visible()
    wrong += examine(page, f"delegation-cut-{width}", None)
    agent = chain.agents["clerk"].public_id
    wrong += examine(
        window.go(demo.url(f"agents/{agent}/?tab=delegations")), f"agent-{width}", None
    )
    assert wrong == []
    assert window.faults == []
