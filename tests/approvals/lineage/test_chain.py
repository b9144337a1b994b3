"""A run's record: any event that is missing, doubled, exchanged or cut off is found and said."""

from dataclasses import replace

import pytest

from approvals.lineage import Closing, Link, verify

TYPES = ["run.started", "run.step_recorded", "action_request.submitted", "run.step_recorded"]
CLOSING = Closing(steps=2, requests=1, events=5)


def chain() -> list[Link]:
    """A whole run of five events."""
    return [
        Link(f"ev_{seq}", kind, seq, f"sha256:{seq - 1}" if seq > 1 else None, f"sha256:{seq}")
        for seq, kind in enumerate([*TYPES, "run.closed"], start=1)
    ]


def test_a_whole_record_has_no_problem() -> None:
    found = verify(list(reversed(chain())), last_seq=5, closing=CLOSING)
    assert (found.events, found.is_closed, found.problems) == (5, True, ())
    assert found.is_whole
    assert verify(chain()[:4], last_seq=4, closing=None).is_whole


@pytest.mark.parametrize("place", range(5))
def test_any_event_that_is_missing_is_named(place: int) -> None:
    links = [each for number, each in enumerate(chain()) if number != place]
    closing = None if place == 4 else CLOSING
    found = verify(links, last_seq=5, closing=closing)
    assert found.problems[0] == f"Event {place + 1} is missing."
    assert not found.is_whole


def test_several_that_are_missing_in_a_row_are_said_once() -> None:
    links = [chain()[0], chain()[4]]
    assert verify(links, last_seq=5, closing=CLOSING).problems == (
        "Events 2 to 4 are missing.",
        "The closing event counts 2 steps; the record has 0.",
        "The closing event counts 1 requests; the record has 0.",
        "The closing event counts 5 events; the record has 2.",
    )


def test_an_event_that_was_exchanged_breaks_the_one_after_it() -> None:
    links = chain()
    links[1] = replace(links[1], digest="sha256:other")
    assert verify(links, last_seq=5, closing=CLOSING).problems == (
        "Event 3 does not follow event 2 as the record has it.",
    )


def test_two_events_that_changed_places_are_found() -> None:
    links = chain()
    links[1], links[2] = replace(links[1], seq=3), replace(links[2], seq=2)
    assert len(verify(links, last_seq=5, closing=CLOSING).problems) == 3


def test_an_event_that_is_there_twice_is_found() -> None:
    links = [*chain(), replace(chain()[2], event="ev_more")]
    assert verify(links, last_seq=5, closing=CLOSING).problems == (
        "Event 3 is there 2 times.",
        "The closing event counts 1 requests; the record has 2.",
        "The closing event counts 5 events; the record has 6.",
    )


def test_a_first_event_that_names_one_before_it_and_one_beyond_the_end_are_found() -> None:
    links = chain()
    links[0] = replace(links[0], previous="sha256:0")
    assert verify(links, last_seq=4, closing=CLOSING).problems == (
        "The run has 4 events; number 5 is beyond them.",
        "Event 1 names an event before it.",
    )


def test_a_run_of_which_nothing_is_left_is_not_whole() -> None:
    assert verify([], last_seq=3, closing=None).problems == ("Events 1 to 3 are missing.",)
