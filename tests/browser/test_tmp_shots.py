from pathlib import Path
import pytest
from tests.browser.conftest import Visit
from tests.browser.demo import Demo
from tests.browser.test_pages import violations, EVERYTHING, COLOURS
pytestmark = [pytest.mark.browser]

def test_shots(demo: Demo, visit: Visit) -> None:
    wrong = []
    for width in (1280, 390):
        w = visit(demo.world.company.carl, width=width)
        for name, path in {"list": "budgets/", "new": "budgets/new", "one": f"budgets/{demo.budget.public_id}/", "costs": "budgets/costs", "limits": "budgets/limits"}.items():
            page = w.go(demo.url(path))
            wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            if wide > 0: wrong.append(f"{name} wide {wide}")
            for theme, rules in (("light", EVERYTHING), ("dark", COLOURS)):
                page.emulate_media(color_scheme=theme)
                wrong += [f"{name}-{width}-{theme}: {x}" for x in violations(page, rules)]
                page.screenshot(path=f"/tmp/money-{name}-{width}-{theme}.png", full_page=True)
            page.emulate_media(color_scheme="light")
        wrong += w.faults
    assert wrong == []
