import pytest
from playwright.sync_api import expect
from tests.browser.test_record_drawer import recorded, opened
pytestmark = pytest.mark.browser
def test_shots(recorded, visit):
    for width in (1280, 390):
        w = visit(recorded.world.company.audrey, width=width)
        for theme in ("light","dark"):
            w.page.emulate_media(color_scheme=theme)
            p = w.go(recorded.url("audit/"))
            p.screenshot(path=f"/tmp/shot-log-{width}-{theme}.png", full_page=width==1280)
            p = w.go(recorded.url("audit/?text=alice&kind=person"))
            p.screenshot(path=f"/tmp/shot-found-{width}-{theme}.png", full_page=True)
            p.locator("[data-row-link]").first.click()
            opened(p)
            p.screenshot(path=f"/tmp/shot-drawer-{width}-{theme}.png")
        print(w.faults)
