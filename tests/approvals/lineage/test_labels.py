"""Labels flow along edges and never get lost; which step brought one in is known."""

from hypothesis import given
from hypothesis import strategies as st

from approvals.lineage import Node, carried, flows, introduced_by, upstream

LABELS = st.frozensets(st.sampled_from(["pii", "secret", "public", "health"]), max_size=3)


@st.composite
def graphs(draw: st.DrawFn) -> list[Node]:
    """Steps that use earlier ones only."""
    nodes = []
    for number in range(1, draw(st.integers(1, 8)) + 1):
        earlier = list(range(1, number))
        inputs = draw(st.lists(st.sampled_from(earlier), unique=True)) if earlier else []
        nodes.append(Node(number, draw(LABELS), tuple(inputs)))
    return nodes


def paths_to(nodes: list[Node], number: int) -> set[int]:
    """Every step that leads to one, found the slow way."""
    by_number = {node.number: node for node in nodes}
    found = {number}
    for each in by_number[number].inputs:
        found |= paths_to(nodes, each)
    return found


def test_a_step_carries_its_own_labels_and_those_of_what_it_used() -> None:
    nodes = [
        Node(1, frozenset({"customer-pii"})),
        Node(2, frozenset({"public"})),
        Node(3, frozenset(), (1,)),
        Node(4, frozenset({"draft"}), (2, 3)),
        Node(5),
    ]
    assert flows(nodes) == {
        1: ("customer-pii",),
        2: ("public",),
        3: ("customer-pii",),
        4: ("customer-pii", "draft", "public"),
        5: (),
    }
    assert introduced_by(nodes) == {"customer-pii": (1,), "draft": (4,), "public": (2,)}


def test_a_label_that_is_named_again_is_not_brought_in_again() -> None:
    nodes = [
        Node(1, frozenset({"pii"})),
        Node(2, frozenset({"pii"}), (1,)),
        Node(3, frozenset({"pii"})),
    ]
    assert introduced_by(nodes) == {"pii": (1, 3)}


@given(graphs())
def test_what_a_step_carries_is_what_all_that_led_to_it_brought_in(nodes: list[Node]) -> None:
    labels = {node.number: node.labels for node in nodes}
    found = flows(nodes)
    for node in nodes:
        led = paths_to(nodes, node.number)
        assert set(found[node.number]) == set().union(*(labels[each] for each in led))
        inputs = {each.number: each.inputs for each in nodes}
        assert upstream(inputs, node.number) == led


@given(graphs(), st.data())
def test_another_edge_or_label_takes_nothing_away(nodes: list[Node], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(nodes) - 1))
    more = nodes[place]
    more = Node(more.number, more.labels | {"new"}, tuple(range(1, more.number)))
    wider = flows([*nodes[:place], more, *nodes[place + 1 :]])
    assert all(set(before) <= set(wider[number]) for number, before in flows(nodes).items())


@given(graphs())
def test_every_label_that_is_carried_was_brought_in_by_a_step_before(nodes: list[Node]) -> None:
    inputs = {each.number: each.inputs for each in nodes}
    origins = introduced_by(nodes)
    for number, labels in flows(nodes).items():
        for label in labels:
            assert upstream(inputs, number) & set(origins[label])


@given(LABELS, st.lists(LABELS, max_size=4))
def test_the_order_of_inputs_says_nothing(
    own: frozenset[str], inputs: list[frozenset[str]]
) -> None:
    assert carried(own, inputs) == carried(own, reversed(inputs))
