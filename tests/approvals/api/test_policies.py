"""Policies over the API: read, written with `If-Match`, confirmed by somebody else."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from approvals.api import policy_simulations
from approvals.models import ActionRequest, PolicySimulation
from approvals.policies import load_policy
from approvals.services.simulation_runs import run_simulation
from govapp.common.tenancy import tenant_transaction
from tenants.enums import Role
from tenants.models import Membership
from tenants.services.people import add_member
from tenants.services.tokens import issue_token
from tests.approvals.world import FOUR_EYES, World, make_world
from tests.people import make_agent, make_user

pytestmark = pytest.mark.django_db

URL = "/api/v1/policies"
SOURCE = """\
# who lets money go
version: 1
default: deny
flows:
  four-eyes:
    stages:
      - name: Review
        seats: [{group: finance}, {group: risk}]  # two different people
        deadline: 4h
rules:
  - id: payments
    when: {category: payments.transfer}
    then: require_approval
    flow: four-eyes
"""
Say = Callable[..., Any]


@dataclass(frozen=True)
class Desk:
    """Carl proposes and Dora confirms; Alice only approves."""

    world: World
    carl: Say
    dora: Say
    alice: Say


@pytest.fixture
def desk() -> Desk:
    world = make_world(FOUR_EYES)
    company = world.company
    user = make_user("dora")
    with tenant_transaction(company.id):
        dora = add_member(actor=company.olivia, user=user, roles=[Role.COMPLIANCE])
        return Desk(world, caller(company.carl), caller(dora), caller(company.alice))


def caller(member: Membership) -> Say:
    _, text = issue_token(actor=member, label="tests", lifetime=timedelta(days=1))

    def say(method: str, path: str = "", body: Any = None, **headers: str) -> Any:
        kind = headers.pop("content_type", "application/json")
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        named["Authorization"] = f"Bearer {text}"
        return Client().generic(
            method, f"{URL}{path}", encode(body), content_type=kind, headers=named
        )

    return say


def encode(body: Any) -> bytes:
    import json

    return body.encode() if isinstance(body, str) else json.dumps(body or {}).encode()


def draft_of(desk: Desk, source: str = SOURCE) -> tuple[str, str]:
    made = desk.carl("POST", "/drafts", {"source": source, "title": "Money"})
    assert made.status_code == 201
    return f"/drafts/{made.json()['id']}", made["ETag"]


def test_a_text_goes_in_and_comes_out_as_it_was_written(desk: Desk) -> None:
    path, tag = draft_of(desk)
    assert desk.dora("GET", path, accept="application/yaml").content.decode() == SOURCE
    changed = SOURCE.replace("4h", "2h")
    saved = desk.dora("PUT", path, changed, content_type="application/yaml", if_match=tag)
    assert (saved.status_code, saved["ETag"], saved.json()["valid"]) == (200, '"r2"', True)
    assert saved.json()["saved_by"] == "Dora"
    assert desk.carl("GET", path, accept="application/yaml").content.decode() == changed


def test_a_json_document_keeps_the_comments_of_what_is_there(desk: Desk) -> None:
    path, tag = draft_of(desk)
    document = desk.carl("POST", "/check", {"source": SOURCE})
    assert document.status_code == 200
    normal = dict(load_policy(SOURCE).document)
    normal["default"] = "require_approval"
    normal["default_flow"] = "four-eyes"
    saved = desk.carl("PUT", path, {"document": normal}, if_match=tag)
    assert saved.status_code == 200
    assert "# who lets money go" in saved.json()["source"]
    assert "# two different people" in saved.json()["source"]
    assert saved.json()["sentences"][-1]["sentence"].startswith("When no rule matches: 1 from")


def test_a_write_names_what_it_started_from(desk: Desk) -> None:
    path, tag = draft_of(desk)
    without = desk.carl("PUT", path, {"source": SOURCE})
    assert (without.status_code, without.json()["type"]) == (
        428,
        "urn:govapp:problem:precondition_required",
    )
    assert desk.carl("PUT", path, {"source": SOURCE + "# a"}, if_match=tag).status_code == 200
    stale = desk.dora("PUT", path, {"source": SOURCE + "# b"}, if_match=tag)
    assert (stale.status_code, stale.json()["detail"][:13]) == (412, 'It is "r2" no')
    assert desk.dora("GET", path).json()["source"] == SOURCE + "# a"
    assert desk.dora("DELETE", path, if_match=tag).status_code == 412
    assert desk.dora("DELETE", path, if_match='"r2"').status_code == 204
    assert desk.dora("GET", "/drafts").json() == {"data": []}


def test_a_draft_need_not_be_a_policy_yet_but_says_what_is_wrong(desk: Desk) -> None:
    wrong = SOURCE.replace("4h", "soon")
    path, tag = draft_of(desk, wrong)
    shown = desk.carl("GET", path).json()
    assert (shown["valid"], shown["sentences"], shown["digest"]) == (False, [], None)
    assert [(each["pointer"], each["line"]) for each in shown["problems"]] == [
        ("/flows/four-eyes/stages/0/deadline", 9)
    ]
    refused = desk.carl("POST", f"{path}/submit", {"remark": "Now"}, if_match=tag)
    assert (refused.status_code, refused.json()["type"]) == (
        422,
        "urn:govapp:problem:invalid_policy",
    )


def test_somebody_else_confirms_and_then_it_is_live(desk: Desk) -> None:
    path, tag = draft_of(desk)
    made = desk.carl("POST", f"{path}/submit", {"remark": "Faster"}, if_match=tag)
    assert (made.status_code, made.json()["status"], made.json()["remark"]) == (
        201,
        "in_review",
        "Faster",
    )
    version = f"/{made.json()['id']}"
    assert made["Location"] == f"{URL}{version}"
    tag = desk.dora("GET", version)["ETag"]
    own = desk.carl("POST", f"{version}/publish", {"attestation": "Fine."}, if_match=tag)
    assert own.status_code == 403
    live = desk.dora("POST", f"{version}/publish", {"attestation": "Read."}, if_match=tag)
    assert (live.status_code, live.json()["status"]) == (200, "live")
    assert desk.alice("GET", "/live").json()["id"] == made.json()["id"]
    assert desk.alice("GET", "/live", accept="application/yaml").content.decode() == SOURCE
    again = desk.dora("POST", f"{version}/publish", {"attestation": "Read."}, if_match=tag)
    assert again.status_code == 412


def test_a_version_is_rejected_with_a_remark_or_withdrawn(desk: Desk) -> None:
    versions = []
    for _ in range(2):
        path, tag = draft_of(desk)
        made = desk.carl("POST", f"{path}/submit", if_match=tag)
        versions.append(
            (f"/{made.json()['id']}", desk.carl("GET", f"/{made.json()['id']}")["ETag"])
        )
    (first, tag), (second, other) = versions
    silent = desk.dora("POST", f"{first}/reviews", {"verdict": "reject"}, if_match=tag)
    assert (silent.status_code, silent.json()["errors"][0]["pointer"]) == (422, "/remark")
    body = {"verdict": "reject", "remark": "Not with one hour."}
    assert desk.dora("POST", f"{first}/reviews", body, if_match=tag).json()["status"] == "rejected"
    taken = desk.carl("POST", f"{second}/withdraw", {"remark": "Later"}, if_match=other)
    assert taken.json()["status"] == "withdrawn"
    listed = desk.alice("GET", "?limit=2").json()
    assert [row["status"] for row in listed["data"]] == ["withdrawn", "rejected"]
    assert listed["has_more"] is True


def test_only_compliance_writes_and_agents_are_sent_away(desk: Desk) -> None:
    refused = desk.alice("POST", "/drafts", {"source": SOURCE})
    assert refused.status_code == 403
    assert desk.alice("GET", "/drafts").status_code == 403
    _, key = make_agent(desk.world.company, name="other")
    answer = Client().get(URL, headers={"Authorization": f"Bearer {key}"})
    assert (answer.status_code, "gov_user_" in answer.json()["detail"]) == (403, True)
    assert Client().get(URL).status_code == 401


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({}, 422, "/source"),
        ({"source": SOURCE, "document": {}}, 422, "/source"),
        ({"document": {"version": 1}}, 422, "/document"),
        ({"sorce": SOURCE}, 400, "/sorce"),
    ],
)
def test_bad_bodies_say_what_to_do(
    desk: Desk, body: dict[str, Any], status: int, pointer: str
) -> None:
    answer = desk.carl("POST", "/check", body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (status, pointer)


def test_a_replay_is_ordered_watched_and_read(desk: Desk) -> None:
    desk.world.submit(summary="Pay nine hundred")
    ordered = desk.carl("POST", "/simulations", {"source": SOURCE, "period": "30d"})
    assert (ordered.status_code, ordered.json()["status"]) == (202, "queued")
    path = ordered["Location"].removeprefix(URL)
    with tenant_transaction(desk.world.company.id):
        simulation = PolicySimulation.objects.get()
    run_simulation(tenant_id=desk.world.company.id, simulation_id=simulation.pk)
    done = desk.carl("GET", path).json()
    assert (done["status"], done["total"], done["replayed"]) == ("done", 1, 1)
    assert done["figures"] is not None
    changes = desk.carl("GET", f"{path}/changes").json()
    assert (changes["has_more"], len(changes["data"])) == (False, done["figures"]["changes"]["all"])
    assert desk.carl("POST", f"{path}/cancel").status_code == 409
    assert desk.alice("GET", path).status_code == 403


def test_a_request_is_tried_out_under_other_rules_and_nothing_is_written(desk: Desk) -> None:
    request = {
        "category": "payments.transfer",
        "summary": "Pay",
        "payload": {"amount": "900.00"},
    }
    body = {"agent": desk.world.agent.public_id, "request": request}
    live = desk.carl("POST", "/preview", body)
    denied = SOURCE.replace("then: require_approval\n    flow: four-eyes", "then: deny")
    other = desk.carl("POST", "/preview", body | {"source": denied})
    assert [live.json()["outcome"], other.json()["outcome"]] == ["require_approval", "deny"]
    assert other.json()["policy"]["trace"][0]["verdict"] == "matched"
    with tenant_transaction(desk.world.company.id):
        assert ActionRequest.objects.count() == 0


def test_who_could_approve_is_answered_with_reasons(desk: Desk) -> None:
    found = desk.carl("GET", "/approvers?category=payments.transfer").json()["data"]
    assert {each["category"] for each in found} == {"payments.transfer"}
    assert all(each["can_be_completed"] for each in found)
    assert desk.alice("GET", "/approvers").status_code == 403


def test_not_everybody_is_judged_for_everything_at_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy_simulations, "_MOST_ANSWERS", 5)
    assert desk.carl("GET", "/approvers?rule=payments&category=x").json() == {"data": []}
    refused = desk.carl("GET", "/approvers")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "rule")


def test_remarks_name_people_and_are_for_those_who_may_ask(desk: Desk) -> None:
    body = {"source": SOURCE}
    assert [each("POST", "/check", body).status_code for each in (desk.carl, desk.alice)] == [
        200,
        403,
    ]


def test_what_a_version_does_is_said_in_sentences(desk: Desk) -> None:
    path, tag = draft_of(desk, SOURCE.replace("4h", "6h"))
    made = desk.carl("POST", f"{path}/submit", {}, if_match=tag).json()
    assert made["effect_reasons"] == [
        "Rule payments asks for “within 6 hours” instead of “within 4 hours” in stage review."
    ]
