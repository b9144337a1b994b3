"""`GET /api/v1/action-requests/{id}` without waiting, and cancelling."""

import pytest

from approvals.enums import Verdict
from approvals.models import ActionCategory, ActionRequest
from approvals.services.changes import approve_with_changes
from govapp.common.tenancy import bind_tenant, tenant_transaction
from tenants.models import Membership
from tests.approvals.api.agents import URL, Caller, make_caller, new_caller
from tests.approvals.world import World

pytestmark = pytest.mark.django_db


def submitted(world: World, caller: Caller) -> ActionRequest:
    ident = caller.submit().json()["id"]
    with tenant_transaction(world.company.id):
        made = ActionRequest.objects.get()
    assert made.public_id == ident
    return made


def test_what_was_submitted_can_be_read() -> None:
    _, caller = make_caller()
    made = caller.submit()
    response = caller.get(made["Location"])
    read = response.json()
    trace, total = read["policy"].pop("trace"), read["policy"].pop("trace_total")
    alone = {"superseded_by": [], "changes": [], "submitted_digest": read["payload_digest"]}
    assert (response.status_code, read) == (200, made.json() | alone)
    assert (trace, total) == (
        [
            {
                "id": "payments",
                "outcome": "require_approval",
                "verdict": "matched",
                "because": "it applies to payments.transfer",
                "values": {},
            }
        ],
        1,
    )
    assert response["Retry-After"] == "5"
    assert response["Cache-Control"] == "private, no-cache"


def test_a_vote_shows_what_is_still_missing() -> None:
    world, caller = make_caller()
    made = submitted(world, caller)
    world.vote(world.company.alice, made)
    assert caller.get(f"{URL}/{made.public_id}").json()["requirements"] == [
        {"rule": "payments", "satisfied": False, "missing": "1 from Risk"}
    ]


def test_an_approval_shows_who_decided() -> None:
    world, caller = make_caller()
    made = submitted(world, caller)
    for member in (world.company.alice, world.company.bob):
        world.vote(member, made)
    body = caller.get(f"{URL}/{made.public_id}").json()
    assert body["status"] == "approved"
    assert body["requirements"] == [{"rule": "payments", "satisfied": True, "missing": ""}]
    assert body["decision"]["outcome"] == "approved"
    assert body["decided_at"] is not None


def test_a_denial_shows_the_reason() -> None:
    world, caller = make_caller()
    made = submitted(world, caller)
    world.vote(world.company.alice, made, Verdict.DENY, reason="Wrong account")
    body = caller.get(f"{URL}/{made.public_id}").json()
    assert body["decision"] == {"outcome": "denied", "reason": "Wrong account", "by": "Alice"}


def test_an_unchanged_request_is_not_sent_again() -> None:
    world, caller = make_caller()
    made = submitted(world, caller)
    tag = caller.get(f"{URL}/{made.public_id}")["ETag"]
    again = caller.get(f"{URL}/{made.public_id}", if_none_match=f'"other", W/{tag}')
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
    world.vote(world.company.alice, made)
    changed = caller.get(f"{URL}/{made.public_id}", if_none_match=tag)
    assert changed.status_code == 200
    assert changed["ETag"] != tag


def test_a_request_can_be_taken_back_once() -> None:
    world, caller = make_caller()
    made = submitted(world, caller)
    url = f"{URL}/{made.public_id}/cancel"
    response = caller.post(url, {"reason": "Paid by hand"})
    assert response.status_code == 200
    assert response.json()["decision"] == {
        "outcome": "cancelled", "reason": "Paid by hand", "by": "caller",
    }  # fmt: skip
    again = caller.post(url)
    assert (again.status_code, again["Content-Type"]) == (409, "application/problem+json")
    assert caller.post(url, {"why": "?"}).status_code == 400


OTHERS = [
    ("get", ""),
    ("post", "/cancel"),
    ("post", "/grant"),
    ("post", "/execution"),
]


@pytest.mark.parametrize(("verb", "rest"), OTHERS)
def test_another_agents_request_does_not_exist(verb: str, rest: str) -> None:
    world, caller = make_caller()
    other = new_caller(world, "other")
    url = f"{URL}/{caller.submit().json()['id']}{rest}"
    body = {"outcome": "succeeded"} if rest == "/execution" else {}
    response = other.get(url) if verb == "get" else other.post(url, body)
    assert response.status_code == 404, response.content
    assert response.json()["detail"] == "There is no such action request."


@pytest.mark.parametrize(("verb", "rest"), OTHERS)
def test_another_tenants_request_does_not_exist(verb: str, rest: str) -> None:
    _, caller = make_caller()
    _, stranger = make_caller(slug="globex")
    url = f"{URL}/{caller.submit().json()['id']}{rest}"
    body = {"outcome": "succeeded"} if rest == "/execution" else {}
    response = stranger.get(url) if verb == "get" else stranger.post(url, body)
    unknown = f"{URL}/ar_00000000000000000000000000{rest}"
    nothing = stranger.get(unknown) if verb == "get" else stranger.post(unknown, body)
    assert (response.status_code, nothing.status_code) == (404, 404)
    del (answer := response.json())["instance"], (expected := nothing.json())["instance"]
    assert answer == expected
    assert caller.get(url.removesuffix(rest)).json()["status"] == "pending"


def test_another_agents_request_cannot_be_superseded() -> None:
    world, caller = make_caller()
    former = caller.submit(category="payments.unheard-of").json()["id"]
    assert new_caller(world, "other").submit(supersedes=former).status_code == 422


def change(world: World, member: Membership, made: ActionRequest, amount: str) -> ActionRequest:
    with bind_tenant(world.company.id):
        return approve_with_changes(
            member=member,
            request_id=made.pk,
            changes={"amount": amount},
            payload_digest=made.payload_digest,
            request_version=made.version,
        )


def test_what_approvers_changed_is_told_with_what_to_act_on() -> None:
    world, caller = make_caller()
    with tenant_transaction(world.company.id):
        ActionCategory.objects.update(editable_fields=["amount"])
    made = submitted(world, caller)
    changed = change(world, world.company.alice, made, "800.00")
    change(world, world.company.bob, changed, "700.00")
    body = caller.get(f"{URL}/{made.public_id}").json()
    assert body["changes"] == [
        {"field": "amount", "before": made.payload["amount"], "after": "700.00"}
    ]
    assert body["payload"] == made.payload | {"amount": "700.00"}
    assert body["submitted_digest"] == made.payload_digest != body["payload_digest"]
    (row,) = caller.get(URL).json()["data"]
    assert (row["payload_digest"], "changes" in row) == (body["payload_digest"], False)


def test_what_superseded_it_is_told() -> None:
    world, caller = make_caller()
    made = submitted(world, caller)
    world.vote(world.company.alice, made, Verdict.RETURN)
    later = caller.submit(supersedes=made.public_id).json()
    assert later["supersedes"] == made.public_id
    assert caller.get(f"{URL}/{made.public_id}").json()["superseded_by"] == [later["id"]]
