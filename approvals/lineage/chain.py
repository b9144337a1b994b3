"""Whether the record of a run is whole: no gap, no double, nothing exchanged, nothing cut off."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Link:
    """One event of a run as the record has it.

    `digest` is the SHA-256 of its bytes; `previous` is what it says of the event before.
    """

    event: str
    type: str
    seq: int
    previous: str | None
    digest: str


@dataclass(frozen=True)
class Closing:
    """What the closing event counts: steps, requests, and events with itself."""

    steps: int
    requests: int
    events: int


@dataclass(frozen=True)
class Verified:
    """What was looked at and what is wrong, in sentences; nothing when the record is whole."""

    events: int
    is_closed: bool
    problems: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing and nothing was exchanged."""
        return not self.problems


def verify(links: Sequence[Link], *, last_seq: int, closing: Closing | None) -> Verified:
    """Look through the events of a run. `last_seq` is how many there should be until now."""
    ordered = sorted(links, key=lambda link: (link.seq, link.event))
    problems = [*_order(ordered, last_seq), *_digests(ordered)]
    if closing is not None:
        problems += _counts(ordered, closing)
    return Verified(len(ordered), closing is not None, tuple(problems))


def _order(links: Sequence[Link], last_seq: int) -> list[str]:
    numbers = [link.seq for link in links]
    there = set(numbers)
    problems = [*_gaps(there, last_seq)]
    doubled = sorted({each for each in there if numbers.count(each) > 1})
    problems += [f"Event {each} is there {numbers.count(each)} times." for each in doubled]
    if beyond := sorted(each for each in there if not 1 <= each <= last_seq):
        problems.append(f"The run has {last_seq} events; number {beyond[0]} is beyond them.")
    return problems


def _gaps(there: set[int], last_seq: int) -> list[str]:
    """What is missing, in sentences; several in a row are one."""
    found: list[tuple[int, int]] = []
    for number in range(1, last_seq + 1):
        if number in there:
            continue
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return [
        f"Event {first} is missing." if first == last else f"Events {first} to {last} are missing."
        for first, last in found
    ]


def _digests(links: Sequence[Link]) -> list[str]:
    by_seq = {link.seq: link for link in links}
    problems = []
    for link in links:
        before = by_seq.get(link.seq - 1)
        if link.seq == 1 and link.previous is not None:
            problems.append("Event 1 names an event before it.")
        elif before is not None and link.previous != before.digest:
            problems.append(
                f"Event {link.seq} does not follow event {before.seq} as the record has it."
            )
    return problems


def _counts(links: Sequence[Link], closing: Closing) -> list[str]:
    types = [link.type for link in links]
    problems = []
    for word, said, found in (
        ("steps", closing.steps, types.count("run.step_recorded")),
        ("requests", closing.requests, types.count("action_request.submitted")),
        ("events", closing.events, len(links)),
    ):
        if said != found:
            problems.append(f"The closing event counts {said} {word}; the record has {found}.")
    return problems
