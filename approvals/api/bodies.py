"""What agents send: parser, check and schema in one (design: API page)."""

from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta

from approvals.services.submission import Submission
from govapp.common.api.bodies import RequestBody
from govapp.common.errors import FieldError, Invalid
from govapp.common.ids import InvalidId, parse_public_id

CategoryKey = Annotated[
    str,
    Meta(
        max_length=100,
        pattern=r"^[a-z0-9_-]+(\.[a-z0-9_-]+)*$",
        description="The kind of action, dotted.",
        examples=["payments.transfer"],
    ),
]
Money = Annotated[
    str,
    Meta(max_length=40, pattern=r"^-?[0-9]+(\.[0-9]+)?$", description="A decimal number."),
]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$", description="ISO 4217.")]
Traceparent = Annotated[
    str,
    Meta(
        pattern=r"^([0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})?$",
        description="W3C Trace Context.",
    ),
]


class Source(RequestBody, frozen=True):
    """Something that the agent relied on."""

    kind: Annotated[str, Meta(min_length=1, max_length=50)]
    title: Annotated[str, Meta(max_length=300)] = ""
    uri: Annotated[str, Meta(max_length=2000)] = ""
    digest: Annotated[str, Meta(max_length=200)] = ""


class Cost(RequestBody, frozen=True):
    """What something costs, in money, in tokens, or both."""

    amount: Money | None = None
    currency: Currency | None = None
    tokens: Annotated[int, Meta(ge=0, le=2**53 - 1)] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what was given."""
        given = {"amount": self.amount, "currency": self.currency, "tokens": self.tokens}
        return {name: value for name, value in given.items() if value is not None}


class ActionRequestSubmission(RequestBody, frozen=True):
    """What the agent wants to do. Only category, summary and payload are required."""

    category: CategoryKey
    summary: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=500,
            pattern=r"\S",
            description="The consequence in one sentence, on one line, for who decides.",
            examples=["Pay EUR 48,200 to Northwind for invoice 1123"],
        ),
    ]
    payload: Annotated[
        dict[str, Any],
        Meta(
            description="Exactly what will be executed; the approval is bound to its digest.",
            examples=[{"amount": "48200.00", "currency": "EUR"}],
        ),
    ]
    reason: Annotated[str, Meta(max_length=5000)] = ""
    sources: Annotated[list[Source], Meta(max_length=50)] = []
    confidence: Annotated[float, Meta(ge=0, le=1)] | None = None
    environment: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,49}$")] = "production"
    integration: Annotated[
        str,
        Meta(
            max_length=100,
            pattern=r"^([a-z0-9][a-z0-9._-]*)?$",
            description="The system that it is done on. The approval is bound to it.",
            examples=["acme-bank"],
        ),
    ] = ""
    run: Annotated[
        str,
        Meta(
            max_length=100,
            pattern=r"^[!-~]*$",
            description="The task that it belongs to: the id of a run, or your own name for it."
            " Rules may count its actions, and look at the labels of the data in a run.",
            examples=["invoices-2026-11-21"],
        ),
    ] = ""
    step: Annotated[
        str,
        Meta(
            max_length=100,
            pattern=r"^[!-~]*$",
            description="The key of the step of that run whose output it acts on; without one,"
            " everything in the run counts as flowing into it.",
        ),
    ] = ""
    estimated_cost: Cost | None = None
    on_behalf_of: Annotated[str, Meta(max_length=200)] = ""
    delegation: Annotated[
        str,
        Meta(
            max_length=100,
            pattern=r"^(gov_dg_[0-9A-Za-z_]+)?$",
            description="The token of the delegation that you act under.",
        ),
    ] = ""
    traceparent: Traceparent = ""
    supersedes: (
        Annotated[
            str,
            Meta(
                pattern="^ar_[0-9a-z]{26}$",
                description="The request that was sent back and that this one replaces.",
            ),
        ]
        | None
    ) = None
    callback: (
        Annotated[
            str,
            Meta(
                pattern="^wh_[0-9a-z]{26}$",
                description="A registered endpoint that is told how it ends.",
            ),
        ]
        | None
    ) = None

    def to_submission(self) -> Submission:
        """Return what the service takes. Raises `Invalid` for an id that is none."""
        return Submission(
            category=self.category,
            summary=self.summary,
            payload=self.payload,
            reason=self.reason,
            sources=tuple(_source(each) for each in self.sources),
            confidence=_thousandths(self.confidence),
            environment=self.environment,
            integration=self.integration,
            run=self.run,
            step=self.step,
            delegation=self.delegation,
            estimated_cost=self.estimated_cost.to_dict() if self.estimated_cost else None,
            on_behalf_of=self.on_behalf_of,
            traceparent=self.traceparent,
            supersedes=_ident("ar", "supersedes", self.supersedes),
            callback_endpoint=_ident("wh", "callback", self.callback),
        )


class Cancellation(RequestBody, frozen=True):
    """Why the agent no longer wants to act."""

    reason: Annotated[str, Meta(max_length=2000)] = ""


class UndoAsked(RequestBody, frozen=True):
    """Why the agent takes an action back."""

    reason: Annotated[str, Meta(max_length=4000)] = ""


class Redemption(RequestBody, frozen=True):
    """The permission, as the system that executes received it."""

    token: Annotated[str, Meta(min_length=1, max_length=8000, description="The JWS.")]
    redeemed_by: Annotated[
        str, Meta(max_length=200, description="The system that is about to execute.")
    ] = ""


class ExecutionReport(RequestBody, frozen=True):
    """What became of the permission."""

    outcome: Literal["succeeded", "failed", "rolled_back"]
    note: Annotated[str, Meta(max_length=4000)] = ""
    cost: Cost | None = None


def _source(source: Source) -> dict[str, str]:
    given = {
        "kind": source.kind, "title": source.title, "uri": source.uri, "digest": source.digest,
    }  # fmt: skip
    return {name: value for name, value in given.items() if value}


def _thousandths(number: float | None) -> Decimal | None:
    return None if number is None else Decimal(str(number)).quantize(Decimal("0.001"))


def _ident(prefix: str, field: str, text: str | None) -> UUID | None:
    if text is None:
        return None
    try:
        return parse_public_id(prefix, text)
    except InvalidId as error:
        raise Invalid(
            "The body is not valid.", errors=[FieldError(f"/{field}", str(error))]
        ) from error
