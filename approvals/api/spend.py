"""What agents spend, and what is left for them."""

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Final, Literal

import msgspec
import rfc8785
from drf_spectacular.utils import OpenApiParameter, extend_schema
from msgspec import Meta
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.api.base import IDEMPOTENCY_KEY, ApiView, idempotency_key
from approvals.api.bodies import CategoryKey, Currency
from approvals.selectors.bookable import require_bookable
from approvals.selectors.categories import cost_class_of
from approvals.services.idempotency import Answer, answer_once
from govapp.common.api.bodies import RequestBody, parse_body
from govapp.common.api.openapi import EVERYWHERE, WITH_BODY, problems
from govapp.common.api.problems import CONTENT_TYPE
from govapp.common.errors import FieldError, Invalid, Malformed
from tenants.api.scopes import check_category
from tenants.budgets import Spend
from tenants.scopes import Scope
from tenants.selectors.budgets import Purpose, Standing, read_standings
from tenants.services.spend import book_spend, note_refused_spend

Amount = Annotated[str, Meta(description="A decimal number, of the measure's unit.")]
Integration = Annotated[str, Meta(max_length=100, pattern=r"^([a-z0-9][a-z0-9._-]*)?$")]
Run = Annotated[str, Meta(max_length=100, pattern=r"^[!-~]*$")]
_NAMES: Final = ("category", "integration", "run")
_PARAMETERS: Final = [
    OpenApiParameter("category", str, description="Also budgets for actions of this category."),
    OpenApiParameter("integration", str, description="Also budgets for this integration."),
    OpenApiParameter("run", str, description="Also budgets for this run."),
]


class SpendBooking(RequestBody, frozen=True):
    """What was spent: money, tokens or both, and on what."""

    amount: Annotated[str, Meta(max_length=20, pattern=r"^[0-9]+(\.[0-9]{1,6})?$")] | None = None
    currency: Currency | None = None
    tokens: Annotated[int, Meta(ge=0, le=10**15)] = 0
    category: CategoryKey | Literal[""] = ""
    integration: Integration = ""
    run: Run = ""
    note: Annotated[str, Meta(max_length=200, pattern=r"^[^\n\r\x00]*$")] = ""

    def to_spend(self) -> Spend:
        """Return what was spent. Raises `Invalid` for nothing, and for money of no currency."""
        if (self.amount is None) != (self.currency is None):
            said = "Money is an amount and a currency: send both."
            raise Invalid(said, errors=[FieldError("/currency", said)])
        if self.amount is None and not self.tokens:
            said = "Say how much: an amount with its currency, tokens, or both."
            raise Invalid(said, errors=[FieldError("/amount", said)])
        money = {self.currency: Decimal(self.amount)} if self.amount and self.currency else {}
        return Spend(money, self.tokens)


class BudgetState(msgspec.Struct):
    """A budget that is about this agent, and what is left of it in its present window."""

    id: str
    name: Annotated[str, Meta(description="The budget in words.")]
    scope: Literal["tenant", "agent", "integration", "category", "run"]
    measure: Annotated[str, Meta(description="money:EUR (ISO 4217), tokens or count.")]
    period: Literal["run", "hour", "day", "week", "month"]
    limit: Amount
    reserved: Annotated[str, Meta(description="Held for what is asked for and not done yet.")]
    settled: Annotated[str, Meta(description="Spent.")]
    left: Amount
    on_exceed: Literal["warn", "ask", "throttle", "halt"]
    warn_at: Annotated[int | None, Meta(description="Percent of the limit; null: never.")]
    begins_anew_at: Annotated[datetime | None, Meta(description="Null for a run's.")]


class BudgetList(msgspec.Struct):
    """All of them; the tightest decides."""

    data: list[BudgetState]


class SpendAnswer(msgspec.Struct):
    """What was booked, and how the budgets that are about it stand now."""

    id: str
    booked_at: datetime
    budgets: list[BudgetState]


class SpendView(ApiView):
    """`/api/v1/spend`."""

    scopes: ClassVar[Mapping[str, Scope]] = {"POST": Scope.SPEND}

    @extend_schema(
        operation_id="spend_book",
        summary="Book what was spent",
        parameters=[IDEMPOTENCY_KEY],
        request=SpendBooking,
        responses={201: SpendAnswer, **problems(*WITH_BODY, 409)},
    )
    def post(self, request: Request) -> Response:
        """Book what no report of an action says, on what you were granted, or were allowed or
        approved for. It is spent already, so no budget refuses it; what passes a limit is held
        against what you ask for next."""
        key = idempotency_key(request.headers)
        body = parse_body(request.data, SpendBooking)
        if body.category:
            check_category(request, body.category)
        holder: Any = request.user  # an agent: the view has seen to that
        purpose = Purpose(
            self.agent.pk, body.category, body.integration, body.run, cost_class_of(body.category)
        )
        # A key that was used for a submission is not one of spending, whatever the bodies are.
        digest = f"spend:{hashlib.sha256(rfc8785.dumps(request.data)).hexdigest()}"
        answer = answer_once(
            agent=self.agent,
            key=key,
            body_digest=digest,
            produce=lambda: self._book(body, purpose, holder.categories),
        )
        if answer.status == 403 and not answer.replayed:
            note_refused_spend(agent=self.agent, purpose=purpose, why=answer.body["detail"])
        response = Response(answer.body, status=answer.status)
        if answer.status >= 400:
            response = Response(answer.body, status=answer.status, content_type=CONTENT_TYPE)
        if answer.replayed:
            response["Idempotency-Replayed"] = "true"
        return response

    def _book(self, body: SpendBooking, purpose: Purpose, opened: Collection[str]) -> Answer:
        require_bookable(self.agent, purpose, opened=opened)
        entry, _ = book_spend(
            agent=self.agent, spent=body.to_spend(), purpose=purpose, note=body.note
        )
        _, standings = read_standings(purpose)
        made = SpendAnswer(entry.public_id, entry.spent_at, [_state(each) for each in standings])
        return Answer(status=201, body=msgspec.to_builtins(made))


class BudgetsView(ApiView):
    """`/api/v1/budgets`."""

    scopes: ClassVar[Mapping[str, Scope]] = {"GET": Scope.READ}
    known_parameters = _NAMES

    @extend_schema(
        operation_id="budgets_list",
        summary="What is left",
        parameters=_PARAMETERS,
        responses={200: BudgetList, **problems(*EVERYWHERE)},
    )
    def get(self, request: Request) -> Response:
        """List the budgets that are about this agent, with what is left of each."""
        said: dict[str, Any] = {name: request.query_params.get(name, "") for name in _NAMES}
        if any(len(each) > 100 or "\0" in each for each in said.values()):
            raise Malformed("A name has at most 100 characters.")
        purpose = Purpose(self.agent.pk, **said, cost_class=cost_class_of(said["category"]))
        _, standings = read_standings(purpose)
        return Response(BudgetList([_state(each) for each in standings]))


def _state(standing: Standing) -> BudgetState:
    use = standing.as_use()
    return BudgetState(
        id=standing.public_id,
        name=standing.name,
        scope=standing.scope,  # type: ignore[arg-type]
        measure=standing.measure,
        period=standing.period,  # type: ignore[arg-type]
        limit=_plain(use.limit),
        reserved=_plain(use.reserved),
        settled=_plain(use.settled),
        left=_plain(use.left),
        on_exceed=standing.on_exceed,  # type: ignore[arg-type]
        warn_at=standing.warn_at,
        begins_anew_at=use.ends_at,
    )


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}" if amount else "0"
