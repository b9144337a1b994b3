"""Marking a kind of action as reading: it is let through where an environment is read-only.

While there is such an environment this gives agents more, so a second person confirms it.
"""

from typing import Final
from uuid import UUID

from approvals.audit_events import configuration as events
from approvals.models import ActionCategory
from govapp.common.errors import Conflict
from tenants.models import Loosening, Membership
from tenants.selectors.autonomy import has_read_only
from tenants.services.loosenings import CHANGED, ask_loosening, lock_leash, register_maker

_KIND: Final = "category_reading"


def needs_second_person(*, is_reading: bool) -> bool:
    """Whether marking a category takes another person than who wants it; locks what decides."""
    lock_leash()
    return is_reading and has_read_only()


def ask_reading(*, actor: Membership, category: ActionCategory) -> Loosening:
    """Ask that a category counts as reading. Raises `Conflict` while that waits already."""
    return ask_loosening(
        actor=actor,
        kind=_KIND,
        ref=str(category.pk),
        change={"category": str(category.pk)},
        sentence=(
            f"{category.key} counts as reading: it is let through where an environment is"
            " read-only."
        ),
        reason="",
    )


@register_maker(_KIND)
def _make_reading(loosening: Loosening, confirmed_by: Membership) -> None:
    category = ActionCategory.objects.select_for_update().get(pk=UUID(loosening.change["category"]))
    if category.is_reading:
        raise Conflict(CHANGED, code="overtaken")
    category.is_reading = True
    category.save(update_fields=["is_reading"])
    events.category_changed(
        actor=confirmed_by, category=category, changes={"is_reading": (False, True)}
    )
