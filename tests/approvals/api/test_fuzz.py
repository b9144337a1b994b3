"""Whatever the schema lets one send, and what it does not: never a fault of ours."""

from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from approvals.models import PolicyVersion
from approvals.policies import dump_policy
from approvals.selectors.policies import compiled
from approvals.services.drafts import create_draft
from approvals.services.simulations import start_simulation
from govapp.common.tenancy import tenant_transaction
from govapp.wsgi import application
from tenants.services.tokens import issue_token
from tests.approvals.api.agents import make_caller
from tests.approvals.world import World
from tests.support.committed import CommittedDatabase

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 12


def operations() -> Any:
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)


def rules_to_meet(world: World) -> tuple[dict[str, str], dict[str, str]]:
    """Return the ids of a draft and a version, and the headers of a member who may write."""
    carl = world.company.carl
    with tenant_transaction(world.company.id):
        draft = create_draft(actor=carl, source="version: 1\n")
        version = PolicyVersion.objects.get()
        simulation = start_simulation(actor=carl, source=dump_policy(compiled(version)))
        _, text = issue_token(actor=carl, label="fuzz", lifetime=timedelta(days=1))
    idents = {
        "draft_id": draft.public_id,
        "version_id": version.public_id,
        "simulation_id": simulation.public_id,
    }
    return idents, {"Authorization": f"Bearer {text}"}


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_input_makes_a_fault_or_an_answer_that_the_schema_does_not_know(
    mode: GenerationMode, committed_db: CommittedDatabase
) -> None:
    world, caller = make_caller()
    idents, member = rules_to_meet(world)
    idents["request_id"] = caller.submit().json()["id"]
    idents["run_id"] = caller.post("/api/v1/runs", {"key": "fuzz"}).json()["id"]
    handed = caller.post(
        "/api/v1/delegations", {"to": world.agent.public_id, "expires_in": 3600}
    ).json()
    idents["delegation_id"] = handed["id"]
    seen = 0

    for found in operations().get_all_operations():
        operation = found.ok()
        if "/audit/" in operation.path:
            continue

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        def call(case: Any) -> None:
            nonlocal seen
            seen += 1
            for name in case.path_parameters or {}:
                if seen % 2:
                    case.path_parameters[name] = idents[name]
            ours = member if "/policies" in case.path else caller.headers
            case.call_and_validate(headers=ours, checks=CHECKS)

        try:
            call()
        except Unsatisfiable:
            # Nothing can be sent to this operation that its schema does not know.
            assert mode is GenerationMode.NEGATIVE
    assert seen > 10 * EXAMPLES / 2
