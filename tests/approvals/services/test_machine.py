"""Any order of anything that can be done to a request keeps what must hold.

Hypothesis chooses the steps (`tests.approvals.machine`); after each one the invariants are counted
anew, by brute force (`tests.approvals.invariants`). `GOVAPP_MACHINE_STEPS` says how many steps
there are in all: 1,500 where nothing is said, at least 10,000 for a full run.
"""

import os
from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.approvals.machine import Approvals

pytestmark = pytest.mark.django_db

STEPS: Final = int(os.environ.get("GOVAPP_MACHINE_STEPS", "1500"))
_BATCH: Final = 500
_STEPS_EACH: Final = 40
# So many steps a test, so that none of them takes long: the last one has what is left.
PARTS = pytest.mark.parametrize(
    ("part", "steps"),
    [(done // _BATCH, min(_BATCH, STEPS - done)) for done in range(0, STEPS, _BATCH)],
)


@PARTS
def test_any_order_of_steps_keeps_what_must_hold(
    part: int, steps: int, record_property: Callable[[str, object], None]
) -> None:
    before = Approvals.steps
    while Approvals.steps - before < steps:
        left = steps - (Approvals.steps - before)
        # Each part has dice of its own, and the same ones every time.
        run_state_machine_as_test(
            seed(f"{part} {left}")(Approvals),
            settings=settings(
                max_examples=-(-left // _STEPS_EACH),
                stateful_step_count=_STEPS_EACH,
                deadline=None,
                # What fails is told as it was: making it short takes longer than a test may.
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
                database=None,
            ),
        )
    record_property("steps", Approvals.steps - before)
