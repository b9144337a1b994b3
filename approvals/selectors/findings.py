"""What the watch found in a tenant, for its people."""

from dataclasses import dataclass
from typing import Final

from approvals.models import Finding
from approvals.selectors.health import SUBJECTS

MOST_SHOWN: Final = 200


@dataclass(frozen=True)
class Found:
    """One finding, with its kind in words."""

    row: Finding
    subject: str


def count_open() -> int:
    """Return how much is found at this moment. One statement."""
    return Finding.objects.filter(cleared_at=None).count()


def read_findings(*, is_open: bool) -> list[Found]:
    """Return what is found now, or what was and is no more; newest first. One statement."""
    rows = Finding.objects.select_related("request").filter(cleared_at__isnull=is_open)
    return [
        Found(row, SUBJECTS.get(row.kind, row.kind))
        for row in rows.order_by("-found_at", "-pk")[:MOST_SHOWN]
    ]
