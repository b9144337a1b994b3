"""Handing rights on from agent to agent (design: API page, "Delegations")."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Final, Literal
from uuid import UUID

import msgspec
from drf_spectacular.utils import OpenApiParameter, extend_schema
from msgspec import UNSET, Meta, UnsetType
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.api.base import ApiView
from approvals.api.bodies import Currency, Money
from approvals.api.delegation_links import DelegationLink, DelegationParty, links_answer
from approvals.delegating.links import chain_of
from approvals.delegating.narrowing import amount_words
from approvals.models import Delegation
from approvals.selectors.delegations import (
    Direction,
    chain_ids,
    get_delegation,
    list_delegations,
    status_of,
)
from approvals.services.delegations import (
    DelegationRefused,
    Handed,
    Wish,
    create_delegation,
    note_refused_use,
    note_refused_wish,
    revoke_delegation,
)
from govapp.common import clock
from govapp.common.api.bodies import RequestBody, parse_body
from govapp.common.api.converters import PublicIdConverter
from govapp.common.api.openapi import EVERYWHERE, WITH_BODY, problems
from govapp.common.api.pagination import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    Position,
    next_link,
    page_answer,
)
from govapp.common.api.problems import CONTENT_TYPE, problem_body
from govapp.common.api.views import read_limit
from govapp.common.errors import FieldError, Invalid, Malformed, NotFound
from govapp.common.ids import InvalidId, parse_public_id, public_id
from tenants.models import Agent
from tenants.scopes import Scope

_ID: Final = OpenApiParameter(
    "delegation_id",
    {"type": "string", "pattern": "^dg_[0-9a-z]{26}$"},
    OpenApiParameter.PATH,
    description="The delegation.",
)
_DIRECTION: Final = OpenApiParameter(
    "direction",
    {"type": "string", "enum": ["in", "out"]},
    description="What was handed to this agent, or what it handed on; both without it.",
)
_CURSOR: Final = OpenApiParameter("cursor", {"type": "string"}, description="`next_cursor`.")
_LIMIT: Final = OpenApiParameter(
    "limit",
    {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    description="Rows a page.",
)
_Pattern = Annotated[str, Meta(max_length=100, pattern=r"^[a-z0-9_-]+(\.[a-z0-9_-]+)*(\.\*)?$")]
_System = Annotated[str, Meta(max_length=100, pattern=r"^[a-z0-9][a-z0-9._-]*$")]


class DelegationIdConverter(PublicIdConverter):
    """`dg_…`."""

    prefix = "dg"


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
                description="What all requests under it may cost together, by currency (ISO 4217).",
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


class Delegations(ApiView):
    """`/api/v1/delegations`."""

    scopes: ClassVar[Mapping[str, Scope]] = {"GET": Scope.READ, "POST": Scope.DELEGATE}
    honours_delegation = True  # what is handed on is part of it

    @property
    def known_parameters(self) -> tuple[str, ...]:  # type: ignore[override]
        return () if self.request.method == "POST" else ("direction", "cursor", "limit")

    @extend_schema(
        operation_id="delegations_create",
        summary="Hand rights on to another agent",
        request=DelegationWish,
        responses={201: DelegationAnswer, **problems(*WITH_BODY)},
    )
    def post(self, request: Request) -> Response:
        """Give another agent part of what this one has: a token that it sends along."""
        body = parse_body(request.data, DelegationWish)
        wish = body.to_wish()
        under = bound_to(request, body.under, "/under")
        try:
            handed = create_delegation(
                actor=self.agent, credential_id=_credential_of(request), wish=wish, under=under
            )
        except DelegationRefused as refusal:
            if refusal.claim is None:
                note_refused_wish(by=self.agent, to=wish.to, code=refusal.code, why=refusal.detail)
            return refused(self.agent, refusal)
        return Response(_handed(handed), status=201)

    @extend_schema(
        operation_id="delegations_list",
        summary="List what was handed to this agent, and what it handed on",
        parameters=[_DIRECTION, _CURSOR, _LIMIT],
        responses={200: DelegationPage, **problems(*EVERYWHERE)},
    )
    def get(self, request: Request) -> Response:
        """Page through with `next_cursor` or the `Link` header."""
        query = request.query_params
        cursor = query.get("cursor")
        page = list_delegations(
            self.agent,
            direction=_direction(query.get("direction")),
            after=None if cursor is None else Position.from_cursor(cursor),
            limit=read_limit(query),
        )
        now = clock.now()
        following = page.next_position.to_cursor() if page.next_position else None
        response = Response(page_answer([answer_of(row, now) for row in page.rows], following))
        if following is not None:
            response["Link"] = next_link(request.path, query, following)
        return response


class DelegationRevoke(ApiView):
    """`/api/v1/delegations/{id}/revoke`."""

    scopes: ClassVar[Mapping[str, Scope]] = {"POST": Scope.DELEGATE}
    honours_delegation = True  # for what is under it

    @extend_schema(
        operation_id="delegations_revoke",
        summary="Cut a delegation and everything under it",
        parameters=[_ID],
        request=DelegationRevocation,
        responses={200: DelegationAnswer, **problems(*WITH_BODY)},
    )
    def post(self, request: Request, delegation_id: UUID) -> Response:
        """From now on nothing is done under it: by whoever handed it on, or above it."""
        body = parse_body(request.data, DelegationRevocation)
        _require_under_token(request, delegation_id)
        revoke_delegation(actor=self.agent, delegation_id=delegation_id, reason=body.reason)
        return Response(answer_of(get_delegation(delegation_id), clock.now()))


def _credential_of(request: Request) -> UUID:
    holder: Any = request.user  # an agent: the view has seen to that
    ident: UUID = holder.credential_id
    return ident


def bound_to(request: Request, token: str, pointer: str) -> str:
    """Return the delegation that a request comes under: that of its access token, or the one sent.

    Raises `Invalid` when there are both.
    """
    bound: UUID | None = getattr(request.user, "delegation_id", None)
    if bound is None:
        return token
    if token:
        detail = "The access token is bound to a delegation already: leave this out."
        raise Invalid(detail, errors=[FieldError(pointer, detail)])
    return public_id("dg", bound)


def _require_under_token(request: Request, delegation_id: UUID) -> None:
    bound: UUID | None = getattr(request.user, "delegation_id", None)
    if bound is not None and bound not in chain_ids(get_delegation(delegation_id).path):
        raise NotFound("There is no such delegation.")


def refused(agent: Agent, refusal: DelegationRefused) -> Response:
    """Answer a refusal, and keep it in the record: so it is returned here, and not raised."""
    if refusal.claim is not None:
        note_refused_use(refusal.claim, by=agent, code=refusal.code, why=refusal.detail)
    return Response(problem_body(refusal), status=403, content_type=CONTENT_TYPE)


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


def _handed(handed: Handed) -> DelegationAnswer:
    answer = answer_of(get_delegation(handed.delegation.pk), handed.delegation.created_at)
    answer.chain = links_answer(chain_of(handed.links))
    answer.token = handed.token
    return answer


def _direction(text: str | None) -> Direction | None:
    match text:
        case None:
            return None
        case "in":
            return "in"
        case "out":
            return "out"
    raise Malformed("Write in or out.", errors=[FieldError("direction", "Write in or out.")])


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
