"""One proof for many leaves: the hash of each largest subtree in which none of them lies.

For a run of leaves it is as short as two inclusion proofs. The order of the hashes is that of the
leaves, so whoever has the leaves computes the root in one pass and little memory.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from audit.merkle.tiles import ReadTile, subtree_root


@dataclass
class Runs:
    """Ascending indices, kept as runs without a gap: what a whole period needs is one."""

    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)

    def add(self, index: int) -> None:
        """Take the next index. Raises ValueError when it is not larger than the last."""
        if self.ends and index < self.ends[-1]:
            raise ValueError("indices ascend")
        if self.ends and index == self.ends[-1]:
            self.ends[-1] += 1
        else:
            self.starts.append(index)
            self.ends.append(index + 1)


def prove_together(runs: Runs, size: int, read: ReadTile) -> Iterator[bytes]:
    """Yield the hashes that lead from the leaves of the runs to the root at this size."""
    yield from _prove(runs.starts, runs.ends, 0, size, (size, read))


def _prove(
    starts: Sequence[int], ends: Sequence[int], start: int, end: int, tree: tuple[int, ReadTile]
) -> Iterator[bytes]:
    if end == start:
        return
    at = bisect_left(ends, start + 1)
    if at == len(starts) or starts[at] >= end:
        yield subtree_root(start, end, *tree)
    elif not (starts[at] <= start and end <= ends[at]):
        middle = start + (1 << ((end - start - 1).bit_length() - 1))
        yield from _prove(starts, ends, start, middle, tree)
        yield from _prove(starts, ends, middle, end, tree)
