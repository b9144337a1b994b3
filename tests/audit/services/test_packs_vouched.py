"""A pack carries who vouches for the record, and the verifier believes those that it knows."""

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from audit.packs.verifier.main import verify_pack
from audit.selectors.directory import directory_key
from audit.selectors.events import EventFilter
from audit.services.directory import grow_directory
from audit.services.export_jobs import read_export, request_export, write_export
from audit.services.sequencer import sequence_tenant
from audit.services.vouching import ask_voucher
from govapp.common.tenancy import tenant_transaction
from tests.audit.authority import make_authority, running_authority
from tests.audit.books import ALICE, sequenced_tenant, write_events
from tests.audit.others import Others
from tests.audit.others.witness import running_witness

pytestmark = pytest.mark.django_db


def test_a_witness_and_an_authority_make_it_firm(
    others: Others, tmp_path: Path, settings: Settings
) -> None:
    tenant_id = sequenced_tenant(5)
    sequenced_tenant(3)
    grow_directory()
    key = directory_key()
    assert key is not None
    authority = make_authority()
    with (
        running_witness(others, tmp_path / "w1", key) as witness,
        running_authority(authority) as stamps,
    ):
        settings.LEDGER_WITNESSES = [witness.setting]
        settings.LEDGER_TSA_URLS = [stamps.url]
        settings.LEDGER_TSA_ROOTS = [stamps.write_root(tmp_path)]
        for name in (witness.vkey, stamps.url):
            assert ask_voucher(name=name, is_pressing=True).startswith("vouches for size")
    write_events(tenant_id, 4)  # the record has grown since
    sequence_tenant(tenant_id=tenant_id)
    with tenant_transaction(tenant_id):
        job = request_export(actor=ALICE, wanted=EventFilter(), export_format="evidence-pack")
    write_export(tenant_id=tenant_id, job_id=job.pk)
    path = tmp_path / "pack.zip"
    path.write_bytes(b"".join(read_export(tenant_id=tenant_id, job_id=job.pk)))
    verdict = verify_pack(path, [], [witness.vkey], [])
    assert (verdict.refusals, verdict.trust) == ([], "witnessed")
    assert any(each.startswith("anchor/time-stamp-1.tsr: ") for each in verdict.checked)
    assert "The record at size 5 is the beginning of this one." in verdict.checked
