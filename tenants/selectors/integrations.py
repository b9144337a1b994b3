"""What the pages say of integrations: the list, and one with its grants, secret, use and alerts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Case, CharField, Count, F, Q, QuerySet, Value, When

from govapp.common import clock
from govapp.common.clock import Now
from govapp.common.errors import NotFound
from govapp.common.ids import InvalidId, parse_public_id
from tenants.enums import IntegrationStatus
from tenants.models import (
    Integration,
    IntegrationAlert,
    IntegrationGrant,
    IntegrationUse,
    VaultSecret,
)

EXPIRES_SOON: Final = timedelta(days=14)
USE_SHOWN: Final = timedelta(days=7)
MOST_SHOWN: Final = 50
_ALERTS_SHOWN: Final = 5
_LIVE: Final = Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=Now()))
_LIVE_GRANTS: Final = Q(grants__revoked_at=None) & (
    Q(grants__expires_at=None) | Q(grants__expires_at__gt=Now())
)
# How it stands in one word: that it has expired follows from its date.
_STATE: Final = Case(
    When(~Q(status=IntegrationStatus.REVOKED) & Q(expires_at__lte=Now()), then=Value("expired")),
    default=F("status"),
    output_field=CharField(),
)
# What a refusal would name first, in the order of `tenants.reach`.
_STATE_OF_GRANTED: Final = Case(
    When(
        integration__status__in=[IntegrationStatus.REVOKED, IntegrationStatus.SUSPENDED],
        then=F("integration__status"),
    ),
    When(integration__expires_at__lte=Now(), then=Value("expired")),
    When(integration__check_passed=False, then=Value("unchecked")),
    default=F("integration__status"),
    output_field=CharField(),
)


@dataclass(frozen=True)
class UseOfAgent:
    """What one agent did on an integration in the last days."""

    name: str
    requests: int
    refused: int
    succeeded: int
    failed: int
    calls: int
    last_hour: datetime


@dataclass(frozen=True)
class IntegrationPage:
    """Everything that the page of one integration shows beside itself."""

    grants: list[IntegrationGrant]
    secret: VaultSecret | None
    uses: list[UseOfAgent]
    alerts: list[IntegrationAlert]
    now: datetime


def integrations() -> QuerySet[Integration]:
    """Return every integration by name, with `state` and `live_grants`."""
    rows = Integration.objects.select_related("owner__user").order_by("name", "id")
    return rows.annotate(
        state=_STATE, live_grants=Count("grants__agent", filter=_LIVE_GRANTS, distinct=True)
    )


def get_integration(ident: str) -> Integration:
    """Return one by its public id, with `state`. Raises `NotFound`."""
    found = Integration.objects.select_related("owner__user").annotate(state=_STATE)
    integration = found.filter(pk=_parsed("int", ident)).first()
    if integration is None:
        raise NotFound("There is no such integration.")
    return integration


def get_grant(integration: Integration, ident: str) -> IntegrationGrant:
    """Return one grant of an integration. Raises `NotFound`."""
    rows = integration.grants.select_related("agent", "integration")
    grant = rows.filter(pk=_parsed("ig", ident)).first()
    if grant is None:
        raise NotFound("There is no such grant.")
    return grant


def page_of_integration(integration: Integration) -> IntegrationPage:
    """Return what its page shows. A constant number of statements."""
    now = clock.now()
    grants = integration.grants.select_related("agent", "granted_by__user").annotate(
        state=Case(
            When(revoked_at__isnull=False, then=Value("withdrawn")),
            When(_LIVE, then=Value("live")),
            default=Value("expired"),
            output_field=CharField(),
        )
    )
    alerts = integration.alerts.select_related("agent").order_by("-found_at", "-pk")
    return IntegrationPage(
        grants=list(
            grants.order_by(F("revoked_at").desc(nulls_first=True), "-granted_at", "-pk")[
                :MOST_SHOWN
            ]
        ),
        secret=VaultSecret.objects.filter(holder=integration.public_id).first(),
        uses=_uses(integration, now),
        alerts=list(alerts[:MOST_SHOWN]),
        now=now,
    )


def grants_of_agent(agent_id: UUID) -> list[IntegrationGrant]:
    """Return an agent's grants that hold, by the integration's name, with `integration_state`.

    It may use one only while that is "active".
    """
    rows = IntegrationGrant.objects.filter(_LIVE, agent=agent_id).select_related("integration")
    rows = rows.annotate(integration_state=_STATE_OF_GRANTED)
    return list(rows.order_by("integration__name", "pk"))


def grantable() -> list[Integration]:
    """Return what may be used by whoever is granted it, by name."""
    usable = Q(expires_at=None) | Q(expires_at__gt=Now())
    rows = Integration.objects.filter(usable, status=IntegrationStatus.ACTIVE, check_passed=True)
    return list(rows.order_by("name", "pk"))


def alerts_of_agent(agent_id: UUID) -> list[IntegrationAlert]:
    """Return what was unusual of an agent's use in the last seven days, the newest first."""
    lately = IntegrationAlert.objects.filter(agent=agent_id, found_at__gt=clock.now() - USE_SHOWN)
    return list(lately.select_related("integration").order_by("-found_at", "-pk")[:_ALERTS_SHOWN])


def alerts_since(moment: datetime) -> QuerySet[IntegrationAlert]:
    """Return the alerts of the bound tenant that were found since, oldest first."""
    return IntegrationAlert.objects.filter(found_at__gt=moment).order_by("found_at", "pk")


def _uses(integration: Integration, now: datetime) -> list[UseOfAgent]:
    rows = IntegrationUse.objects.filter(integration=integration, hour__gt=now - USE_SHOWN)
    names = ("requests", "refused", "succeeded", "failed", "calls")
    found: dict[str, UseOfAgent] = {}
    for row in rows.select_related("agent").order_by("agent__name", "hour"):
        former = found.get(row.agent.name)
        counted = {
            name: getattr(row, name) + (getattr(former, name) if former else 0) for name in names
        }
        found[row.agent.name] = UseOfAgent(name=row.agent.name, last_hour=row.hour, **counted)
    return list(found.values())


def _parsed(prefix: str, ident: str) -> UUID:
    try:
        return parse_public_id(prefix, ident)
    except InvalidId:
        raise NotFound("There is no such thing here.") from None
