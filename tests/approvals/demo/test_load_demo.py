"""`manage.py load_demo`: the whole of it, small, and only once."""

import json
import stat
from io import StringIO
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command

from approvals.models import ActionRequest
from govapp.common.tenancy import tenant_transaction
from tenants.doors import tenant_by_slug
from tests.conftest import MoveClock

pytestmark = pytest.mark.django_db


def load() -> str:
    said = StringIO()
    call_command("load_demo", "--days", "8", "--a-day", "4", stdout=said, stderr=said)
    return said.getvalue()


def test_it_is_made_once_and_leaves_a_note(
    tmp_path: Path, settings: object, move_clock: MoveClock
) -> None:
    settings.STATE_DIR = tmp_path  # type: ignore[attr-defined]
    cache.clear()
    assert load().startswith("Demo tenant Meridian Bank: ")
    path = tmp_path / "demo.json"
    note = json.loads(path.read_text())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(note) == {
        "agent_key", "agents", "curl", "keys", "logins", "systems_port", "tenant",
    }  # fmt: skip
    assert sorted(note["keys"]) == [
        "deploy-agent", "ledger-agent", "records-agent", "support-agent", "treasury-agent",
    ]  # fmt: skip
    assert load() == "The demo tenant is there already.\n"
    tenant_id = tenant_by_slug.call("meridian")[0]["tenant_id"]
    with tenant_transaction(tenant_id):
        named = ActionRequest.objects.exclude(integration="")
        # What agents do on the systems is not refused for want of a grant, a check or a label.
        held = named.filter(status="blocked").exclude(trace__refusals=[])
        codes = {each.trace["refusals"][0]["code"] for each in held}
    assert codes <= {
        "budget_exceeded", "delegation_revoked", "guardrail_refused", "integration_not_granted",
        "integration_suspended", "killed", "labels_not_cleared", "retries_exhausted",
    }  # fmt: skip


def test_it_is_for_development(settings: object) -> None:
    settings.CLOCK_IS_SETTABLE = False  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match="for development"):
        call_command("load_demo")
