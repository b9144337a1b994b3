"""A process that believes in another time: `time`, `datetime` and the time in new ids."""

import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from govapp.runtime.state import ROOT

PROBE = """
import json, time
from datetime import UTC, datetime
from govapp.common.ids import new_id, new_ids
now = datetime.now(UTC)
print(json.dumps([time.time(), time.time_ns() / 1e9, now.timestamp(),
                  datetime.now().timestamp(), (new_id().int >> 80) / 1000,
                  (new_ids(1)[0].int >> 80) / 1000, time.monotonic()]))
"""
DAY = 86_400


def test_everything_that_tells_the_time_is_moved(tmp_path: Path) -> None:
    (tmp_path / "probe.py").write_text(PROBE)
    began, mono = time.time(), time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "govapp.chaos.wrong_clock", str(-3 * DAY), tmp_path / "probe.py"],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "TZ": "UTC"},
        capture_output=True,
        text=True,
        check=True,
    )
    ended = time.time()
    *shown, monotonic = json.loads(done.stdout)
    moved = [each + 3 * DAY for each in shown]
    assert [began - 0.01 <= each <= ended + 0.01 for each in moved] == [True] * 6
    assert mono <= monotonic <= time.monotonic()
    assert datetime.now(UTC).timestamp() >= began
