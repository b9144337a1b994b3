"""The tags as a page uses them: escaped, readable without a script, and silent to screen readers
where they only decorate."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.template import Context, RequestContext, Template
from django.test import RequestFactory

from govapp.common import formats

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def render(source: str, **context: Any) -> str:
    template = Template("{% load govapp_ui %}" + source)
    return template.render(Context({"now": NOW, **context}))


def words(html: str) -> str:
    return re.sub(r"<[^>]+>", "", html).strip()


def test_an_icon_is_hidden_from_assistive_technology() -> None:
    svg = render('{% icon "inbox" 20 %}')
    assert svg.startswith("<svg")
    assert 'aria-hidden="true"' in svg
    assert 'width="20"' in svg


@pytest.mark.parametrize("badge", [*formats.RISKS.values(), *formats.STATUSES.values()])
def test_every_badge_has_an_icon_that_exists(badge: formats.Badge) -> None:
    assert render("{% icon name %}", name=badge.icon).startswith("<svg")


def test_risk_and_status_are_words_not_only_colours() -> None:
    assert words(render('{% risk_badge "high" %}')) == "High risk"
    assert words(render('{% status_badge "rolled_back" %}')) == "Rolled back"
    assert words(render("{% status_badge s %}", s="<b>")) == "&lt;b&gt;"


@pytest.mark.parametrize(
    ("left", "said", "state"),
    [
        (timedelta(minutes=38, seconds=20), "38 min 20 s left", "soon"),
        (timedelta(hours=5), "5 h 00 min left", "later"),
        (timedelta(minutes=-12), "overdue by 12 min 00 s", "overdue"),
    ],
)
def test_a_countdown_is_right_without_a_script(left: timedelta, said: str, state: str) -> None:
    html = render("{% countdown at %}", at=NOW + left)
    assert words(html) == said
    assert f"countdown--{state}" in html
    assert f'datetime="{(NOW + left).isoformat()}"' in html


def test_time_since_and_never() -> None:
    assert words(render("{% timesince_short at %}", at=NOW - timedelta(hours=3))) == "3h ago"
    assert words(render("{% timesince_short at %}", at=None)) == "never"


def test_reveal_escapes_and_marks() -> None:
    html = render("{{ text|reveal }}", text="<i>\u202e")
    assert html.startswith("&lt;i&gt;<mark ")
    assert "\u202e" not in html
    assert render("{{ text|reveal }}", text=None) == ""


def test_several_texts_are_revealed_and_escaped_once() -> None:
    html = render('{{ names|reveal_each:", " }}', names=["Conor O'Brien", "<i>\u202e", None])
    marked = render("{{ text|reveal }}", text="<i>\u202e")
    assert html == f"Conor O&#x27;Brien, {marked}, "


def test_json_is_indented_escaped_and_revealed() -> None:
    html = render("{{ value|json_pretty }}", value={"payee": "<b>\u200b"})
    assert words(html) == "{\n  &quot;payee&quot;: &quot;&lt;b&gt;U+200B&quot;\n}"


def test_money_is_escaped() -> None:
    assert render('{{ value|money:"EUR" }}', value="<b>") == "&lt;b&gt;"


def test_paging_keeps_the_filters_and_a_new_filter_drops_the_page() -> None:
    request = RequestFactory().get("/", {"risk": ["high", "low"], "cursor": "abc"})
    next_page = render('{% query_string cursor="n&1" %}', request=request)
    assert next_page == "?risk=high&amp;risk=low&amp;cursor=n%261"
    assert render('{% query_string risk="low" %}', request=request) == "?risk=low"
    assert render("{% query_string risk=None %}", request=request) == "?"
    assert render('{% query_string risk="low" %}') == "?risk=low"


def test_a_component_wraps_what_stands_between_its_tags() -> None:
    html = render(
        '{% component "card" title=t %}<p>{{ body }}</p>{% endcomponent %}', t="<t>", body="<b>"
    )
    assert "<p>&lt;b&gt;</p>" in html
    assert "&lt;t&gt;" in html
    assert "<t>" not in html


def test_a_chart_has_a_table_of_its_figures() -> None:
    html = render(
        '{% bar_chart "Decisions" labels series over="Week" %}',
        labels=["46", "47"],
        series=[("Approved", [1, 2], "ok"), ("Denied", [3, 4])],
    )
    cells = re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", html)
    assert cells == ["Week", "Approved", "Denied", "46", "1", "3", "47", "2", "4"]
    assert html.count("<svg") == 3


def test_a_chart_for_paper_has_no_table() -> None:
    html = render('{% line_chart "M" labels series table=False %}', labels=["46"], series=[4])
    assert "<table" not in html
    assert "chart-line-1" in html


def test_a_donut_names_each_share() -> None:
    html = render('{% donut "Risk" rows %}', rows=[("Low", 3, "ok"), ("<High>", 1, "bad")])
    assert "Low · 75%" in html
    assert "&lt;High&gt; · 25%" in html
    assert "<High>" not in html


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Ada Lovelace", "AL"), ("ines", "I"), ("alice@x.example", "AE"), ("a b c", "AC"), ("", "")],
)
def test_initials(name: str, letters: str) -> None:
    assert render("{{ name|initials }}", name=name) == letters


def test_a_page_without_its_own_now_asks_the_database_once(
    django_assert_num_queries: Any, db: None
) -> None:
    request = RequestFactory().get("/")
    source = "{% load govapp_ui %}{% for at in times %}{% countdown at %}{% endfor %}"
    context = RequestContext(request, {"times": [NOW] * 3})
    with django_assert_num_queries(1):
        html = Template(source).render(context)
    assert html.count("<time") == 3
