"""Who works or worked for the tenant, by name, as the record knows them."""

from typing import Final

from audit.models import LedgerEvent
from audit.selectors.events import as_rows

JOINED: Final = "member.joined"
MOST: Final = 2_000
"""People whose names are hidden from a person affected; the newest, where there are more."""


def staff_names(size: int | None = None) -> frozenset[str]:
    """Return the names of everybody who ever joined the bound tenant, at most 2,000. One query.

    With `size`, only what stands in the tree of so many leaves counts.
    """
    rows = LedgerEvent.objects.filter(type=JOINED)
    if size is not None:
        rows = rows.filter(leaf_rows__index__lt=size)
    found = rows.order_by("-occurred_at", "-id").values_list("id", "occurred_at", "body")[:MOST]
    subjects = (row.body.get("subject") or {} for row in as_rows(found))
    return frozenset(name for each in subjects if (name := str(each.get("label", ""))))
