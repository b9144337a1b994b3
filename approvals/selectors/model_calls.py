"""Prices of models, calls through the gateway, and what ends one that runs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from django.db.models import Count, Q, Sum

from approvals.enums import ModelCallStatus
from approvals.gateway.faults import Fault
from approvals.gateway.prices import Price
from approvals.models import ModelCall, ModelPrice
from approvals.selectors.delegations import cut
from govapp.common.ids import InvalidId, parse_public_id
from govapp.common.tenancy import tenant_transaction
from tenants.enums import AgentStatus, IntegrationKind, IntegrationStatus
from tenants.models import Credential, Integration, Tenant
from tenants.reach import out_of_reach
from tenants.selectors.kill import killed_for
from tenants.selectors.reach import read_reach

MOST_SHOWN: Final = 50


@dataclass(frozen=True)
class Running:
    """A call that is being answered, as those look at it who may end it."""

    tenant_id: UUID
    call_id: UUID
    agent_id: UUID
    credential_id: UUID
    category: str
    integration: str
    delegation_id: UUID | None = None
    delegation_path: str = ""


def list_prices() -> list[Price]:
    """Return the tenant's prices."""
    return [
        Price(each.pattern, each.currency, each.asked, each.answered, each.most_output)
        for each in ModelPrice.objects.all()
    ]


def price_rows() -> Sequence[ModelPrice]:
    """Return the tenant's prices with who set them, by name."""
    return list(ModelPrice.objects.select_related("set_by__user").order_by("pattern"))


def find_price(public: str) -> ModelPrice | None:
    """Return the price with this public id, None when this tenant has none."""
    try:
        ident = parse_public_id("mp", public)
    except InvalidId:
        return None
    return ModelPrice.objects.filter(pk=ident).first()


def only_model_integration() -> str | None:
    """Return the name of the tenant's only model provider; None when there is none, or several."""
    rows = Integration.objects.filter(kind=IntegrationKind.MODEL)
    found = rows.exclude(status=IntegrationStatus.REVOKED).values_list("slug", flat=True)[:2]
    return found[0] if len(found) == 1 else None


def recent_calls() -> Sequence[ModelCall]:
    """Return the newest calls with their agents."""
    rows = ModelCall.objects.select_related("agent").order_by("-started_at", "-id")
    return list(rows[:MOST_SHOWN])


@dataclass(frozen=True)
class ModelUse:
    """What the calls of one model came to, in one currency."""

    model: str
    currency: str
    calls: int
    refused: int
    tokens: int
    cost: str


def use_by_model() -> Sequence[ModelUse]:
    """Return what each model was used for so far, the most used first."""
    rows = (
        ModelCall.objects.exclude(status=ModelCallStatus.OPEN)
        .values("model", "currency")
        .annotate(
            calls=Count("id"),
            refused=Count("id", filter=Q(status=ModelCallStatus.REFUSED)),
            asked=Sum("asked_tokens"),
            answered=Sum("answered_tokens"),
            sum=Sum("cost"),
        )
        .order_by("-calls", "model", "currency")[:MOST_SHOWN]
    )
    return [
        ModelUse(
            row["model"],
            row["currency"],
            row["calls"],
            row["refused"],
            row["asked"] + row["answered"],
            f"{row['sum'].normalize():f}",
        )
        for row in rows
    ]


def ended_calls(tenant_id: UUID, running: Collection[Running]) -> Mapping[UUID, Fault]:
    """Return which of a tenant's running calls may not go on, and why."""
    with tenant_transaction(tenant_id):
        if Tenant.objects.filter(is_suspended=True).exists():
            said = "The account of this organisation is suspended."
            return {each.call_id: Fault(403, "tenant_suspended", said) for each in running}
        keys = {each.credential_id for each in running}
        live = set(
            Credential.objects.filter(
                pk__in=keys, revoked_at=None, agent__status=AgentStatus.ACTIVE
            ).values_list("pk", flat=True)
        )
        asked: dict[Running, Fault | None] = {}
        ended: dict[UUID, Fault] = {}
        for each in running:
            if each.credential_id not in live:
                said = "The key was revoked, or its agent was paused."
                ended[each.call_id] = Fault(401, "unauthenticated", said)
                continue
            who = replace(each, call_id=each.agent_id, credential_id=each.agent_id)
            if who not in asked:
                asked[who] = _stopping(who)
            if (fault := asked[who]) is not None:
                ended[each.call_id] = fault
        return ended


def _stopping(call: Running) -> Fault | None:
    """Why a call by this agent, of this kind and under this delegation, may not go on."""
    agent_id, slug = call.agent_id, call.integration
    if killed := killed_for(agent_id, call.category, slug, call.delegation_path):
        return Fault(403, "killed", killed)
    if call.delegation_id and (problem := cut(call.delegation_id)):
        return Fault(403, problem.code, problem.sentence)
    known = read_reach(agent_id, slug)
    why = out_of_reach(known, integration=slug, category=call.category)
    return None if why is None else Fault(403, why.code, why.sentence)
