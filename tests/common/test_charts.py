"""Charts draw what the figures say, say it in words, and carry nothing that can act."""

import re
from xml.etree import ElementTree

import pytest

from govapp.common.charts import (
    TONES,
    Series,
    bar_svg,
    donut_svg,
    line_svg,
    nice_ticks,
    number,
    segment_tones,
    series_tones,
    share_text,
)

SVG = "{http://www.w3.org/2000/svg}"
WEEKS = ["45", "46", "47"]
APPROVED = Series("Approved", (10, 20, 40))
DENIED = Series("Denied", (5, 0, 10), "bad")


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 - our own output


def heights(svg: str) -> list[float]:
    return [float(r.attrib["height"]) for r in parsed(svg).iter(f"{SVG}rect")]


def test_bars_are_as_high_as_their_figures() -> None:
    drawn = heights(bar_svg(title="Decisions", labels=WEEKS, series=[APPROVED]))
    assert [round(h / drawn[0], 2) for h in drawn] == [1.0, 2.0, 4.0]


def test_series_are_stacked_and_zero_draws_nothing() -> None:
    root = parsed(bar_svg(title="Decisions", labels=WEEKS, series=[APPROVED, DENIED]))
    rects = list(root.iter(f"{SVG}rect"))
    assert [r.attrib["fill"] for r in rects].count(TONES["bad"]) == 2
    first, denied = rects[0], rects[1]
    assert float(denied.attrib["y"]) + float(denied.attrib["height"]) == pytest.approx(
        float(first.attrib["y"]), abs=0.11
    )


def test_a_limit_is_a_line_in_steps_over_the_columns() -> None:
    limit = Series("Budget", (80, 80, 40))
    root = parsed(bar_svg(title="Spent", labels=WEEKS, series=[APPROVED], limit=limit))
    (line,) = root.iter(f"{SVG}polyline")
    heights_of = [float(point.split(",")[1]) for point in line.attrib["points"].split()]
    assert heights_of == [10.0, 10.0, 10.0, 10.0, 101.0, 101.0]  # 80 is the top, 40 halfway
    assert line.attrib["stroke"] == TONES["bad"]
    (description,) = root.iter(f"{SVG}desc")
    assert "Budget: from 80 (45) to 40 (47)" in str(description.text)


def test_a_line_has_a_point_for_every_label() -> None:
    root = parsed(line_svg(title="Minutes", labels=WEEKS, series=[APPROVED, DENIED]))
    lines = list(root.iter(f"{SVG}polyline"))
    assert [len(line.attrib["points"].split()) for line in lines] == [3, 3]
    assert ["stroke-dasharray" in line.attrib for line in lines] == [False, True]


def test_title_and_description_are_tied_to_the_drawing() -> None:
    root = parsed(bar_svg(title="Decisions", labels=WEEKS, series=[APPROVED], unit="requests"))
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert description is not None
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-labelledby"] == f"{title.attrib['id']} {description.attrib['id']}"
    assert title.text == "Decisions"
    assert description.text == ("Approved: from 10 (45) to 40 (47) requests, highest 40 (47).")


def test_a_donut_tells_its_shares() -> None:
    svg = donut_svg(
        title="Risk", labels=["Low", "High"], series=Series("", (3, 1)), unit="requests"
    )
    description = parsed(svg).find(f"{SVG}desc")
    assert description is not None
    assert description.text == "Low 3 (75%), High 1 (25%). Total 4 requests."
    assert len(list(parsed(svg).iter(f"{SVG}path"))) == 2


def test_a_donut_of_one_segment_is_a_whole_ring() -> None:
    svg = donut_svg(title="Risk", labels=["Low"], series=Series("", (3,)))
    (path,) = parsed(svg).iter(f"{SVG}path")
    assert path.attrib["d"].count("A") == 4


@pytest.mark.parametrize("draw", [bar_svg, line_svg])
def test_nothing_to_draw_is_said(draw: object) -> None:
    svg = draw(title="Decisions", labels=[], series=[])  # type: ignore[operator]
    description = parsed(svg).find(f"{SVG}desc")
    assert description is not None
    assert description.text == "No figures in this period."


def test_an_empty_donut_is_drawn_without_dividing_by_zero() -> None:
    svg = donut_svg(title="Risk", labels=["Low"], series=Series("", (0,)))
    assert list(parsed(svg).iter(f"{SVG}path")) == []


@pytest.mark.parametrize("values", [(1,), (1, 2, -3), (1, 2, float("nan"))])
def test_figures_that_cannot_be_drawn_are_refused(values: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"^Bad: "):
        bar_svg(title="T", labels=WEEKS, series=[Series("Bad", values)])


def test_labels_are_escaped_and_nothing_can_act() -> None:
    hostile = "</text><script>alert(1)</script>"
    for svg in (
        bar_svg(title=hostile, labels=[hostile], series=[Series(hostile, (1,))], unit=hostile),
        line_svg(title=hostile, labels=[hostile], series=[Series(hostile, (1,))]),
        donut_svg(title=hostile, labels=[hostile], series=Series(hostile, (1,)), unit=hostile),
    ):
        names = {element.tag.removeprefix(SVG) for element in parsed(svg).iter()}
        shapes = {"rect", "line", "polyline", "circle", "path"}
        assert names - shapes == {"svg", "title", "desc", "text"}
        assert re.findall(r"\s(?:style|on\w+|href)=", svg) == []


def test_the_same_figures_give_the_same_bytes() -> None:
    first = bar_svg(title="T", labels=WEEKS, series=[APPROVED])
    assert bar_svg(title="T", labels=WEEKS, series=[Series("Approved", (10, 20, 40))]) == first
    assert bar_svg(title="T", labels=WEEKS, series=[DENIED]) != first


@pytest.mark.parametrize(
    ("largest", "ticks"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (3, [0, 1, 2, 3]),
        (7, [0, 2, 4, 6, 8]),
        (100, [0, 25, 50, 75, 100]),
        (184, [0, 50, 100, 150, 200]),
        (0.4, [0, 0.1, 0.2, 0.3, 0.4]),
    ],
)
def test_ticks_are_round_and_reach_the_largest(largest: float, ticks: list[float]) -> None:
    assert nice_ticks(largest) == ticks


@pytest.mark.parametrize(
    ("value", "words"), [(1769, "1,769"), (12.5, "12.5"), (3.0, "3"), (100, "100"), (0.333, "0.33")]
)
def test_figures_are_written_for_people(value: float, words: str) -> None:
    assert number(value) == words


@pytest.mark.parametrize(
    ("value", "total", "words"),
    [(0, 0, "0%"), (1, 4, "25%"), (1, 1000, "<1%"), (999, 1000, ">99%"), (4, 4, "100%")],
)
def test_a_share_never_rounds_to_none_or_all(value: int, total: int, words: str) -> None:
    assert share_text(value, total) == words


def test_colours_asked_for_are_not_given_twice() -> None:
    assert series_tones([Series("a", ()), Series("b", (), "1"), Series("c", ())]) == ["2", "1", "3"]
    assert segment_tones(3, ["ok", "bad"]) == ["ok", "bad", "3"]
