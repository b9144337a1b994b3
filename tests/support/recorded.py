"""What an event says to whoever may read it: its personal texts in their places."""

import json
from typing import Any

from audit.models import LedgerEvent
from audit.selectors.events import as_row
from govapp.common.tenancy import tenant_transaction


def read(event: LedgerEvent) -> dict[str, Any]:
    """Return the parsed event with what was not erased."""
    with tenant_transaction(event.tenant_id):
        return as_row(event.pk, event.occurred_at, event.body).body


def text_of(event: LedgerEvent) -> str:
    """Return the same as one line of JSON, its keys in order."""
    return json.dumps(read(event), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
