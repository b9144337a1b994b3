"""Tasks of the demo bank's agents that are told step by step, and calls of a model."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from approvals.demo import refusals
from approvals.demo.doing import submit, submit_and_do
from approvals.demo.stories import Story
from approvals.demo.systems import BANK, MAIL, PERSONAL, REGISTER
from approvals.enums import ModelCallStatus
from approvals.gateway.faults import Fault
from approvals.gateway.tokens import usage_in
from approvals.gateway.whole import guard_answer
from approvals.models import Run
from approvals.services.gateway import Ticket, open_call
from approvals.services.gateway_closing import Outcome, close_call
from approvals.services.runs import Step, add_steps, close_run, start_run
from approvals.services.submission import Submission
from govapp.common import outgoing
from govapp.common.receivers import may_go_to
from govapp.common.tenancy import tenant_transaction
from tenants.models import Credential

if TYPE_CHECKING:
    from approvals.demo.history import Player

_SECONDS: Final = 10.0
_MOST_BYTES: Final = 100_000
# Asked of the model, the last one with what may not leave.
QUESTIONS: Final = (
    "Write a short answer to a customer who asks when a new card arrives.",
    "Put this into one sentence: the fee was charged twice and has been paid back.",
    "Explain to the customer how to use the key " + "AKIA" + "IOSFODNN7EXAMPLE.",
)
_INVOICES: Final = (
    Step(
        "inbox", "retrieval", title="Invoices that are due on Friday", integration=BANK,
        source={"kind": "mailbox", "title": "Treasury inbox", "uri": "imap://treasury/inbox"},
        labels=("public",),
    ),
    Step("orders", "memory_read", title="Purchase orders of this quarter"),
    Step(
        "match", "model_call", title="Hold each invoice against its order",
        inputs=("inbox", "orders"), model="demo-large", tokens_in=6100, tokens_out=420,
        cost={"amount": "0.004", "currency": "EUR"},
    ),
    Step("list", "synthesis", title="What is to be paid", inputs=("match",)),
)  # fmt: skip
_COMPLAINT: Final = (
    Step(
        "file", "retrieval", title="The file of customer 1187", integration=REGISTER,
        source={"kind": "record", "title": "Customer 1187", "uri": "crm://customers/1187"},
        labels=(PERSONAL,),
    ),
    Step("terms", "retrieval", title="Price list of this year", labels=("public",)),
    Step(
        "draft", "model_call", title="Draft an answer", inputs=("file", "terms"),
        model="demo-small", tokens_in=2900, tokens_out=260,
        cost={"amount": "0.002", "currency": "EUR"},
    ),
)  # fmt: skip


def pay_what_is_due(player: Player) -> None:
    """A task that ended well: four steps, one payment that was made, and a fifth step about it."""
    run = _start(player, "treasury-agent", "invoices-friday", "Pay what is due on Friday")
    _tell(player, run, *_INVOICES)
    made = submit_and_do(
        player,
        Story(
            "treasury-agent",
            Submission(
                category="payments.transfer",
                summary="Pay EUR 740.50 to Lumen Office Supplies for invoice 6120",
                payload=refusals.payment(
                    "740.50", "Lumen Office Supplies", "FR1420041010050500013M02606"
                ),
                reason="Invoice 6120 is due on Friday and matches its purchase order.",
                integration=BANK,
                run=run.public_id,
                step="list",
            ),
        ),
    )
    paid = Step("paid", "tool_call", title="Paid", inputs=("list",), integration=BANK,
                request=made.public_id)  # fmt: skip
    player.later(player.at + timedelta(minutes=1), partial(_tell, player, run, paid))
    player.later(player.at + timedelta(minutes=2), partial(_close, player, run))


def answer_a_complaint(player: Player) -> None:
    """A task that is held: what is in the customer's file may not go out by mail."""
    run = _start(player, "support-agent", "complaint-884", "Answer complaint 884")
    _tell(player, run, *_COMPLAINT)
    answer = replace(
        refusals.PROMISE.submission,
        summary="Send “About your complaint” to customer 1187",
        payload=refusals.mail("1187", "About your complaint", "You were charged twice; sorry."),
        reason="The customer complained about a fee.",
        integration=MAIL,
        run=run.public_id,
        step="draft",
        on_behalf_of="customer 1187",
    )
    made = submit(player, Story("support-agent", answer))
    held = Step("mail", "tool_call", title="Send the answer", inputs=("draft",),
                integration=MAIL, result="stopped", request=made.public_id)  # fmt: skip
    _tell(player, run, held)


def ask_the_model(player: Player) -> None:
    """Ask through the gateway, in a task of its own; what may not leave is refused before."""
    run = _start(player, "support-agent", "answers-today", "Answers to customers")
    for question in QUESTIONS:
        body: dict[str, Any] = {
            "model": "demo-small",
            "messages": [{"role": "user", "content": question}],
        }
        _ask(player, run, body)


def _ask(player: Player, run: Run, body: dict[str, Any]) -> None:
    tenant_id, agent = player.company.tenant.pk, player.company.agents["support-agent"]
    with tenant_transaction(tenant_id):
        key = Credential.objects.get(agent=agent, revoked_at=None)
        ticket = open_call(
            agent=agent, credential_id=key.pk, kind="chat", body=body, run=run.public_id
        )
    if not isinstance(ticket, Fault):
        close_call(tenant_id=tenant_id, call_id=ticket.call_id, outcome=_carried_out(ticket))


def _carried_out(ticket: Ticket) -> Outcome:
    """Send a call on, as the gateway does in its event loop, and look through the answer."""
    answer = outgoing.post(
        ticket.url,
        ticket.body,
        {"authorization": f"Bearer {ticket.keys[-1]}", "content-type": "application/json"},
        may_go_to=may_go_to,
        seconds=_SECONDS,
        at_most=_MOST_BYTES,
    )
    said = json.loads(answer.body)
    _, findings = guard_answer(said, ticket.rules, category=ticket.asked.category)
    return Outcome(ModelCallStatus.ANSWERED, usage_in(said), findings=findings)


def _start(player: Player, agent: str, key: str, title: str) -> Run:
    with tenant_transaction(player.company.tenant.pk):
        return start_run(agent=player.company.agents[agent], key=key, title=title)


def _tell(player: Player, run: Run, *steps: Step) -> None:
    with tenant_transaction(player.company.tenant.pk):
        add_steps(agent=run.agent, run_id=run.pk, steps=steps)


def _close(player: Player, run: Run) -> None:
    with tenant_transaction(player.company.tenant.pk):
        close_run(agent=run.agent, run_id=run.pk, outcome="succeeded", note="Paid and booked.")
