"""What held an agent besides the rules is named in plain words, with the event behind it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from approvals.models import ActionRequest
from approvals.services.guardrails import publish_guardrails, save_guardrails
from audit.explain import Audience, Explanation, Sentence, explain_request
from audit.models import LedgerEvent
from govapp.common.ids import public_id
from govapp.common.tenancy import tenant_transaction
from tenants.models import Tenant
from tenants.services.autonomy import set_autonomy
from tenants.services.budget_rules import Terms, set_budget
from tenants.services.kill import resume, throw
from tests.approvals.chains import make_chain
from tests.approvals.documents import rule, rules
from tests.approvals.editable import PAYLOAD, change, open_fields
from tests.approvals.world import FOUR_EYES, World, make_world, policy, stage

pytestmark = pytest.mark.django_db

ASKS_BY_DEFAULT: dict[str, Any] = {
    **policy(stage("finance")),
    "default": "require_approval",
    "default_flow": "payments",
    "rules": [{"id": "all", "when": {"category": "payments.transfer"}, "then": "allow"}],
}
CUT = "Carl revoked what planner had handed buyer: Wrong supplier.. 1 more under it ended with it."
NOT_APPROVED = "Why was it not approved?"
IBAN = "DE89370400440532013000"


def explained(world: World, request: ActionRequest, audience: Audience) -> Explanation:
    with tenant_transaction(world.company.id):
        return explain_request(request.pk, audience)


def answer(told: Explanation, question: str) -> Sentence:
    """The first sentence of the answer to a question."""
    found = {each.question: each.sentences for each in told.why_not}
    return found[question][0]


def section(told: Explanation, title: str) -> list[str]:
    return [each.text for part in told.sections if part.title == title for each in part.sentences]


def events_named(world: World, sentence: Sentence) -> list[str]:
    """The types of the events to which a sentence points."""
    with tenant_transaction(world.company.id):
        types = {public_id("ev", each.pk): each.type for each in LedgerEvent.objects.all()}
    return [types[each] for each in sentence.events]


def throw_for(scope: str, ref: str = "") -> Callable[[World], None]:
    def act(world: World) -> None:
        chosen = world.agent.public_id if scope == "agent" else ref
        throw(actor=world.company.olivia, scope=scope, ref=chosen, reason="It pays twice")

    return act


def recommend(world: World) -> None:
    set_autonomy(
        actor=world.company.olivia, agent=world.agent, pattern="payments.*", level="recommend",
        reason="It is new.",
    )  # fmt: skip


def recommend_all(world: World) -> None:
    set_autonomy(
        actor=world.company.olivia, agent=None, pattern="*", level="recommend", reason="Quiet.",
    )  # fmt: skip


def one_a_day(world: World) -> None:
    set_budget(
        actor=world.company.olivia, scope="tenant", measure="count", period="day",
        terms=Terms(Decimal(1), "halt"),
    )  # fmt: skip


def guard(action: str) -> Callable[[World], None]:
    def act(world: World) -> None:
        document = {"rules": [{"id": "r", "kind": "pii", "action": action}]}
        Tenant.objects.update(single_person_publishing=True)
        made = save_guardrails(actor=world.company.carl, document=document, revision=0)
        publish_guardrails(actor=world.company.carl, revision=made.revision, attestation="Read.")

    return act


@pytest.mark.parametrize(
    ("holds", "begins", "affected", "behind"),
    [
        (throw_for("tenant"), "A kill switch stopped it: The kill switch for everything in this",
         "The organisation had stopped this software", "kill_switch.thrown"),
        (throw_for("agent"), "A kill switch stopped it: The kill switch for the agent payer was",
         "The organisation had stopped this software", "kill_switch.thrown"),
        (throw_for("category", "payments.*"),
         "A kill switch stopped it: The kill switch for every category under payments",
         "The organisation had stopped this software", "kill_switch.thrown"),
        (recommend, "The agent's autonomy does not go so far: payer only recommends below",
         "The software may only recommend this", "agent.autonomy_set"),
        (recommend_all, "The agent's autonomy does not go so far: payer only recommends everywhere",
         "The software may only recommend this", "agent.autonomy_set"),
        (one_a_day, "A budget held it back: ", "What the software may spend or do",
         "budget.exceeded"),
        (guard("refuse"), "A guardrail held it back: The guardrails refuse it: IBAN at",
         "What the software wrote holds something", "guardrails.published"),
    ],
    ids=["everything", "the agent", "the category", "autonomy", "autonomy of all", "budget",
         "guardrail"],
)  # fmt: skip
def test_why_it_was_not_approved_names_what_held_it(
    holds: Callable[[World], None], begins: str, affected: str, behind: str
) -> None:
    world = make_world(rules(rule("all", "allow")))
    with tenant_transaction(world.company.id):
        holds(world)
    if behind == "budget.exceeded":
        world.submit()  # what it is enough for
    request = world.submit(payload={"amount": "900.00", "to": IBAN})
    assert request.status == "blocked"
    told = explained(world, request, Audience.OFFICER)
    said = answer(told, NOT_APPROVED)
    assert said.text.startswith(begins)
    assert events_named(world, said) == ["action_request.blocked", behind]
    assert told.outcome == "It was blocked, whatever the rules say."
    assert section(told, "What held it besides the rules") == [said.text]
    plain = explained(world, request, Audience.AFFECTED)
    first = answer(plain, NOT_APPROVED)
    assert first.text.startswith(affected)
    assert "payer" not in first.text
    assert events_named(world, first) == ["action_request.blocked", behind]
    assert section(plain, "What the rules say")[0] == first.text


@pytest.mark.parametrize(
    ("holds", "begins", "behind"),
    [
        (lambda world: set_autonomy(
            actor=world.company.olivia, agent=world.agent, pattern="payments.transfer",
            level="ask", reason="It is new."),
         "The agent's autonomy does not go so far: payer always asks", "agent.autonomy_set"),
        (lambda world: set_budget(
            actor=world.company.olivia, scope="tenant", measure="count", period="day",
            terms=Terms(Decimal(1), "ask")),
         "A budget held it back: ", "budget.exceeded"),
        (guard("ask"), "A guardrail held it back: ", "guardrails.published"),
    ],
    ids=["autonomy", "budget", "guardrail"],
)  # fmt: skip
def test_why_a_person_had_to_decide_names_what_wanted_one(
    holds: Callable[[World], None], begins: str, behind: str
) -> None:
    world = make_world(ASKS_BY_DEFAULT)
    with tenant_transaction(world.company.id):
        holds(world)
    if behind == "budget.exceeded":
        world.submit()  # what it is enough for
    request = world.submit(payload={"amount": "900.00", "to": IBAN})
    assert request.status == "pending"
    told = explained(world, request, Audience.OFFICER)
    said = answer(told, "Why was it not allowed without a person?")
    assert said.text.startswith(begins)
    assert events_named(world, said) == ["action_request.submitted", behind]


def test_what_wanted_a_person_is_still_named_after_an_approver_changed_the_action() -> None:
    world = open_fields(make_world(ASKS_BY_DEFAULT))
    with tenant_transaction(world.company.id):
        set_autonomy(
            actor=world.company.olivia, agent=world.agent, pattern="payments.transfer",
            level="ask", reason="It is new.",
        )  # fmt: skip
    request = world.submit(payload=PAYLOAD)
    change(world, world.company.alice, request)
    told = explained(world, request, Audience.OFFICER)
    said = answer(told, "Why was it not allowed without a person?")
    assert said.text == (
        "The agent's autonomy does not go so far: payer always asks a person in payments.transfer."
    )
    assert events_named(world, said) == ["action_request.changed", "agent.autonomy_set"]
    assert section(told, "What held it besides the rules") == [said.text]


def test_a_cut_in_the_chain_is_named_with_who_cut_it() -> None:
    chain = make_chain(2)
    chain.revoke(chain.handed[0].delegation, chain.world.company.carl, "Wrong supplier.")
    request = chain.submit("clerk", chain.handed[-1].token)
    said = answer(explained(chain.world, request, Audience.OFFICER), NOT_APPROVED)
    assert said.text.startswith("The delegation under which the agent acted did not allow it: The")
    assert events_named(chain.world, said) == ["action_request.blocked", "delegation.revoked"]
    assert said.details == (CUT,)
    plain = answer(explained(chain.world, request, Audience.AFFECTED), NOT_APPROVED)
    assert plain.text == (
        "The software acted for other software, which had not handed on the right to do this."
    )


def test_a_chain_that_is_too_narrow_is_named_with_what_was_handed_on() -> None:
    chain = make_chain(1, categories=["mails.*"])
    request = chain.submit("buyer", chain.handed[-1].token)
    said = answer(explained(chain.world, request, Audience.OFFICER), NOT_APPROVED)
    assert said.text.startswith("The delegation under which the agent acted did not allow it: ")
    assert events_named(chain.world, said) == ["action_request.blocked", "delegation.created"]


def test_what_waits_and_is_stopped_says_so_until_it_is_let_go_on() -> None:
    world = make_world(FOUR_EYES)
    request = world.submit()
    with tenant_transaction(world.company.id):
        switch = throw(
            actor=world.company.olivia, scope="category", ref="payments.*", reason="It pays twice"
        )
        throw(actor=world.company.olivia, scope="category", ref="mails.*", reason="Spam")
    question = "Why is it not decided yet?"
    said = answer(explained(world, request, Audience.OFFICER), question)
    assert said.text.startswith(
        "Olivia threw the kill switch for every category under payments: It"
    )
    assert said.text.endswith("Until that ends, nobody can approve it.")
    assert events_named(world, said) == ["kill_switch.thrown"]
    plain = answer(explained(world, request, Audience.AFFECTED), question)
    assert plain.text.startswith("The organisation has stopped this software, or this kind")
    with tenant_transaction(world.company.id):
        resume(actor=world.company.carl, switch=switch, reason="It is mended")
    said = answer(explained(world, request, Audience.OFFICER), question)
    assert said.text == "It is still open: not everybody has answered."


def test_a_rule_that_denies_is_named_beside_what_held_it() -> None:
    world = make_world(rules(rule("never", "deny")))
    with tenant_transaction(world.company.id):
        recommend(world)
    request = world.submit()
    found = explained(world, request, Audience.OFFICER).why_not[0]
    assert found.sentences[0].text.partition(":")[0] == ("The agent's autonomy does not go so far")
    assert any("(rule never)" in each.text for each in found.sentences)
