"""A change of policy in a real browser: its pages, and a weakening that two people confirm."""

import pytest
from playwright.sync_api import expect

from approvals.models import PolicyVersion, ShadowResult
from approvals.policies import dump_policy, parse_policy
from approvals.services.drafts import create_draft
from approvals.services.policies import (
    propose_policy,
    publish_policy,
    renew_version,
    start_shadow,
)
from govapp.common.tenancy import tenant_transaction
from tenants.enums import Role
from tenants.models import Membership, Tenant
from tenants.services.people import add_member
from tests.browser.conftest import Visit
from tests.browser.demo import Demo, document
from tests.browser.test_pages import examine_widths
from tests.people import make_user

pytestmark = pytest.mark.browser


def colleague(demo: Demo, name: str) -> Membership:
    company = demo.world.company
    with tenant_transaction(company.id):
        return add_member(
            actor=company.olivia, user=make_user(name, company.slug), roles=[Role.COMPLIANCE]
        )


def weaker_source(deadline: str = "12h") -> str:
    weaker = document()
    weaker["flows"]["large-payments"]["stages"][0]["deadline"] = deadline
    weaker["rules"][0]["when"]["conditions"]["value"] = "25000"
    return dump_policy(parse_policy(weaker))


def make_changes(demo: Demo) -> dict[str, str]:
    """Make a change of each kind; return the pages about them."""
    company = demo.world.company
    dora = colleague(demo, "dora")
    with tenant_transaction(company.id):
        Tenant.objects.update(weakening_reviewers=2)
        start_shadow(actor=company.carl, version=demo.draft)
        for request in (demo.pending, demo.approved):
            ShadowResult.objects.create(
                request=request, version=demo.draft, live_outcome="require_approval",
                outcome="deny", differs=True, because="No rule matches, so it is denied.",
            )  # fmt: skip
        weaker = propose_policy(actor=company.carl, source=weaker_source(), remark="More room")
        publish_policy(actor=dora, version=weaker, attestation="I have read every sentence.")
        stricter = document()
        stricter["flows"]["refunds"]["stages"][0]["deadline"] = "20m"
        next_one = propose_policy(
            actor=dora, source=dump_policy(parse_policy(stricter)), remark="Refunds sooner"
        )
        create_draft(actor=dora, source="version: 1\nrules: [", title="Night shifts")
        pages = {
            "home": "",
            "weakening": f"{weaker.public_id}/",
            "shadow": f"{demo.draft.public_id}/shadow",
            "compare": f"compare?old={demo.draft.public_id}&new={weaker.public_id}",
            "publish": f"{next_one.public_id}/publish",
        }
        publish_policy(actor=company.carl, version=next_one, attestation="Agreed.")
        draft = renew_version(actor=company.carl, version=weaker)
        return pages | {
            "overtaken": f"{weaker.public_id}/",
            "renewed": f"compare?old={next_one.public_id}&new={draft.public_id}",
            "archived": f"{PolicyVersion.objects.get(number=1).public_id}/",
        }


def test_every_page_of_a_change_is_accessible_and_silent(demo: Demo, visit: Visit) -> None:
    pages = make_changes(demo)
    visitor = visit(demo.world.company.carl)
    found: list[str] = []
    for name, path in pages.items():
        page = visitor.go(demo.url("policy/") + path)
        for details in page.locator("main details").all():
            details.evaluate("each => { each.open = true }")
        found += examine_widths(page, name, None)
    assert found == []
    assert visitor.faults == []


def test_a_weakening_is_confirmed_by_two_people(demo: Demo, visit: Visit) -> None:
    company = demo.world.company
    dora, erik = colleague(demo, "dora"), colleague(demo, "erik")
    with tenant_transaction(company.id):
        Tenant.objects.update(weakening_reviewers=2)
        version = propose_policy(actor=company.carl, source=weaker_source(), remark="More room")
    where = demo.url("policy/") + f"{version.public_id}/publish"

    page = visit(dora).go(where)
    expect(page.get_by_text("within 12 hours” instead of “within 4 hours").first).to_be_visible()
    page.get_by_role("button", name="Confirm version 3").click()
    expect(page.get_by_text("Your confirmation of version 3 is kept.")).to_be_visible()
    expect(page.get_by_text("Erik can confirm it")).to_be_visible()

    page = visit(erik).go(where)
    page.get_by_role("button", name="Publish version 3").click()
    expect(page.get_by_text("Version 3 is live from now on.")).to_be_visible()
