"""An agent asks; it fails closed (domain page, sections 2 to 4)."""

from decimal import Decimal
from typing import Any

import pytest

from approvals.enums import RequestStatus, Verdict
from approvals.models import (
    ActionCategory,
    ActionRequest,
    PolicyVersion,
    Requirement,
    RequirementStage,
    Timer,
)
from approvals.services.submission import Submission, cancel_action, preview_action
from audit.models import LedgerEvent
from govapp.common.errors import Conflict, Forbidden, Invalid, NotFound
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tenants.enums import AgentStatus
from tenants.models import Agent, Membership
from tests.approvals.world import FOUR_EYES, Document, World, make_world, policy, stage
from tests.people import make_agent

pytestmark = pytest.mark.django_db

ALLOW: Document = {
    "version": 1,
    "default": "deny",
    "rules": [{"id": "small", "when": {"category": "payments.transfer"}, "then": "allow"}],
}
DENY: Document = {"version": 1, "default": "deny", "rules": []}


def count(world: World, *models: type[Any]) -> list[int]:
    with tenant_transaction(world.company.id):
        return [model.objects.count() for model in models]


def test_what_a_rule_allows_is_allowed_and_asks_nobody() -> None:
    world = make_world(ALLOW)
    request = world.submit()
    assert (request.status, request.version) == (RequestStatus.ALLOWED, 1)
    assert request.decided_at == request.submitted_at
    assert count(world, Requirement, RequirementStage, Timer) == [0, 0, 0]


def test_what_no_rule_matches_is_blocked_by_the_default() -> None:
    request = make_world(DENY).submit()
    assert request.status == RequestStatus.BLOCKED
    assert request.because == "no rule matches, so it is denied by default"


def test_without_a_live_policy_everything_is_blocked() -> None:
    request = make_world().submit()
    assert (request.status, request.because) == (
        "blocked", "There is no live policy, so everything is refused: compliance publishes one.",
    )  # fmt: skip
    assert request.policy_version is None


def test_a_policy_that_cannot_be_read_blocks_everything() -> None:
    world = make_world()
    with tenant_transaction(world.company.id):
        PolicyVersion.objects.create(
            number=1,
            status="live",
            source="",
            document={"version": 7},
            digest="sha256:unreadable",
            proposed_by=world.company.carl,
        )
    request = world.submit()
    assert (request.status, request.because) == (
        "blocked", "The live policy cannot be used: compliance publishes one that can.",
    )  # fmt: skip


def test_an_unknown_category_is_blocked() -> None:
    request = make_world(ALLOW).submit(category="payments.teleport")
    assert (request.status, request.category) == ("blocked", None)
    assert request.because == (
        "The category payments.teleport is not known here: name one of the page Categories, or have"
        " compliance make it."
    )


def test_an_archived_category_is_blocked() -> None:
    world = make_world(ALLOW)
    with tenant_transaction(world.company.id):
        ActionCategory.objects.update(is_archived=True)
    request = world.submit()
    assert request.because == (
        "The category payments.transfer is archived: name another one, or have compliance bring it"
        " back."
    )
    assert request.status == RequestStatus.BLOCKED


def test_a_paused_agent_is_blocked_although_the_caller_thinks_it_is_active() -> None:
    world = make_world(ALLOW)
    with tenant_transaction(world.company.id):
        Agent.objects.update(status=AgentStatus.PAUSED)
    request = world.submit()
    assert (request.status, request.because) == (
        "blocked", "The agent payer is paused: an owner lets it go on, on its page.",
    )  # fmt: skip


def test_a_payload_that_breaks_its_schema_is_blocked_and_not_repeated() -> None:
    request = make_world(ALLOW).submit(payload={"amount": "9,00 secret"})
    assert request.status == RequestStatus.BLOCKED
    assert request.because == (
        'The payload does not fit its schema: amount: the value does not match "^\\d+\\.\\d\\d$".'
    )


def test_a_schema_that_cannot_be_used_blocks() -> None:
    world = make_world(ALLOW)
    with tenant_transaction(world.company.id):
        ActionCategory.objects.update(payload_schema={"$ref": "https://example.com/schema"})
    request = world.submit()
    assert request.status == RequestStatus.BLOCKED
    assert "the schema of the category cannot be used" in request.because


def test_a_blocked_request_is_explained_in_the_record() -> None:
    world = make_world(DENY)
    request = world.submit()
    with tenant_transaction(world.company.id):
        types = LedgerEvent.objects.filter(request_id=request.pk).order_by("pk")
        assert list(types.values_list("type", flat=True)) == [
            "action_request.submitted",
            "action_request.blocked",
        ]


def test_the_digest_binds_everything_that_is_approved() -> None:
    world = make_world(FOUR_EYES)
    first = world.submit().payload_digest
    assert world.submit().payload_digest == first
    assert world.submit(summary="In other words").payload_digest == first
    others = {
        world.submit(payload={"amount": "900.01"}).payload_digest,
        world.submit(environment="staging").payload_digest,
        world.submit(category="payments.other").payload_digest,
        make_world(FOUR_EYES, slug="other").submit().payload_digest,
    }
    world.publish(FOUR_EYES)
    others.add(world.submit().payload_digest)
    assert len(others | {first}) == 6


def test_numbers_are_canonical_in_the_digest() -> None:
    world = make_world(FOUR_EYES)
    one = world.submit(payload={"amount": "1.00", "rate": 1.0})
    two = world.submit(payload={"rate": 1, "amount": "1.00"})
    assert one.payload_digest == two.payload_digest


@pytest.mark.parametrize(
    "payload",
    [{"n": 2**53}, {"n": float("nan")}, {"n": float("inf")}, {"t": "\0"}, {"t": "\ud800"}],
)
def test_a_payload_without_a_canonical_form_is_refused(payload: dict[str, object]) -> None:
    world = make_world(FOUR_EYES)
    with pytest.raises(Invalid) as caught:
        world.submit(payload=payload)
    assert [error.pointer for error in caught.value.errors] == ["/payload"]
    assert count(world, ActionRequest) == [0]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("summary", " "),
        ("summary", "x" * 501),
        ("summary", "a\0b"),
        ("summary", "Pay EUR 10\nApproved by Finance"),
        ("summary", "Pay EUR 10\r"),
        ("summary", "Pay EUR 10\u2028Approved by Finance"),
        ("category", ""),
        ("confidence", Decimal("1.01")),
        ("environment", "x" * 51),
        ("supersedes", new_id()),
        ("callback_endpoint", new_id()),
    ],
)
def test_what_cannot_be_stored_is_refused(field: str, value: object) -> None:
    world = make_world(FOUR_EYES)
    with pytest.raises(Invalid) as caught:
        world.submit(**{field: value})
    assert [error.pointer for error in caught.value.errors] == [
        f"/{field.removesuffix('_endpoint')}"
    ]


def test_only_a_request_that_ended_without_permission_is_superseded() -> None:
    world = make_world(FOUR_EYES)
    pending = world.submit()
    with pytest.raises(Invalid):
        world.submit(supersedes=pending.pk)
    world.vote(world.company.alice, pending, Verdict.RETURN, reason="Add the invoice")
    assert world.submit(supersedes=pending.pk).is_pending


def test_flows_are_frozen_at_submission() -> None:
    world = make_world(FOUR_EYES)
    request = world.submit()
    world.publish(ALLOW)
    with tenant_transaction(world.company.id):
        frozen = Requirement.objects.get(request=request)
        assert frozen.flow["stages"][0]["seats"] == [
            {"group": "finance", "count": 1},
            {"group": "risk", "count": 1},
        ]
    world.vote(world.company.alice, request)
    assert world.vote(world.company.bob, request).status == RequestStatus.APPROVED
    assert request.policy_version is not None
    assert request.policy_version.number == 1


def test_a_pending_request_keeps_the_whole_trace() -> None:
    world = make_world(policy(a=[stage("finance")], b=[stage("risk")]))
    request = world.submit()
    assert [(rule["rule_id"], rule["verdict"]) for rule in request.trace["rules"]] == [
        ("a", "matched"),
        ("b", "matched"),
    ]
    assert request.trace["outcome"] == "require_approval"


def test_a_preview_writes_nothing() -> None:
    world = make_world(FOUR_EYES)
    with tenant_transaction(world.company.id):
        before = LedgerEvent.objects.count()
        seen = preview_action(
            agent=world.agent,
            submission=Submission("payments.transfer", "Pay", {"amount": "1.00"}),
        )
        assert LedgerEvent.objects.count() == before
    assert (seen.outcome, [each.rule_id for each in seen.requirements]) == (
        "require_approval",
        ["payments"],
    )
    assert count(world, ActionRequest) == [0]


def test_a_preview_says_denied_where_a_submission_would_be_blocked() -> None:
    world = make_world(ALLOW)
    with tenant_transaction(world.company.id):
        seen = preview_action(agent=world.agent, submission=Submission("nothing", "Pay", {}))
    assert seen.outcome == "deny"
    assert seen.because.startswith("The category nothing is not known here: ")


def cancel(world: World, actor: Agent | Membership, request: ActionRequest) -> ActionRequest:
    with tenant_transaction(world.company.id):
        return cancel_action(actor=actor, request_id=request.pk, reason="not needed")


@pytest.mark.parametrize("who", ["agent", "olivia", "carl"])
def test_the_agent_its_owner_and_compliance_may_cancel(who: str) -> None:
    world = make_world(FOUR_EYES)
    request = world.submit()
    actor = world.agent if who == "agent" else getattr(world.company, who)
    done = cancel(world, actor, request)
    assert (done.status, done.decision_reason) == ("cancelled", "not needed")
    with pytest.raises(Conflict, match="has been cancelled by"):
        cancel(world, actor, request)


def test_others_may_not_cancel() -> None:
    world = make_world(FOUR_EYES)
    request = world.submit()
    with pytest.raises(Forbidden):
        cancel(world, world.company.alice, request)
    stranger, _ = make_agent(world.company, "stranger")
    with pytest.raises(NotFound):
        cancel(world, stranger, request)
    world.vote(world.company.alice, request)
    assert world.vote(world.company.bob, request).status == RequestStatus.APPROVED
