"""Every error is a problem document, whoever raises it."""

from typing import Any

import pytest
from django.test import Client

from govapp.common.api.parsers import MAX_BYTES
from tests.approvals.api.agents import URL, make_caller
from tests.common.api.test_parsers import HOSTILE

pytestmark = pytest.mark.django_db


def problem(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["instance"] == f"urn:govapp:request:{response['X-Request-Id']}"
    assert set(body) - {"errors"} == {"type", "title", "status", "detail", "instance"}
    return body


@pytest.mark.parametrize(
    "path",
    ["/api/", "/api/v1/", "/api/v2/action-requests", f"{URL}/", f"{URL}/ar_short", f"{URL}/x"],
)
def test_an_unknown_address(path: str) -> None:
    assert problem(Client().get(path), 404)["type"] == "urn:govapp:problem:not_found"


def test_a_page_that_does_not_exist_stays_a_page() -> None:
    assert Client().get("/nothing-here")["Content-Type"].startswith("text/html")


def test_an_unknown_method_is_told_the_known_ones() -> None:
    _, caller = make_caller()
    response = Client().delete(URL, headers=caller.headers)
    problem(response, 405)
    assert response["Allow"] == "GET, POST, HEAD, OPTIONS"
    problem(Client().post("/api/v1/openapi.json"), 405)
    problem(Client().post("/.well-known/jwks.json"), 405)


def test_an_answer_that_nobody_can_give() -> None:
    _, caller = make_caller()
    problem(caller.get(URL, accept="text/html"), 406)
    problem(caller.get(f"{URL}/events", accept="application/json"), 406)


def test_a_body_that_is_not_json() -> None:
    _, caller = make_caller()
    headers = caller.headers | {"Idempotency-Key": "one"}
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        problem(Client().generic("POST", URL, b"x", kind, headers=headers), 415)


def test_a_body_that_is_no_object() -> None:
    _, caller = make_caller()
    headers = caller.headers | {"Idempotency-Key": "one"}
    response = Client().generic("POST", URL, b"[]", "application/json", headers=headers)
    assert problem(response, 400)["detail"] == "The body has to be a JSON object."


def test_hostile_bodies_through_the_door() -> None:
    _, caller = make_caller()
    headers = caller.headers | {"Idempotency-Key": "one"}
    statuses = {
        name: Client().generic("POST", URL, body, "application/json", headers=headers).status_code
        for name, body, _ in HOSTILE
        if body
    }
    assert statuses == {
        name: 413 if len(body) > MAX_BYTES else 400 for name, body, _ in HOSTILE if body
    }


def test_an_unknown_parameter_beside_a_body() -> None:
    _, caller = make_caller()
    problem(caller.post(f"{URL}?dry_run=1", {}), 400)
