"""Reading what the record says, for tests."""

from typing import Any

from audit.models import LedgerEvent
from tests.support.recorded import read


def events(*types: str) -> list[dict[str, Any]]:
    """Return the bodies of the bound tenant's events of these types, oldest first."""
    rows = LedgerEvent.objects.filter(type__in=types).order_by("occurred_at", "id")
    return [read(row) for row in rows]


def summaries(*types: str) -> list[str]:
    """Return only their sentences."""
    return [event["summary"] for event in events(*types)]
