"""Tags and filters of the design system; `templates/components/README.md` shows them in use."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from django import template
from django.http import QueryDict
from django.template import Context
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from lucide.templatetags.lucide import lucide

from govapp.common import charts, clock, formats, sensitive, text

register = template.Library()


@lru_cache(maxsize=256)
def _icon(name: str, size: int, extra: str) -> SafeString:
    classes = f"icon icon-{name} {extra}".strip()
    svg = lucide(name, size=size, aria_hidden="true", focusable="false", **{"class": classes})
    # Trusted: the drawing comes from the lucide package, name and class from our templates.
    return mark_safe(svg)  # noqa: S308


@register.simple_tag
def icon(name: str, size: int = 16, extra: str = "") -> SafeString:
    """A lucide drawing that assistive technology skips; the text beside it carries the meaning."""
    return _icon(str(name), int(size), str(extra))


def _badge(badge: formats.Badge) -> SafeString:
    drawing = _icon(badge.icon, 14, "")
    return format_html('<span class="badge badge--{}">{}{}</span>', badge.tone, drawing, badge.word)


@register.simple_tag
def risk_badge(risk: object) -> SafeString:
    """A category's risk as word, icon and colour."""
    return _badge(formats.badge_for(formats.RISKS, risk))


@register.simple_tag
def status_badge(status: object) -> SafeString:
    """Any status of the domain as word, icon and colour."""
    return _badge(formats.badge_for(formats.STATUSES, status))


def _readable(instant: datetime) -> str:
    return f"{timezone.localtime(instant):%a %d %b %Y, %H:%M:%S %Z}"


def _now(context: Context) -> datetime:
    """The page's own `now`; else the database's, asked once for the whole request."""
    given = context.get("now")
    if isinstance(given, datetime):
        return given
    # An include with `only` has no variables, but it still belongs to the request.
    request = getattr(context, "request", None)
    kept: datetime | None = getattr(request, "page_now", None)
    if kept is None:
        kept = clock.now()
        if request is not None:
            request.page_now = kept
    return kept


@register.simple_tag(takes_context=True)
def timesince_short(context: Context, instant: datetime | None) -> SafeString:
    """How long before the page's `now`, in one unit, with the full instant as its title."""
    if instant is None:
        return mark_safe('<span class="muted">never</span>')
    words = formats.span_short(_now(context) - instant)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        formats.aware_iso(instant),
        _readable(instant),
        words if words == "now" else f"{words} ago",
    )


@register.simple_tag(takes_context=True)
def countdown(context: Context, deadline: datetime | None) -> SafeString:
    """Time left until `deadline`; the page's script keeps it going, the server prints it right."""
    if deadline is None:
        return mark_safe('<span class="muted">no deadline</span>')
    left = deadline - _now(context)
    state = formats.urgency(left)
    words = formats.span_two(left)
    said = f"overdue by {words}" if state == "overdue" else f"{words} left"
    return format_html(
        '<time class="countdown countdown--{}" data-countdown datetime="{}" title="{}">{}</time>',
        state,
        formats.aware_iso(deadline),
        _readable(deadline),
        said,
    )


@register.filter
def reveal(value: object) -> SafeString:
    """Untrusted text as HTML in which hidden and look-alike characters are visible marks."""
    # Trusted: reveal() escapes everything that it does not build itself.
    return mark_safe(text.reveal("" if value is None else str(value)))  # noqa: S308


@register.filter
def reveal_each(values: Iterable[object], separator: str) -> SafeString:
    """Several untrusted texts as one; `join` would escape them before `reveal` does it again."""
    return format_html_join(separator, "{}", ((reveal(value),) for value in values))


@register.filter
def masked(value: object) -> SafeString:
    """An agent's words: as `reveal`, with personal data and secrets masked until asked for."""
    words = "" if value is None else str(value)
    if sensitive.is_shown_plainly():
        return reveal(words)
    parts: list[SafeString] = []
    last = 0
    for span in sensitive.find_sensitive(words):
        mask = sensitive.mask_of(span.kind, words[span.start : span.end])
        parts += [reveal(words[last : span.start]), _masked_part(mask)]
        last = span.end
    parts.append(reveal(words[last:]))
    return format_html_join("", "{}", ((part,) for part in parts))


@register.filter
def masked_as(value: object, name: object) -> SafeString:
    """As `masked`, for the value of a field with this name: all of a password's is masked."""
    kind = sensitive.kind_of_name(sensitive.last_name(str(name)))
    if kind is None or sensitive.is_shown_plainly() or not sensitive.is_said(value):
        return masked(value)
    return _masked_part(sensitive.mask_of(kind, str(value)))


@register.filter
def masked_text(value: object) -> str:
    """As `masked`, for an attribute: words only, autoescaped, hidden characters as they are."""
    return sensitive.masked("" if value is None else str(value))


@register.filter
def masked_line(value: object) -> SafeString:
    """A line of JSON, masked by its names and values; exactly as it is when asked for."""
    words = "" if value is None else str(value)
    return masked(words if sensitive.is_shown_plainly() else sensitive.masked_json(words))


def _masked_part(mask: str) -> SafeString:
    return format_html('<span class="masked">{}</span>', mask)


@register.filter
def money(amount: object, currency: str = "") -> str:
    """An amount with its currency, never rounded; autoescaped like any other text."""
    return formats.money_text(amount, currency)


@register.filter
def json_pretty(value: object) -> SafeString:
    """A payload as indented JSON, masked and revealed; put it in `<pre class="code">`."""
    value = sensitive.masked_json(value)
    return reveal(json.dumps(value, indent=2, ensure_ascii=False, default=str))


@register.filter
def digest_short(digest: object) -> SafeString:
    """Both ends of a digest, the whole of it as the title."""
    return format_html(
        '<code class="digest" title="{}">{}</code>',
        formats.digest_text(digest),
        formats.digest_brief(digest),
    )


@register.filter
def initials(name: object) -> str:
    """At most two letters that stand for a name: "Ada Lovelace" → "AL"."""
    words = [w for w in str(name).replace(".", " ").replace("@", " ").split() if w[0].isalnum()]
    return "".join(w[0] for w in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()


@register.simple_tag(takes_context=True)
def query_string(context: Context, **changes: object) -> str:
    """This page's query with `changes`: None or "" removes a name, a changed filter the cursor.

    `{% query_string cursor=page.next_cursor %}` keeps the filters in a paging link;
    `{% query_string risk="high" %}` starts again at the first page.
    """
    request = getattr(context, "request", None) or context.get("request")
    query = request.GET.copy() if request else QueryDict(mutable=True)
    if "cursor" not in changes:
        query.pop("cursor", None)
    for name, value in changes.items():
        query.pop(name, None)
        if isinstance(value, list | tuple):
            query.setlist(name, [str(v) for v in value])
        elif value not in (None, ""):
            query[name] = str(value)
    return f"?{query.urlencode()}"


@register.simple_block_tag(takes_context=True)
def component(context: Context, content: str, name: str, **values: Any) -> SafeString:
    """`components/<name>.html` around what stands between the tags (`content` in there)."""
    chosen = context.template.engine.get_template(f"components/{name}.html")  # type: ignore[union-attr]
    shared = {key: context[key] for key in ("now", "request") if key in context}
    return chosen.render(context.new({**shared, "content": content, **values}))


SeriesInput = charts.Series | Sequence[Any]


def _series(series: Iterable[SeriesInput] | Sequence[float], title: str) -> list[charts.Series]:
    """Accepts Series, (name, values[, tone]) pairs, or one bare list of figures."""
    rows = list(series)
    if rows and isinstance(rows[0], int | float):
        return [charts.Series(title, tuple(rows))]  # type: ignore[arg-type]
    made = []
    for row in rows:
        if isinstance(row, charts.Series):
            made.append(row)
        else:
            name, values, *tone = row  # type: ignore[misc]
            made.append(charts.Series(str(name), tuple(values), tone[0] if tone else ""))
    return made


# Height, place and roundness of a key in the legend: a column's, and that of the line over them.
_KEY_SHAPES = {False: (10, 0, 2), True: (3, 4, 0)}


def _figure(
    svg: str, title: str, head: Sequence[str], rows: Sequence[Sequence[str]], extra: dict[str, Any]
) -> SafeString:
    legend = format_html_join(
        "",
        '<li><span class="chart-key"><svg width="10" height="10" aria-hidden="true">'
        '<rect width="10" height="{}" y="{}" rx="{}" class="chart-fill-{}" fill="{}"/></svg></span>'
        "{}</li>",
        (
            (*_KEY_SHAPES[word == extra.get("limit")], tone, charts.TONES[tone], word)
            for tone, word in extra["legend"]
        ),
    )
    table: str = ""
    if extra["table"]:
        kinds = ["", *["num"] * (len(head) - 1)]
        heads = format_html_join(
            "", '<th scope="col" class="{}">{}</th>', zip(kinds, head, strict=True)
        )
        lines = format_html_join(
            "",
            '<tr><th scope="row">{}</th>{}</tr>',
            (
                (row[0], format_html_join("", '<td class="num">{}</td>', ((c,) for c in row[1:])))
                for row in rows
            ),
        )
        table = format_html(
            '<details class="chart-table"><summary>Figures as a table</summary>'
            '<table class="table table--plain"><caption class="visually-hidden">{}</caption>'
            "<thead><tr>{}</tr></thead><tbody>{}</tbody></table></details>",
            title,
            heads,
            lines,
        )
    return format_html(
        '<figure class="chart chart--{}"><figcaption class="chart-title">{}</figcaption>'
        '<div class="chart-body">{}<ul class="chart-legend">{}</ul></div>{}</figure>',
        extra["kind"],
        title,
        mark_safe(svg),  # noqa: S308 - charts.py escapes every label
        legend,
        table,
    )


def _xy_figure(
    draw: Any, kind: str, title: str, labels: Sequence[str], series: Any, options: dict[str, Any]
) -> SafeString:
    names = [str(label) for label in labels]
    rows = _series(series, title)
    unit = str(options.get("unit", ""))
    width = int(options.get("width", 480))
    limit = options.get("limit")
    drawn = {"limit": limit} if limit else {}
    svg = draw(title=title, labels=names, series=rows, unit=unit, width=width, **drawn)
    tones = [*charts.series_tones(rows), *([limit.tone or "bad"] if limit else [])]
    rows += [limit] if limit else []
    named = zip(tones, rows, strict=True)
    legend = [(tone, s.name) for tone, s in named] if len(rows) > 1 else []
    figures = [[n, *(charts.number(s.values[i]) for s in rows)] for i, n in enumerate(names)]
    head = [str(options.get("over", "Period")), *(s.name for s in rows)]
    extra = {"kind": kind, "legend": legend, "table": options.get("table", True)}
    extra["limit"] = limit.name if limit else None
    return _figure(svg, title, head, figures, extra)


@register.simple_tag
def bar_chart(title: str, labels: Sequence[str], series: Any, **options: Any) -> SafeString:
    """Columns, stacked when there are several series. Options: unit, width, over, table=False,
    limit (a series that is drawn over them as a dashed line)."""
    return _xy_figure(charts.bar_svg, "bar", title, labels, series, options)


@register.simple_tag
def line_chart(title: str, labels: Sequence[str], series: Any, **options: Any) -> SafeString:
    """One line per series. Options as for `bar_chart`."""
    return _xy_figure(charts.line_svg, "line", title, labels, series, options)


@register.simple_tag
def donut(title: str, segments: Iterable[Sequence[Any]], **options: Any) -> SafeString:
    """Shares of a whole from (label, value[, tone]) rows. Options: unit, over, table=False."""
    rows = [tuple(row) for row in segments]
    names = [str(row[0]) for row in rows]
    values = tuple(row[1] for row in rows)
    asked = [str(row[2]) for row in rows if len(row) > 2]
    tones = asked if len(asked) == len(rows) else []
    svg = charts.donut_svg(
        title=title,
        labels=names,
        series=charts.Series(title, values),
        unit=str(options.get("unit", "")),
        tones=tones,
    )
    total = sum(values)
    shares = [charts.share_text(v, total) for v in values]
    keys = charts.segment_tones(len(rows), tones)
    legend = [(t, f"{n} · {s}") for t, n, s in zip(keys, names, shares, strict=True)]
    figures = [[n, charts.number(v), s] for n, v, s in zip(names, values, shares, strict=True)]
    head = [str(options.get("over", "Share")), "Number", "Of all"]
    extra = {"kind": "donut", "legend": legend, "table": options.get("table", True)}
    return _figure(svg, title, head, figures, extra)
