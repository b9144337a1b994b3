"""An auditor takes an evidence pack from the page, and the verifiers in it accept it."""

from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from playwright.sync_api import expect

from audit.models import ExportJob
from audit.packs.verifier.main import verify_pack
from audit.services.export_jobs import write_export
from audit.services.sequencer import sequence_tenant
from govapp.common.tenancy import tenant_transaction
from tests.browser.conftest import WIDTHS, Visit
from tests.browser.demo import Demo

pytestmark = pytest.mark.browser


def job_of(company_id: UUID) -> ExportJob:
    """The export that was asked for last."""
    with tenant_transaction(company_id):
        return ExportJob.objects.order_by("-requested_at", "-id")[:1].get()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_pack_is_taken_home_and_accepted(
    visit: Visit, demo: Demo, tmp_path: Path, width: int
) -> None:
    while sequence_tenant(tenant_id=demo.world.company.id):
        pass
    visitor = visit(demo.world.company.audrey, width=width)
    page = visitor.go(f"/t/{demo.world.company.slug}/audit/")
    page.get_by_role("link", name="Evidence pack").click()
    page.get_by_label("Names and addresses").check()
    page.get_by_role("button", name="Show what it holds").click()
    expect(page.get_by_text("withheld")).to_be_visible()
    page.get_by_role("button", name="Make the pack").click()
    page.wait_for_url("**/audit/exports/")
    company_id = demo.world.company.id
    job = job_of(company_id)
    write_export(tenant_id=company_id, job_id=job.pk)
    visitor.go(urlsplit(page.url).path)
    page.locator("summary", has_text="Evidence pack").first.click()
    expect(
        page.get_by_text(f"--sha256 {job_of(company_id).told['manifest_sha256']}")
    ).to_be_visible()
    with page.expect_download() as taken:
        rows = page.get_by_role("row").filter(has_text="Evidence pack")
        rows.first.get_by_role("button", name="Take the file").click()
    path = tmp_path / "pack.zip"
    taken.value.save_as(path)
    assert taken.value.suggested_filename.startswith(f"{demo.world.company.slug}-evidence-")
    verdict = verify_pack(path, [], [], [])
    assert (verdict.refusals, verdict.trust) == ([], "first-use")
    assert sha256(path.read_bytes()).hexdigest() == job_of(company_id).sha256
