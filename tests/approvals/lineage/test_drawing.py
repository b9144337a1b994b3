"""A run's drawing: each step right of everything that it used, no two in one place."""

from hypothesis import given
from hypothesis import strategies as st

from approvals.lineage import draw


def test_steps_stand_in_columns_and_are_joined() -> None:
    drawing = draw([("a", []), ("b", []), ("c", ["a", "b"]), ("d", ["c", "a"]), ("e", ["nobody"])])
    places = {box.name: (box.x, box.y) for box in drawing.boxes}
    assert places == {
        "a": (12, 12), "b": (12, 88), "c": (240, 12), "d": (468, 12), "e": (12, 164),
    }  # fmt: skip
    assert [(line.source, line.target) for line in drawing.lines] == [
        ("a", "c"), ("b", "c"), ("c", "d"), ("a", "d"),
    ]  # fmt: skip
    assert drawing.lines[0].path == "M184 39 C212 39 212 39 240 39"
    assert (drawing.width, drawing.height) == (652, 230)


def test_a_run_without_steps_is_an_empty_drawing() -> None:
    assert draw([]).boxes == ()


@given(st.lists(st.lists(st.integers(0, 20), max_size=4), max_size=20))
def test_no_step_covers_another_and_every_edge_leads_to_the_right(edges: list[list[int]]) -> None:
    steps = [
        (str(number), [str(each) for each in inputs if each < number])
        for number, inputs in enumerate(edges)
    ]
    drawing = draw(steps)
    places = {box.name: box for box in drawing.boxes}
    assert len({(box.x, box.y) for box in drawing.boxes}) == len(steps)
    assert all(places[line.source].x < places[line.target].x for line in drawing.lines)
