"""What a benchmark yields: one line of the table each."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_COLUMNS: Final = (
    ("benchmark", 14),
    ("figure", 46),
    ("measured", 16),
    ("baseline", 30),
    ("ratio", 7),
    ("target", 12),
    ("", 12),
)
PASS: Final = "pass"  # noqa: S105 - a verdict
BELOW: Final = "below target"


@dataclass(frozen=True)
class Figure:
    """One measured thing. `is_met` is None where no target is set or nothing was measured."""

    what: str
    measured: str
    baseline: str = ""
    ratio: float | None = None
    target: str = ""
    is_met: bool | None = None

    @property
    def verdict(self) -> str:
        if self.is_met is None:
            return ""
        return PASS if self.is_met else BELOW


def at_least(
    what: str, value: float, baseline: float, *, unit: str, name: str, target: float
) -> Figure:
    """A rate that has to reach a share of its baseline."""
    ratio = value / baseline if baseline else 0.0
    return Figure(
        what,
        f"{value:,.0f} {unit}",
        f"{baseline:,.0f} ({name})",
        ratio,
        f">= {target:g} x",
        ratio >= target,
    )


def at_most(what: str, value: float, *, unit: str, target: float, note: str = "") -> Figure:
    """A quantity that may not be larger than the target."""
    measured = f"{value:,.1f}" if value < 100 else f"{value:,.0f}"
    return Figure(what, f"{measured} {unit}", note, None, f"<= {target:g} {unit}", value <= target)


def note(what: str, measured: str, baseline: str = "") -> Figure:
    """Something worth knowing that has no target."""
    return Figure(what, measured, baseline)


def missing(what: str, why: str) -> Figure:
    """Something that this run could not measure, and why."""
    return Figure(what, "not measured", why)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value below which `percent` of all are; 0 for none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def median(values: Sequence[float]) -> float:
    """Return the middle value; 0 for none."""
    return statistics.median(values) if values else 0.0


def heading() -> str:
    """Return the first two lines of the table."""
    names = "  ".join(name.ljust(width) for name, width in _COLUMNS)
    return f"{names.rstrip()}\n{'-' * len(names)}"


def line(benchmark: str, figure: Figure) -> str:
    """Return one line of the table."""
    cells = (
        benchmark,
        figure.what,
        figure.measured,
        figure.baseline,
        "" if figure.ratio is None else f"{figure.ratio:.2f}",
        figure.target,
        figure.verdict,
    )
    widths = [width for _, width in _COLUMNS]
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
