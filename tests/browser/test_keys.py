"""An agent's keys by the hands of people: issued with limits, looked at, stopped in one press."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from govapp.common.tenancy import tenant_transaction
from tenants.models import Credential
from tenants.refusals import ScopeMissing
from tenants.scopes import Scope
from tenants.services.access import Shown, authenticate_key
from tenants.services.credentials import issue_credential
from tenants.services.key_limits import KeyLimits
from tenants.services.key_uses import note_key_use, note_refusal
from tests.browser.conftest import Visit
from tests.browser.demo import Demo
from tests.browser.test_pages import examine_widths

pytestmark = [pytest.mark.browser]


def limited_key(demo: Demo) -> Credential:
    """Issue a key with every limit, and leave a use and refusals of it."""
    company = demo.world.company
    limits = KeyLimits(
        scopes=("submit", "read"),
        categories=("payments.*", "notes.write"),
        networks=("192.0.2.0/24", "2001:db8::/32"),
    )
    with tenant_transaction(company.id):
        credential, text = issue_credential(
            actor=company.olivia, agent=demo.world.agent, label="vault",
            lifetime=timedelta(days=7), limits=limits,
        )  # fmt: skip
    holder = authenticate_key(Shown(text, address=lambda: "192.0.2.7"))
    assert holder is not None
    note_key_use(holder, address="192.0.2.7", scope="submit")
    for scope in (Scope.GRANT, Scope.REDEEM):
        note_refusal(ScopeMissing.of(holder, scope), address="2001:db8::7")
    return credential


def test_the_pages_of_keys(demo: Demo, visit: Visit) -> None:
    credential = limited_key(demo)
    agent = demo.world.agent.public_id
    window = visit(demo.world.company.olivia)
    wrong: list[str] = []
    for name, path in {
        "agent": f"agents/{agent}/?tab=keys",
        "agent-change": f"agents/{agent}/change",
        "key": f"agents/{agent}/keys/{credential.public_id}/",
        "key-leak": f"agents/{agent}/keys/{credential.public_id}/leak",
    }.items():
        page = window.go(f"/t/{demo.world.company.slug}/{path}")
        wrong += examine_widths(page, name, None)
    assert wrong == []
    assert window.faults == []


def test_a_leaked_key_is_stopped_in_one_press(demo: Demo, visit: Visit) -> None:
    credential = limited_key(demo)
    company = demo.world.company
    path = f"/t/{company.slug}/agents/{demo.world.agent.public_id}/keys/{credential.public_id}/"
    window = visit(company.carl)
    page = window.go(path)
    page.get_by_role("button", name="Stop the key and show what was done").click()
    expect(page.get_by_role("heading", name="In other hands")).to_be_visible()
    expect(page.get_by_text("is refused from now on")).to_be_visible()
    with tenant_transaction(company.id):
        assert Credential.objects.get(pk=credential.pk).revoked_at is not None
    assert window.faults == []
