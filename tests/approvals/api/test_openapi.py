"""The schema: what the code says, what the repository says, and what the server does."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client

from govapp.common.api.schema_views import schema_documents

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def schema() -> Any:
    return yaml.safe_load(schema_documents()[1])


def test_the_committed_schema_is_what_the_code_generates() -> None:
    # After a change: manage.py spectacular --file openapi.yaml
    assert (ROOT / "openapi.yaml").read_bytes() == schema_documents()[1]


def test_the_schema_is_valid_and_without_warnings(tmp_path: Path) -> None:
    made = tmp_path / "openapi.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(made))
    assert made.read_bytes() == schema_documents()[1]


def test_the_schema_names_what_there_is_and_nothing_else(schema: Any) -> None:
    operations = {
        f"{verb.upper()} {path}" for path, verbs in schema["paths"].items() for verb in verbs
    }
    assert {each for each in operations if "/audit/" not in each} == {
        "GET /.well-known/jwks.json",
        "GET /api/v1/action-requests",
        "POST /api/v1/action-requests",
        "POST /api/v1/action-requests/preview",
        "GET /api/v1/action-requests/events",
        "GET /api/v1/action-requests/{request_id}",
        "POST /api/v1/action-requests/{request_id}/cancel",
        "GET /api/v1/action-requests/{request_id}/comments",
        "POST /api/v1/action-requests/{request_id}/comments",
        "POST /api/v1/action-requests/{request_id}/grant",
        "POST /api/v1/action-requests/{request_id}/execution",
        "POST /api/v1/action-requests/{request_id}/undo",
        "POST /api/v1/runs",
        "GET /api/v1/runs/{run_id}",
        "POST /api/v1/runs/{run_id}/steps",
        "POST /api/v1/runs/{run_id}/close",
        "POST /api/v1/spend",
        "GET /api/v1/budgets",
        "GET /api/v1/status-list",
        "GET /api/v1/action-requests/{request_id}/explanation",
        "POST /api/v1/grants/redeem",
        "POST /api/v1/guardrails/check",
        "GET /api/v1/delegations",
        "POST /api/v1/delegations",
        "POST /api/v1/delegations/{delegation_id}/revoke",
        "GET /api/v1/policies",
        "GET /api/v1/policies/live",
        "POST /api/v1/policies/check",
        "GET /api/v1/policies/drafts",
        "POST /api/v1/policies/drafts",
        "GET /api/v1/policies/drafts/{draft_id}",
        "PUT /api/v1/policies/drafts/{draft_id}",
        "DELETE /api/v1/policies/drafts/{draft_id}",
        "POST /api/v1/policies/drafts/{draft_id}/submit",
        "POST /api/v1/policies/preview",
        "GET /api/v1/policies/approvers",
        "GET /api/v1/vault/key",
        "POST /api/v1/vault/key/rotate",
        "POST /api/v1/policies/simulations",
        "GET /api/v1/policies/simulations/{simulation_id}",
        "GET /api/v1/policies/simulations/{simulation_id}/changes",
        "POST /api/v1/policies/simulations/{simulation_id}/cancel",
        "GET /api/v1/policies/{version_id}",
        "POST /api/v1/policies/{version_id}/reviews",
        "POST /api/v1/policies/{version_id}/publish",
        "POST /api/v1/policies/{version_id}/withdraw",
    }
    assert schema["openapi"] == "3.1.0"


def test_an_unknown_field_is_forbidden_by_the_schema_as_well(schema: Any) -> None:
    assert schema["components"]["schemas"]["ActionRequestSubmission"]["required"] == [
        "category", "summary", "payload",
    ]  # fmt: skip
    assert schema["components"]["schemas"]["ActionRequestSubmission"]["additionalProperties"] is (
        False
    )


@pytest.mark.django_db
def test_the_schema_and_its_page_are_served_without_the_outside() -> None:
    as_json = Client().get("/api/v1/openapi.json")
    assert (as_json.status_code, as_json.json()["openapi"]) == (200, "3.1.0")
    assert Client().get("/api/v1/openapi.yaml").content == schema_documents()[1]
    page = Client().get("/api/v1/docs")
    text = page.content.decode()
    assert page.status_code == 200
    assert "https://" not in text
    assert "<style" not in text
    assert text.count("<script") == text.count("<script defer src=") == 2
    assert "script-src 'self'" in page["Content-Security-Policy"]
