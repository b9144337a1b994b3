"""Publishing while agents submit at full speed: each request has one version and fits it."""

import json
from threading import Event

from approvals.digests import payload_digest
from approvals.models import ActionRequest, PolicyVersion, Requirement
from approvals.services.policies import propose_policy, publish_policy
from govapp.common.ids import public_id
from govapp.common.tenancy import tenant_transaction
from tenants.enums import Role
from tenants.models import Membership
from tenants.services.people import add_member
from tests.approvals.documents import asks, rule, rules
from tests.approvals.world import Document, World, make_world
from tests.people import make_user
from tests.support.committed import CommittedDatabase

VERSIONS = 24
THREADS = 6
STATUS = {"allow": "allowed", "deny": "blocked", "require_approval": "pending"}


def document(number: int) -> Document:
    """The rules of the n-th version: a rule of its own, by turns of each outcome."""
    outcome = list(STATUS)[number % len(STATUS)]
    ident = f"v{number}"
    return rules(asks(ident) if outcome == "require_approval" else rule(ident, outcome))


def publish_all(world: World, publisher: Membership, done: Event) -> None:
    try:
        for number in range(2, VERSIONS + 1):
            with tenant_transaction(world.company.id):
                version = propose_policy(
                    actor=world.company.carl, source=json.dumps(document(number))
                )
            with tenant_transaction(world.company.id):
                publish_policy(actor=publisher, version=version, attestation="I have read it.")
    finally:
        done.set()


def submit_until(world: World, done: Event) -> int:
    count = 0
    while not done.is_set():
        world.submit()
        count += 1
    return count


def test_each_request_carries_one_version_and_fits_it(committed_db: CommittedDatabase) -> None:
    world = make_world(document(1))
    with tenant_transaction(world.company.id):
        dora = add_member(
            actor=world.company.olivia, user=make_user("dora"), roles=[Role.COMPLIANCE]
        )
    done = Event()
    outcomes = committed_db.at_once(
        [
            lambda: publish_all(world, dora, done),
            *[lambda: submit_until(world, done)] * THREADS,
        ]
    )
    assert [each for each in outcomes if isinstance(each, Exception)] == []
    assert outcomes[0] is None
    with tenant_transaction(world.company.id):
        requests = list(ActionRequest.objects.select_related("policy_version"))
        assert PolicyVersion.objects.count() == VERSIONS
        demanded = dict(Requirement.objects.values_list("request_id", "rule_id"))
    assert len(requests) == sum(each for each in outcomes if isinstance(each, int))
    assert len({request.policy_version_id for request in requests}) > VERSIONS // 2
    for request in requests:
        check_fit(world, request, demanded.get(request.pk))


def check_fit(world: World, request: ActionRequest, demanded: str | None) -> None:
    """What was decided, traced, demanded and bound is what this one version says."""
    version = request.policy_version
    assert version is not None
    (ruled,) = document(version.number)["rules"]
    assert request.status == STATUS[ruled["then"]]
    assert [each["rule_id"] for each in request.trace["rules"]] == [ruled["id"]]
    assert demanded == (ruled["id"] if request.status == "pending" else None)
    assert request.payload_digest == payload_digest(
        category=request.category_key,
        payload=request.payload,
        agent=world.agent.public_id,
        tenant=public_id("tn", world.company.id),
        environment=request.environment,
        policy_version=version.number,
    )
