"""Event streams, cut anywhere."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.gateway.sse import BadStream, EventReader

STREAM = (
    b"\xef\xbb\xbf: a comment\r\n\r\nid: 7\ndata: one\n\ndata: two\ndata:  lines\r\n\r\n"
    b"event: x\rdata:three\r\rdata: \xc3\xa9\n\nretry: 5\n\ndata: never finished\n"
)
EVENTS = ["one", "two\n lines", "three", "é"]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_wherever_it_is_cut_the_events_are_the_same(cuts: list[int]) -> None:
    reader, places = EventReader(), [0, *sorted(cuts), len(STREAM)]
    found = []
    for start, end in pairwise(places):
        found += reader.feed(STREAM[start:end])
    assert found == EVENTS


@pytest.mark.parametrize("stream", [b"data: \xff\n", b"data: " + b"x" * 90, b"data: x\n" * 20])
def test_what_is_no_text_or_too_long_is_refused(stream: bytes) -> None:
    with pytest.raises(BadStream):
        EventReader(at_most=80).feed(stream)
