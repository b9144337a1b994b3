"""The tenant's guardrails on a text or a payload, without a request. Nothing is written."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from drf_spectacular.utils import extend_schema
from msgspec import Meta
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.api.base import ApiView
from approvals.api.bodies import CategoryKey
from approvals.guarding import UNUSABLE
from approvals.guardrails import RuleSet, cleaned, scan, weigh
from approvals.guardrails.limits import CHARACTERS, FINDINGS_KEPT
from approvals.guardrails.rules import ACTIONS
from approvals.selectors.guardrails import live_rules
from govapp.common.api.bodies import RequestBody, parse_body
from govapp.common.api.openapi import WITH_BODY, problems
from govapp.common.errors import Conflict, FieldError, Invalid
from tenants.scopes import Scope

_ONE: str = "Send either a text or a payload."


class GuardrailCheck(RequestBody, frozen=True):
    """What to look through: a text or a payload, as a submission of this category."""

    text: Annotated[str, Meta(max_length=CHARACTERS)] | None = None
    payload: Annotated[dict[str, Any], Meta(description="Pointers begin with /payload.")] | None = (
        None
    )
    category: CategoryKey | Literal[""] = ""


class GuardrailResult(msgspec.Struct):
    """One finding: where it stands, and never what stands there.

    `start` and `end` count code points of the text that `pointer` leads to; `in_name` is whether
    it stands in the name of that member. `action` is what the rule asks for.
    """

    kind: Literal["pii", "secret", "topic", "injection", "hidden_text", "output"]
    detector: str
    pointer: Annotated[str, Meta(description="A JSON pointer; empty for a text by itself.")]
    start: int
    end: int
    severity: Literal["low", "medium", "high"]
    sample: Annotated[str, Meta(description="What stands in its place in a redacted copy.")]
    rule: str
    action: Literal["refuse", "ask", "mask", "warn"]
    in_name: bool


class GuardrailAnswer(msgspec.Struct):
    """What the guardrails find, what follows, and a copy in which all of it is masked."""

    version: Annotated[int, Meta(description="0 for the rules that everybody begins with.")]
    action: Annotated[
        Literal["refuse", "ask", "mask", "warn"] | None,
        Meta(description="The strictest that any finding asks for; null when there is none."),
    ]
    findings: list[GuardrailResult]
    total: Annotated[int, Meta(description="How many there are; at most 100 are given.")]
    redacted: Annotated[Any, Meta(description="A text or an object, as was sent.")]


class GuardrailChecks(ApiView):
    """`/api/v1/guardrails/check`."""

    scopes = {"POST": Scope.SUBMIT}

    @extend_schema(
        operation_id="guardrails_check",
        summary="Look through a text or a payload",
        request=GuardrailCheck,
        responses={200: GuardrailAnswer, **problems(*WITH_BODY, 409)},
    )
    def post(self, request: Request) -> Response:
        """Answer what the guardrails find. The same look is taken at every submission."""
        body = parse_body(request.data, GuardrailCheck)
        if (body.text is None) == (body.payload is None):
            raise Invalid(_ONE, errors=[FieldError("/text", _ONE)])
        rules = live_rules()
        if rules is None:
            raise Conflict(UNUSABLE, code="guardrails_unusable")
        if body.text is not None:
            return Response(_answer(body.text, rules, body.category))
        answer = _answer({"payload": body.payload}, rules, body.category)
        if isinstance(answer.redacted, dict):
            answer.redacted = answer.redacted["payload"]
        return Response(answer)


def results_of(trace: Mapping[str, Any]) -> list[GuardrailResult]:
    """Return the findings that a request keeps."""
    kept = (trace.get("guardrails") or {}).get("findings", ())
    return [GuardrailResult(**each) for each in kept]


def _answer(value: Any, rules: RuleSet, category: str) -> GuardrailAnswer:
    found = scan(value, rules, category=category)
    gravest = sorted(found, key=lambda each: ACTIONS.index(each.action))[:FINDINGS_KEPT]
    return GuardrailAnswer(
        version=rules.number,
        action=weigh(found).action,
        findings=[GuardrailResult(**each.to_dict()) for each in gravest],
        total=len(found),
        redacted=cleaned(value, rules, category=category, all_actions=True),
    )
