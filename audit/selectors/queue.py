"""What waits for its place in the sealed record."""

from datetime import datetime

from django.db.models import Min

from audit.models import LedgerQueueItem


def oldest_unsealed() -> datetime | None:
    """Return since when the oldest event of this tenant has waited; None when none does."""
    oldest: datetime | None = LedgerQueueItem.objects.aggregate(oldest=Min("queued_at"))["oldest"]
    return oldest
