"""How a person may contest a decision, in the tenant's own words, from the record."""

from typing import Final

from audit.models import LedgerEvent
from audit.selectors.events import as_row

EVENT_TYPE: Final = "tenant.contest_text_set"


def contest_words(size: int | None = None) -> str:
    """Return what the tenant last said; empty when it never did. One query.

    With `size`, only what stands in the tree of so many leaves counts.
    """
    rows = LedgerEvent.objects.filter(type=EVENT_TYPE)
    if size is not None:
        rows = rows.filter(leaf_rows__index__lt=size)
    found = rows.order_by("-occurred_at", "-id").values_list("id", "occurred_at", "body").first()
    if found is None:
        return ""
    data = as_row(*found).body.get("data") or {}
    text = data.get("text")
    return text if isinstance(text, str) else ""
