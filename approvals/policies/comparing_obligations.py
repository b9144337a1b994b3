"""Whether one rule asks for at least as much beside its outcome as another."""

from __future__ import annotations

from approvals.policies.comparing_flows import Gap
from approvals.policies.describing import name_reference
from approvals.policies.durations import duration_in_words
from approvals.policies.rules import Rule


def obligation_gaps(looser: Rule | None, stricter: Rule) -> tuple[Gap, ...]:
    """In which points `looser` (None: nothing at all) asks for less beside its outcome.

    A note is for reading and asks for nothing.
    """
    theirs = stricter.obligations
    if theirs is None:
        return ()
    mine = looser.obligations if looser else None
    gaps = []
    if theirs.step_up and not (mine and mine.step_up):
        gaps.append(Gap("", "a fresh second factor", "no fresh second factor"))
    if theirs.login and not (mine and mine.login):
        gaps.append(Gap("", "a login to vote", "votes from a link or a chat"))
    if theirs.delay and not (mine and mine.delay and mine.delay >= theirs.delay):
        own = duration_in_words(mine.delay) if mine and mine.delay else "no"
        words = f"{duration_in_words(theirs.delay)} of delay"
        gaps.append(Gap("", words, f"{own} {'of ' if own != 'no' else ''}delay"))
    told = {each.key for each in mine.notify} if mine else set()
    gaps += [
        Gap("", f"telling {name_reference(each)}", f"not telling {name_reference(each)}")
        for each in theirs.notify
        if each.key not in told
    ]
    return tuple(gaps)
