"""Delegations as agents say and read them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from approvals.api.bodies import Currency, Money
from approvals.api.delegation_links import DelegationLink, DelegationParty, links_answer
from approvals.delegating.links import chain_of
from approvals.delegating.narrowing import amount_words
from approvals.models import Delegation
from approvals.selectors.delegations import get_delegation, status_of
from approvals.services.delegations import Handed, Wish
from govapp.common.api.bodies import RequestBody
from govapp.common.errors import FieldError, Invalid
from govapp.common.ids import InvalidId, parse_public_id, public_id

_Pattern = Annotated[str, Meta(max_length=100, pattern=r"^[a-z0-9_-]+(\.[a-z0-9_-]+)*(\.\*)?$")]
_System = Annotated[str, Meta(max_length=100, pattern=r"^[a-z0-9][a-z0-9._-]*$")]


class DelegationWish(RequestBody, frozen=True):
    """What is handed on, to whom, and for how long. What is left out is as much as there is."""

    to: Annotated[str, Meta(pattern="^ag_[0-9a-z]{26}$", description="Another agent.")]
    expires_in: (
        Annotated[
            int,
            Meta(
                ge=60,
                le=366 * 86_400,
                description="Seconds. Needed where it is part of no other delegation.",
            ),
        ]
        | None
    ) = None
    categories: (
        Annotated[list[_Pattern], Meta(min_length=1, max_length=20, examples=[["payments.*"]])]
        | None
    ) = None
    integrations: Annotated[list[_System], Meta(min_length=1, max_length=20)] | None = None
    budget: (
        Annotated[
            dict[str, Money],
            Meta(
                min_length=1,
                max_length=10,
                description="What all requests under it may move and cost together, by currency.",
                examples=[{"EUR": "500.00"}],
            ),
        ]
        | None
    ) = None
    depth: Annotated[int, Meta(ge=0, le=7, description="How often it may be handed on.")] = 0
    purpose: Annotated[str, Meta(max_length=200)] = ""
    under: Annotated[
        str,
        Meta(
            max_length=100,
            pattern=r"^(gov_dg_[0-9A-Za-z_]+)?$",
            description="The token of the delegation that it is part of; without it, of the key.",
        ),
    ] = ""

    def to_wish(self) -> Wish:
        """Return what the service takes. Raises `Invalid`."""
        return Wish(
            to=_ident(self.to),
            lifetime=None if self.expires_in is None else timedelta(seconds=self.expires_in),
            categories=None if self.categories is None else tuple(self.categories),
            integrations=None if self.integrations is None else tuple(self.integrations),
            budget=None if self.budget is None else _amounts(self.budget),
            depth=self.depth,
            purpose=self.purpose,
        )


class DelegationRevocation(RequestBody, frozen=True):
    """Why it is cut."""

    reason: Annotated[str, Meta(max_length=500)] = ""


class DelegationMoney(msgspec.Struct):
    """What was given in a currency, and what came of it, all under it included."""

    amount: str
    reserved: str
    settled: str
    left: str


class DelegationAnswer(msgspec.Struct, kw_only=True):
    """A delegation as it stands now. `categories` and `integrations`: null for all there are."""

    id: str
    status: Literal["live", "revoked", "expired"]
    giver: DelegationParty = msgspec.field(name="from")
    taker: DelegationParty = msgspec.field(name="to")
    under: Annotated[str | None, Meta(description="The delegation that it is part of.")]
    depth: Annotated[int, Meta(description="1 for what comes from a key itself.")]
    depth_left: int
    categories: list[str] | None
    integrations: list[str] | None
    budget: dict[str, DelegationMoney] | None
    purpose: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    revoked_reason: str
    chain: Annotated[
        list[DelegationLink] | UnsetType, Meta(description="All links, the first one first.")
    ] = UNSET
    token: Annotated[
        str | UnsetType,
        Meta(description="For the agent it is given to. Shown once, and kept as a hash only."),
    ] = UNSET


class DelegationPage(msgspec.Struct):
    """A page of a list, newest first."""

    data: list[DelegationAnswer]
    next_cursor: str | None
    has_more: bool


def answer_of(delegation: Delegation, now: datetime) -> DelegationAnswer:
    """Return a delegation as agents see it. No statement for those from the selectors."""
    giver, taker = delegation.from_agent, delegation.to_agent
    budgets = {
        each.currency: DelegationMoney(
            amount=amount_words(each.amount),
            reserved=amount_words(each.reserved),
            settled=amount_words(each.settled),
            left=amount_words(each.amount - each.reserved - each.settled),
        )
        for each in sorted(delegation.budgets.all(), key=lambda each: each.currency)
    }
    return DelegationAnswer(
        id=delegation.public_id,
        status=status_of(delegation, now),
        giver=DelegationParty(giver.public_id, giver.name),
        taker=DelegationParty(taker.public_id, taker.name),
        under=public_id("dg", delegation.parent_id) if delegation.parent_id else None,
        depth=delegation.depth,
        depth_left=delegation.depth_left,
        categories=delegation.categories,
        integrations=delegation.integrations,
        budget=budgets or None,
        purpose=delegation.purpose,
        created_at=delegation.created_at,
        expires_at=delegation.expires_at,
        revoked_at=delegation.revoked_at,
        revoked_reason=delegation.revoked_reason,
    )


def handed_answer(handed: Handed) -> DelegationAnswer:
    """Return what was handed on, with its chain and its token."""
    answer = answer_of(get_delegation(handed.delegation.pk), handed.delegation.created_at)
    answer.chain = links_answer(chain_of(handed.links))
    answer.token = handed.token
    return answer


def _amounts(budget: Mapping[str, str]) -> dict[str, Decimal]:
    for currency in budget:
        try:
            msgspec.convert(currency, Currency)
        except msgspec.ValidationError:
            detail = "Name currencies as ISO 4217 does: EUR."
            raise Invalid(detail, errors=[FieldError("/budget", detail)]) from None
    return {currency: Decimal(amount) for currency, amount in budget.items()}


def _ident(text: str) -> UUID:
    try:
        return parse_public_id("ag", text)
    except InvalidId as error:
        raise Invalid("The body is not valid.", errors=[FieldError("/to", str(error))]) from error
