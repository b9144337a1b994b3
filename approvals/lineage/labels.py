"""Labels of data flow along edges: a step carries its own and those of everything it used."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Node:
    """One step: its number, the labels that it brought in, and the numbers of what it used.

    Numbers grow; a step uses earlier ones only.
    """

    number: int
    labels: frozenset[str] = frozenset()
    inputs: tuple[int, ...] = ()


def carried(own: Iterable[str], inputs: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """Return what a step carries, in order: nothing that was taken in ever gets lost."""
    return tuple(sorted({*own, *(label for each in inputs for label in each)}))


def flows(nodes: Sequence[Node]) -> dict[int, tuple[str, ...]]:
    """Return what each step carries, by number. Raises `KeyError` for an edge to nothing earlier.

    `nodes` in the order of their numbers.
    """
    found: dict[int, tuple[str, ...]] = {}
    for node in nodes:
        found[node.number] = carried(node.labels, [found[each] for each in node.inputs])
    return found


def introduced_by(nodes: Sequence[Node]) -> dict[str, tuple[int, ...]]:
    """Return which steps brought each label in: they name it, and nothing that they used has it."""
    carries = flows(nodes)
    found: dict[str, tuple[int, ...]] = {}
    for node in nodes:
        before = {label for each in node.inputs for label in carries[each]}
        for label in sorted(node.labels - before):
            found[label] = (*found.get(label, ()), node.number)
    return dict(sorted(found.items()))


def upstream(inputs: Mapping[int, Collection[int]], number: int) -> frozenset[int]:
    """Return a step and everything that led to it."""
    found, waiting = {number}, [number]
    while waiting:
        for each in inputs.get(waiting.pop(), ()):
            if each not in found:
                found.add(each)
                waiting.append(each)
    return frozenset(found)
