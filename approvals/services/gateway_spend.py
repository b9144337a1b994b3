"""What a call of a model holds of the budgets beforehand, and what it books afterwards."""

from decimal import Decimal
from typing import Final

from approvals.gateway.tokens import Usage
from approvals.models import ModelCall
from approvals.services.gateway_findings import Held
from tenants.budgets import Outcome, Spend
from tenants.budgets.words import line_words
from tenants.enums import SpendSource
from tenants.selectors.budgets import Purpose
from tenants.services import budgets

_CODES: Final = {
    Outcome.ASK: "budget_ask",
    Outcome.THROTTLE: "throttled",
    Outcome.HALT: "budget_exceeded",
}


def reserve_call(call: ModelCall, expected: Usage, cost: Decimal, currency: str) -> Held | None:
    """Hold what is expected; return what refuses it, None when it is held."""
    found = budgets.reserve(
        agent=call.agent,
        wanted=_spend(expected, cost, currency),
        holder=_holder(call),
        at=call.started_at,
        expires_at=call.started_at + budgets.HELD_FOR,
        purpose=Purpose(
            call.agent_id,
            category=f"model.{call.kind}",
            integration=call.integration,
            run=call.run_key,
        ),
    )
    if found.outcome not in _CODES or found.tightest is None:
        return None
    said = line_words(found.tightest)
    if found.outcome == Outcome.ASK:
        budgets.release(holder=_holder(call), reason="A person would be needed.")
        said = f"{said} Nobody can be asked about a call of a model."
    code = "budget_halted" if found.tightest.is_stopped else _CODES[found.outcome]
    return Held(code, said)


def settle_call(call: ModelCall, *, is_known: bool) -> None:
    """Book what was used; what is not known counts as everything that was held."""
    usage = Usage(call.asked_tokens, call.answered_tokens)
    spent = _spend(usage, call.cost, call.currency) if is_known else None
    budgets.settle(
        holder=_holder(call), spent=spent, source=SpendSource.GATEWAY, at=call.ended_at
    )  # fmt: skip


def give_back(call: ModelCall) -> None:
    """Give back what was held: nothing was used."""
    budgets.release(holder=_holder(call), reason="The call came to nothing.")


def _spend(usage: Usage, cost: Decimal, currency: str) -> Spend:
    return Spend({currency: cost} if cost else {}, usage.total, 1)


def _holder(call: ModelCall) -> str:
    return f"gw:{call.public_id}"
