"""Reading what the record says, for tests."""

import json
from typing import Any

from audit.models import LedgerEvent


def events(*types: str) -> list[dict[str, Any]]:
    """Return the bodies of the bound tenant's events of these types, oldest first."""
    rows = LedgerEvent.objects.filter(type__in=types).order_by("occurred_at", "id")
    return [json.loads(bytes(row.body)) for row in rows]


def summaries(*types: str) -> list[str]:
    """Return only their sentences."""
    return [event["summary"] for event in events(*types)]
