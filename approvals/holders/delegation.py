"""What a delegation holds a submission to, when the agent acts under one."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from approvals.delegating.links import NAMES_A_LINK, Link, chain_allows, links_of, why_cut
from approvals.delegating.narrowing import TOO_DEEP, Wanted
from approvals.holders.asked import Asked
from approvals.holders.budgets import cost_of, moved_of
from approvals.leash import Held, Refusal
from approvals.models import ActionCategory
from approvals.policies.decimals import read_decimal

UNKNOWN: Final = "delegation_unknown"
# The same words for both: a token that somebody found tells them nothing.
UNKNOWN_WORDS: Final = (
    "The delegation that was named is not known, or was given to another agent."
    " Ask whoever handed the task on for it."
)
KNOWN_AS: Final = "delegation"


def held(asked: Asked) -> Held:
    """Return what refuses the submission: the chain is not its agent's, is cut, or too narrow."""
    if not asked.submission.delegation:
        return Held()
    known: dict[str, Any] = asked.known.get(KNOWN_AS) or {}
    links = links_of(known)
    if not links or links[-1].taker.id != asked.agent.public_id:
        return Held((Refusal(UNKNOWN, UNKNOWN_WORDS),))
    if cut := why_cut(links, asked.now):
        return Held((Refusal(cut.code, cut.sentence),))
    return Held((*_depth(links, known["most"]), *_width(links, asked)))


def wanted_money(
    category: ActionCategory | None,
    payload: Mapping[str, Any],
    cost: Mapping[str, Any] | None,
) -> Mapping[str, Decimal] | None:
    """Return what counts in the budgets of a chain, by currency; None when nothing is said.

    The same that counts in the account's budgets: what the action moves, and what doing it costs.
    An estimate below nothing stays so, and is refused.
    """
    below = read_decimal((cost or {}).get("amount"))
    if below is not None and below < 0:
        return {"": below}
    return (moved_of(category, payload) + cost_of(cost)).money or None


def is_of_chain(refusal: Refusal) -> bool:
    """Whether a delegation refused it; a budget can be exceeded that is none of a delegation's."""
    return refusal.code.startswith("delegation_") or refusal.sentence.startswith(NAMES_A_LINK)


def too_deep(links: tuple[Link, ...], most: int) -> str:
    """Say that a task was handed on too often for this account; empty when it was not."""
    if len(links) <= most:
        return ""
    return f"The task was handed on {len(links)} times; at most {most} are allowed here."


def _depth(links: tuple[Link, ...], most: int) -> tuple[Refusal, ...]:
    said = too_deep(links, most)
    return (Refusal(TOO_DEEP, said),) if said else ()


def _width(links: tuple[Link, ...], asked: Asked) -> tuple[Refusal, ...]:
    submission = asked.submission
    money = wanted_money(asked.category, submission.payload, submission.estimated_cost)
    wanted = Wanted(submission.category, asked.now, submission.integration, money)
    return tuple(Refusal(each.code, each.sentence) for each in chain_allows(links, wanted))
