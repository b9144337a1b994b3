"""What the floor of people offers to be chosen that only this one knows: categories, delegations.

Registered when Django starts.
"""

from django.db.models import Q

from approvals.models import ActionCategory, Delegation
from govapp.common import clock
from govapp.common.ids import InvalidId, parse_public_id
from tenants.enums import KillScope
from tenants.offers import Offer, register_offers, with_patterns


def offer_categories(words: str, at_most: int) -> list[Offer]:
    """Return the categories that are in use, and the patterns that cover several. One statement."""
    rows = ActionCategory.objects.filter(is_archived=False).order_by("key")
    offers = with_patterns(rows.values_list("key", "name"))
    return [offer for offer in offers if offer.has(words)][:at_most]


def offer_delegations(words: str, at_most: int) -> list[Offer]:
    """Return the delegations that are in force, the newest first. One statement."""
    rows = Delegation.objects.filter(revoked_at=None, expires_at__gt=clock.Now())
    for word in words.split():
        rows = rows.filter(_about(word))
    rows = rows.select_related("from_agent", "to_agent").order_by("-created_at", "-pk")
    return [
        Offer(each.public_id, f"{each.from_agent.name} to {each.to_agent.name}", each.public_id)
        for each in rows[:at_most]
    ]


def _about(word: str) -> Q:
    try:
        return Q(pk=parse_public_id("dg", word))
    except InvalidId:
        return Q(from_agent__name__icontains=word) | Q(to_agent__name__icontains=word)


register_offers(KillScope.CATEGORY, offer_categories)
register_offers(KillScope.DELEGATION, offer_delegations)
