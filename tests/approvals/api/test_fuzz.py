"""Whatever the schema lets one send, and what it does not: never a fault of ours."""

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

from govapp.wsgi import application
from tests.approvals.api.agents import make_caller
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


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_input_makes_a_fault_or_an_answer_that_the_schema_does_not_know(
    mode: GenerationMode, committed_db: CommittedDatabase
) -> None:
    _, caller = make_caller()
    ident = caller.submit().json()["id"]
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
            if case.path_parameters and seen % 2:
                case.path_parameters["request_id"] = ident
            case.call_and_validate(headers=caller.headers, checks=CHECKS)

        try:
            call()
        except Unsatisfiable:
            # Nothing can be sent to this operation that its schema does not know.
            assert mode is GenerationMode.NEGATIVE
    assert seen > 10 * EXAMPLES / 2
