"""Replays in a real browser: accessible everywhere, live with scripts, readable without."""

from typing import Any

import pytest
from playwright.sync_api import expect

from approvals.enums import SimulationStatus
from approvals.models import PolicySimulation
from approvals.policies import dump_policy, parse_policy
from approvals.services.simulations import run_simulation, start_simulation
from govapp.common.tenancy import tenant_transaction
from tests.browser.conftest import WIDTHS, Visit
from tests.browser.demo import Demo, document
from tests.browser.test_pages import examine

pytestmark = pytest.mark.browser


def stricter() -> dict[str, Any]:
    """Payments from 100 on need two people, refunds three."""
    made = document()
    made["rules"][0]["when"]["conditions"]["value"] = "100"
    made["flows"]["refunds"]["stages"][0]["seats"] = [{"group": "finance", "count": 3}]
    return made


def start(demo: Demo) -> PolicySimulation:
    company = demo.world.company
    for amount in range(3):
        demo.world.submit(payload={"amount": f"{amount}20.00", "currency": "EUR"})
    with tenant_transaction(company.id):
        source = dump_policy(parse_policy(stricter()))
        return start_simulation(actor=company.carl, source=source, period="30d")


def finish(demo: Demo, simulation: PolicySimulation) -> None:
    run_simulation(tenant_id=demo.world.company.id, simulation_id=simulation.pk)


def pause_at(demo: Demo, simulation: PolicySimulation, replayed: int) -> None:
    """Leave it as it is in the middle of its run."""
    with tenant_transaction(demo.world.company.id):
        PolicySimulation.objects.filter(pk=simulation.pk).update(
            status=SimulationStatus.RUNNING, total=4310, replayed=replayed
        )


@pytest.mark.parametrize("width", WIDTHS)
def test_each_page_is_accessible_and_silent(demo: Demo, visit: Visit, width: int) -> None:
    done, running = start(demo), start(demo)
    finish(demo, done)
    pause_at(demo, running, 2155)
    window = visit(demo.world.company.carl, width=width)
    wrong: list[str] = []
    for name, path in {
        "list": "policy/simulations/",
        "running": f"policy/simulations/{running.public_id}/",
        "done": f"policy/simulations/{done.public_id}/",
        "looser": f"policy/simulations/{done.public_id}/?direction=looser",
    }.items():
        wrong += examine(window.go(demo.url(path)), f"simulation-{name}-{width}", None)
    assert wrong + window.faults == []


def test_progress_moves_by_itself_and_the_result_appears(demo: Demo, visit: Visit) -> None:
    simulation = start(demo)
    pause_at(demo, simulation, 431)
    window = visit(demo.world.company.carl)
    page = window.go(demo.url(f"policy/simulations/{simulation.public_id}/"))
    expect(page.get_by_text("431 of 4,310 requests").first).to_be_visible()
    pause_at(demo, simulation, 2155)
    expect(page.locator(".progress-head")).to_contain_text("2,155 of 4,310 requests")
    expect(page.get_by_role("progressbar")).to_have_attribute("value", "50")
    with tenant_transaction(demo.world.company.id):
        PolicySimulation.objects.update(status=SimulationStatus.QUEUED)
    finish(demo, simulation)
    expect(page.get_by_role("heading", name="What it would have done")).to_be_visible()
    assert window.faults == []


def test_without_scripts_progress_is_one_press_away(demo: Demo, visit: Visit) -> None:
    simulation = start(demo)
    pause_at(demo, simulation, 431)
    window = visit(demo.world.company.carl, scripts=False)
    page = window.go(demo.url(f"policy/simulations/{simulation.public_id}/"))
    pause_at(demo, simulation, 2155)
    page.get_by_role("link", name="See how far it is").click()
    expect(page.locator(".progress-head")).to_contain_text("2,155 of 4,310 requests")
