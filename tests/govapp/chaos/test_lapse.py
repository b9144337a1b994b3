"""How late something was, when the clock that says so goes in steps."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from govapp.chaos.journals import ident
from govapp.chaos.lapse import Lapse
from govapp.chaos.stack import Stack
from govapp.common.ids import new_id, public_id

BEGAN = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def stepped() -> Lapse:
    """A clock that was moved by an hour after ten and after twenty real seconds."""
    lapse = Lapse(cast("Stack", Path()), days=7, seconds=180)
    start = BEGAN.timestamp()
    lapse.moments = [start, start + 10, start + 20]
    lapse.reached = [BEGAN + n * HOUR + timedelta(seconds=10 * n) for n in range(3)]
    return lapse


def test_what_is_due_within_a_step_is_due_when_the_clock_was_moved() -> None:
    due = BEGAN + HOUR / 2
    done = BEGAN + HOUR + timedelta(seconds=13)
    assert stepped().late(due, done) == 3.0


def test_between_steps_seconds_are_seconds() -> None:
    due = BEGAN + HOUR + timedelta(seconds=12)
    assert stepped().late(due, due + timedelta(seconds=2)) == 2.0


def test_after_the_last_step_the_clock_goes_on() -> None:
    due = BEGAN + 2 * HOUR + timedelta(seconds=60)
    assert stepped().late(due, due + timedelta(seconds=5)) == 5.0


def test_nothing_is_late_before_its_time() -> None:
    assert stepped().late(BEGAN + HOUR, BEGAN) == 0.0


def test_public_ids_are_read_as_they_are_written() -> None:
    made = new_id()
    assert ident(public_id("ar", made)) == made
