"""Tells the floor of people what this floor needs them for; registered when Django starts."""

from collections.abc import Sequence

from approvals.selectors.absence import what_breaks_without
from tenants.departures import register_departures
from tenants.models import Membership


def find_breakage(member: Membership, group: str) -> Sequence[str]:
    """Return what would stand still without a member, or without them in a group."""
    if not member.is_active:
        return ()
    return what_breaks_without(member, group=group).sentences


register_departures(find_breakage)
