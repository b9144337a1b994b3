"""What the page of the kill switch offers to be stopped, to whoever may stop it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db.models import Q, QuerySet

from tenants import rules
from tenants.enums import AgentStatus, IntegrationStatus, KillScope
from tenants.models import Agent, Integration, KillSwitch, Membership
from tenants.offers import MOST, Offer, Offered, read_offers, register_offers

_TITLES: Final = {
    KillScope.AGENT: "Agents",
    KillScope.CATEGORY: "Categories",
    KillScope.INTEGRATION: "Integrations",
    KillScope.DELEGATION: "Delegations, each with everything under it",
}


@dataclass(frozen=True)
class Choice:
    """One thing that can be stopped; `switch` is the one that stops it already, if one does."""

    offer: Offer
    switch: KillSwitch | None


@dataclass(frozen=True)
class Choices:
    """What of one kind can be stopped."""

    title: str
    scope: str
    rows: list[Choice]
    has_more: bool


def choices_to_stop(member: Membership, words: str, thrown: Iterable[KillSwitch]) -> list[Choices]:
    """Return what this member may stop, by kind, with these words in it.

    Who governs sees everything that there is, whoever owns agents sees those. As many statements
    for any number.
    """
    stopped = {(each.scope, each.ref): each for each in thrown}
    if rules.may_throw_kill_switch(member, None):
        found = {kind: read_offers(kind, words) for kind in _TITLES}
    else:
        mine = _agents(Agent.objects.filter(owner=member), words, MOST + 1)
        found = {KillScope.AGENT: Offered(mine[:MOST], len(mine) > MOST)}
    return [
        Choices(
            _TITLES[kind],
            kind.value,
            [Choice(each, stopped.get((kind.value, each.ref))) for each in offered.offers],
            offered.has_more,
        )
        for kind, offered in found.items()
    ]


def _agents(rows: QuerySet[Agent], words: str, at_most: int) -> list[Offer]:
    for word in words.split():
        rows = rows.filter(Q(name__icontains=word) | Q(owner__user__name__icontains=word))
    rows = rows.exclude(status=AgentStatus.RETIRED).select_related("owner__user")
    return [
        Offer(each.public_id, each.name, f"owned by {each.owner.user.name}")
        for each in rows.order_by("name", "id")[:at_most]
    ]


def _integrations(words: str, at_most: int) -> list[Offer]:
    rows = Integration.objects.exclude(status=IntegrationStatus.REVOKED)
    for word in words.split():
        rows = rows.filter(Q(name__icontains=word) | Q(slug__icontains=word))
    found = rows.order_by("name", "id")[:at_most]
    return [Offer(each.slug, each.name, each.slug) for each in found]


register_offers(
    KillScope.AGENT, lambda words, at_most: _agents(Agent.objects.all(), words, at_most)
)
register_offers(KillScope.INTEGRATION, _integrations)
