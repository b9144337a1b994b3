"""An auditor takes an evidence pack from the page, and the verifiers in it accept it."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from audit.packs.verifier.main import verify_pack
from audit.services.sequencer import sequence_tenant
from tests.browser.conftest import WIDTHS, Visit
from tests.browser.demo import Demo

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", WIDTHS)
def test_a_pack_is_taken_home_and_accepted(
    visit: Visit, demo: Demo, tmp_path: Path, width: int
) -> None:
    while sequence_tenant(tenant_id=demo.world.company.id):
        pass
    visitor = visit(demo.world.company.audrey, width=width)
    page = visitor.go(f"/t/{demo.world.company.slug}/audit/")
    page.locator("summary", has_text="Evidence pack").click()
    box = page.locator(".menu-list--form").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    with page.expect_download() as taken:
        page.get_by_role("button", name="Download the pack").click()
    path = tmp_path / "pack.zip"
    taken.value.save_as(path)
    assert taken.value.suggested_filename.startswith(f"{demo.world.company.slug}-evidence-")
    verdict = verify_pack(path, [], [], [])
    assert (verdict.refusals, verdict.trust) == ([], "first-use")
    assert urlsplit(page.url).path == f"/t/{demo.world.company.slug}/audit/"
