"""Charts as SVG text, the same in a page and in a PDF: no script, no style, no outside file.

Every chart is an `<svg role="img">` with a title and a description that states its figures in
words. Colours are presentation attributes, so that WeasyPrint draws them without a stylesheet; the
classes beside them let the web page's stylesheet answer to the dark theme.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape

# Presentation colours on white. Each has at least 3:1 against the page (WCAG 2.2, 1.4.11).
TONES = {
    "1": "#3452d1",
    "2": "#0e7f8c",
    "3": "#a86400",
    "4": "#8a3fae",
    "5": "#58627a",
    "6": "#b3386f",
    "ok": "#1a7f4b",
    "warn": "#a86400",
    "bad": "#c23a2e",
    "neutral": "#7b8499",
}
_SERIES_ORDER = ("1", "2", "3", "4", "5", "6")
_INK, _MUTED, _RULE = "#1b2130", "#5a6376", "#dfe3ea"
_DASHES = ("", "6 4", "2 3", "8 3 2 3", "1 4", "10 4")
_FONT = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif"

Number = int | float


@dataclass(frozen=True, slots=True)
class Series:
    """One named row of figures. `tone` is a key of TONES; empty takes the next free colour."""

    name: str
    values: tuple[Number, ...]
    tone: str = ""


@dataclass(slots=True)
class _Plot:
    """The drawing area and the scale from figures to points, and what was drawn so far."""

    width: int
    height: int
    top: float
    ticks: list[float]
    left: int = 44
    right: int = 8
    head: int = 10
    foot: int = 28
    parts: list[str] = field(default_factory=list)

    @property
    def inner_width(self) -> int:
        return self.width - self.left - self.right

    def y(self, value: Number) -> float:
        share = value / self.top if self.top else 0
        return self.height - self.foot - share * (self.height - self.head - self.foot)


def number(value: Number) -> str:
    """A figure for people: thousands separated, at most two decimals, none when whole."""
    text = f"{value:,.2f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def nice_ticks(largest: Number, count: int = 4) -> list[float]:
    """Round steps from 0 to at least `largest`, about `count`: 1, 2, 2.5, 5, 10, 20 …"""
    if largest <= 0:
        return [0.0, 1.0]
    raw = largest / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999999)
    if isinstance(largest, int) and step < 1:
        step = 1.0
    return [round(i * step, 10) for i in range(math.ceil(largest / step - 1e-9) + 1)]


def bar_svg(
    *,
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    unit: str = "",
    width: int = 480,
    limit: Series | None = None,
) -> str:
    """Columns over `labels`; several series are stacked. Values are counts or amounts >= 0.

    `limit` is drawn over them as a dashed line in steps: what each column may come to.
    Raises ValueError when a series has another length than the labels, or a negative value.
    """
    limits = [limit] if limit else []
    _check(labels, [*series, *limits])
    totals = [sum(s.values[i] for s in series) for i in range(len(labels))]
    highest = max([*totals, *(value for s in limits for value in s.values)], default=0)
    plot = _frame(labels, highest, width)
    slot = plot.inner_width / max(len(labels), 1)
    bar = min(slot * 0.62, 44)
    for i in range(len(labels)):
        base: Number = 0
        for s, (tone, _) in zip(series, _tones(series), strict=True):
            value = s.values[i]
            if value:
                y, bottom = plot.y(base + value), plot.y(base)
                x = plot.left + slot * i + (slot - bar) / 2
                plot.parts.append(
                    f'<rect x="{x:.1f}" y="{y:.1f}" width="{bar:.1f}" height="{bottom - y:.1f}" '
                    f'rx="1.5" class="chart-fill-{tone}" fill="{TONES[tone]}"/>'
                )
            base += value
    for s in limits:
        plot.parts.append(_steps(plot, s, slot))
    return _document(plot, title, _describe(labels, [*series, *limits], unit))


def _steps(plot: _Plot, limit: Series, slot: float) -> str:
    """A line that keeps its height over each column and is upright between two."""
    points = " ".join(
        f"{plot.left + slot * at:.1f},{plot.y(value):.1f}"
        for i, value in enumerate(limit.values)
        for at in (i, i + 1)
    )
    tone = limit.tone or "bad"
    return (
        f'<polyline points="{points}" fill="none" stroke="{TONES[tone]}" stroke-width="2" '
        f'stroke-dasharray="{_DASHES[1]}" class="chart-line-{tone}"/>'
    )


def line_svg(
    *, title: str, labels: Sequence[str], series: Sequence[Series], unit: str = "", width: int = 480
) -> str:
    """One line per series over `labels`; lines differ by dash as well as by colour.

    Raises ValueError when a series has another length than the labels, or a negative value.
    """
    _check(labels, series)
    largest = max((v for s in series for v in s.values), default=0)
    plot = _frame(labels, largest, width)
    slot = plot.inner_width / max(len(labels), 1)
    for order, (s, (tone, colour)) in enumerate(zip(series, _tones(series), strict=True)):
        points = [(plot.left + slot * (i + 0.5), plot.y(v)) for i, v in enumerate(s.values)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dash = _DASHES[order % len(_DASHES)]
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        plot.parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2" '
            f'stroke-linejoin="round" stroke-linecap="round" class="chart-line-{tone}"{dashed}/>'
        )
        if points:
            x, y = points[-1]
            plot.parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" class="chart-fill-{tone}" '
                f'fill="{colour}"/>'
            )
    return _document(plot, title, _describe(labels, series, unit))


def donut_svg(
    *, title: str, labels: Sequence[str], series: Series, unit: str = "", tones: Sequence[str] = ()
) -> str:
    """Shares of a whole, the sum in the middle. `tones` colours the segments in order.

    Raises ValueError when labels and values differ in number, or a value is negative.
    """
    _check(labels, [series])
    total = sum(series.values)
    size, outer, inner = 180, 84.0, 58.0
    parts: list[str] = []
    start = 0.0
    colours = segment_tones(len(labels), tones)
    for value, tone in zip(series.values, colours, strict=True):
        share = value / total if total else 0
        if share:
            shape = _ring_segment(size / 2, outer, inner, start, start + share)
            parts.append(
                f'<path d="{shape}" fill-rule="evenodd" class="chart-fill-{tone}" '
                f'fill="{TONES[tone]}"/>'
            )
        start += share
    middle = size / 2
    parts.append(_text(middle, middle + 4, number(total), anchor="middle", size=26, ink=True))
    if unit:
        parts.append(_text(middle, middle + 24, unit, anchor="middle", size=12))
    plot = _Plot(width=size, height=size, top=1, ticks=[], parts=parts)
    said = ", ".join(
        f"{label} {number(value)} ({share_text(value, total)})"
        for label, value in zip(labels, series.values, strict=True)
    )
    return _document(plot, title, f"{said}. Total {number(total)}{_with_unit(unit)}.")


def segment_tones(count: int, tones: Sequence[str] = ()) -> list[str]:
    """The tone of each of `count` segments: those given, then the free colours in turn."""
    free = [t for t in _SERIES_ORDER if t not in tones]
    return [tones[i] if i < len(tones) else free[i % len(free)] for i in range(count)]


def share_text(value: Number, total: Number) -> str:
    """`value` of `total` as a whole percentage; never "0%" or "100%" for what is not."""
    if not total:
        return "0%"
    percent = 100 * value / total
    if 0 < percent < 1:
        return "<1%"
    if 99 < percent < 100:
        return ">99%"
    return f"{percent:.0f}%"


def _check(labels: Sequence[str], series: Sequence[Series]) -> None:
    for s in series:
        if len(s.values) != len(labels):
            raise ValueError(f"{s.name}: {len(s.values)} values for {len(labels)} labels")
        if any(v < 0 or not math.isfinite(v) for v in s.values):
            raise ValueError(f"{s.name}: values must be finite and not negative")


def series_tones(series: Sequence[Series]) -> list[str]:
    """The tone key of every series, in order: its own, or the next colour nobody asked for."""
    free = [t for t in _SERIES_ORDER if t not in {s.tone for s in series}]
    asked = iter(range(len(series)))
    return [s.tone or free[next(asked) % len(free)] for s in series]


def _tones(series: Sequence[Series]) -> list[tuple[str, str]]:
    return [(tone, TONES[tone]) for tone in series_tones(series)]


def _frame(labels: Sequence[str], largest: Number, width: int) -> _Plot:
    ticks = nice_ticks(largest)
    plot = _Plot(width=width, height=220, top=ticks[-1], ticks=ticks)
    plot.left = 16 + max(7 * len(number(t)) for t in ticks)
    for tick in ticks:
        y = plot.y(tick)
        plot.parts.append(
            f'<line x1="{plot.left}" x2="{width - plot.right}" y1="{y:.1f}" y2="{y:.1f}" '
            f'class="chart-rule" stroke="{_RULE}" stroke-width="1"/>'
        )
        plot.parts.append(_text(plot.left - 8, y + 4, number(tick), anchor="end"))
    slot = plot.inner_width / max(len(labels), 1)
    longest = max((len(label) for label in labels), default=1)
    every = max(1, math.ceil((longest * 8 + 10) / slot))
    for i, label in enumerate(labels):
        # The last label is the one people look for: count back from it.
        if (len(labels) - 1 - i) % every == 0:
            x = plot.left + slot * (i + 0.5)
            plot.parts.append(_text(x, plot.height - 8, label, anchor="middle"))
    return plot


def _text(x: float, y: float, text: str, *, anchor: str, size: int = 12, ink: bool = False) -> str:
    kind, colour = ("chart-ink", _INK) if ink else ("chart-label", _MUTED)
    weight = ' font-weight="600"' if ink else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
        f'font-family="{_FONT}" class="{kind}" fill="{colour}"{weight}>{escape(text)}</text>'
    )


def _ring_segment(c: float, outer: float, inner: float, start: float, end: float) -> str:
    if end - start > 0.9999:
        # An arc from a point to itself draws nothing: a whole ring is two circles.
        return "".join(
            f"M{c:.2f} {c - r:.2f}A{r} {r} 0 1 1 {c:.2f} {c + r:.2f}"
            f"A{r} {r} 0 1 1 {c:.2f} {c - r:.2f}Z"
            for r in (outer, inner)
        )
    gap = min(0.004, (end - start) / 4)
    a, b = (2 * math.pi * (t - 0.25) for t in (start + gap / 2, end - gap / 2))
    large = 1 if end - start > 0.5 else 0
    (ox1, oy1), (ox2, oy2) = ((c + outer * math.cos(t), c + outer * math.sin(t)) for t in (a, b))
    (ix1, iy1), (ix2, iy2) = ((c + inner * math.cos(t), c + inner * math.sin(t)) for t in (a, b))
    return (
        f"M{ox1:.2f} {oy1:.2f}A{outer} {outer} 0 {large} 1 {ox2:.2f} {oy2:.2f}"
        f"L{ix2:.2f} {iy2:.2f}A{inner} {inner} 0 {large} 0 {ix1:.2f} {iy1:.2f}Z"
    )


def _with_unit(unit: str) -> str:
    return f" {unit}" if unit else ""


def _describe(labels: Sequence[str], series: Sequence[Series], unit: str) -> str:
    if not labels or not series:
        return "No figures in this period."
    sentences = []
    for s in series:
        high = max(range(len(labels)), key=lambda i: s.values[i])
        sentences.append(
            f"{s.name}: from {number(s.values[0])} ({labels[0]}) to {number(s.values[-1])} "
            f"({labels[-1]}){_with_unit(unit)}, highest {number(s.values[high])} ({labels[high]})."
        )
    return " ".join(sentences)


def _document(plot: _Plot, title: str, description: str) -> str:
    body = "".join(plot.parts)
    # The ids follow from the content, so that a report rendered twice has the same digest.
    ident = "c" + sha256(f"{title}\n{description}\n{body}".encode()).hexdigest()[:12]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {plot.width} {plot.height}" '
        f'width="{plot.width}" height="{plot.height}" class="chart-svg" role="img" '
        f'aria-labelledby="{ident}-t {ident}-d">'
        f'<title id="{ident}-t">{escape(title)}</title>'
        f'<desc id="{ident}-d">{escape(description)}</desc>{body}</svg>'
    )
