"""A replay as a file, to be attached to the change that it was made for."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any, Final

from approvals.models import PolicySimulation
from approvals.selectors.simulations import (
    ListedChange,
    all_changes,
    simulation_summary,
)

_COLUMNS: Final = (
    "request", "submitted_at", "category", "agent", "summary", "before", "after", "direction",
    "impossible", "because", "because_before",
)  # fmt: skip
# A spreadsheet would run what begins so.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def as_json(simulation: PolicySimulation) -> bytes:
    """Return figures and changes; the same replay gives the same bytes."""
    document = simulation_summary(simulation) | {
        "policy": simulation.source,
        "listed": [_plain(change) for change in all_changes(simulation)],
    }
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True).encode() + b"\n"


def as_csv(simulation: PolicySimulation) -> bytes:
    """Return the changes, one a line (RFC 4180), safe to be opened in a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    writer.writerows(_lines(simulation))
    return text.getvalue().encode()


def _lines(simulation: PolicySimulation) -> Iterator[list[str]]:
    for change in all_changes(simulation):
        plain = _plain(change)
        yield [_cell(plain[name]) for name in _COLUMNS]


def _plain(change: ListedChange) -> dict[str, Any]:
    return {
        "request": change.request_id,
        "submitted_at": change.submitted_at.isoformat(),
        "category": change.category,
        "agent": change.agent,
        "summary": change.summary,
        "before": change.before,
        "after": change.after,
        "direction": change.direction,
        "impossible": change.is_impossible,
        "because": change.because,
        "because_before": change.because_before,
    }


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
