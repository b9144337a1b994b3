"""Requests judged before anything but rules held agents: read and decided as they were."""

from typing import Any

import psycopg
import pytest

from approvals.models import ActionRequest
from govapp.common.tenancy import tenant_transaction
from tests.approvals.api.agents import URL, Caller, make_caller
from tests.approvals.api.test_execution import approved, redeem
from tests.approvals.world import World
from tests.conftest import DATABASE
from tests.support.committed import CommittedDatabase
from tests.support.services import Services
from tests.tenants.systems import active_system, give

# What is kept of a judgement since then.
NEW = ("refusals", "demands", "warnings", "guardrails", "integration", "labels")


@pytest.fixture
def site(committed_db: CommittedDatabase) -> tuple[World, Caller]:
    return make_caller()


def rewrite(services: Services, change: str, value: Any) -> None:
    """Change what is written once, past the triggers that see to it."""
    with psycopg.connect(services.admin_url(DATABASE)) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute(change, [value])


def made_before(services: Services) -> None:
    """Leave of every request what was kept of it then."""
    rewrite(services, "UPDATE approvals_actionrequest SET trace = trace - %s::text[]", list(NEW))


def test_one_that_was_blocked_is_shown_with_its_reason(
    site: tuple[World, Caller], services: Services
) -> None:
    _, caller = site
    ident = caller.submit(category="nothing.known").json()["id"]
    made_before(services)
    body: dict[str, Any] = caller.get(f"{URL}/{ident}").json()
    assert (body["status"], body["decision"]["reason"]) == (
        "blocked",
        (
            "The category nothing.known is not known here: name one of the page Categories, or"
            " have compliance make it."
        ),
    )  # fmt: skip
    assert "reasons" not in body["decision"]
    assert caller.get(f"{URL}/{ident}/explanation").status_code == 200


def test_one_that_waits_is_decided_and_its_permission_used(
    site: tuple[World, Caller], services: Services
) -> None:
    world, caller = site
    caller.submit()
    made_before(services)
    with tenant_transaction(world.company.id):
        request = ActionRequest.objects.get()
    for member in (world.company.alice, world.company.bob):
        world.vote(member, request)
    granted = caller.post(f"{URL}/{request.public_id}/grant")
    assert granted.status_code == 201, granted.content
    assert redeem(granted.json()["token"]).status_code == 200
    assert caller.get(f"{URL}/{request.public_id}").json()["execution"]["state"] == "redeemed"


def test_one_on_a_system_that_nobody_registered_gets_its_permission_once_it_is_granted(
    site: tuple[World, Caller], services: Services
) -> None:
    world, caller = site
    url = approved(world, caller)
    rewrite(services, "UPDATE approvals_actionrequest SET integration = %s", "sap")
    refused = caller.post(f"{url}/grant")
    assert (refused.status_code, refused.json()["type"]) == (
        403, "urn:govapp:problem:integration_unknown",
    )  # fmt: skip
    assert refused.json()["detail"] == (
        "There is no integration sap: register it, or name another one."
    )
    with tenant_transaction(world.company.id):
        agent = ActionRequest.objects.select_related("agent").get().agent
        give(world.company, agent, active_system(world.company, "sap"))
    assert caller.post(f"{url}/grant").status_code == 201
