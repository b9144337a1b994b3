"""Every benchmark runs, with sizes that say nothing about speed; no time is asserted."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from govapp.bench.figures import Figure, at_least, at_most, line, percentile
from govapp.bench.runner import BENCHMARKS
from govapp.runtime.state import ROOT
from tests.support.services import have_template


@pytest.mark.life
@pytest.mark.timeout(900)
def test_every_benchmark_runs_with_tiny_sizes(tmp_path: Path, template: Path) -> None:
    tmp_path.chmod(0o711)
    have_template(template)
    places = {"GOVAPP_STATE_DIR": str(tmp_path), "GOVAPP_BENCH_TEMPLATE": str(template)}
    done = subprocess.run(
        [sys.executable, "-m", "govapp.bench", "--tiny"],
        cwd=ROOT,
        env=os.environ | places | {"GOVAPP_ENV": "dev"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    names = {row.split()[0] for row in done.stdout.splitlines() if row.strip()}
    assert set(BENCHMARKS) <= names


def test_a_rate_passes_by_its_ratio_to_the_baseline() -> None:
    figures = [
        at_least("x", rate, 100.0, unit="/s", name="floor", target=0.5) for rate in (50.0, 49.0)
    ]
    assert [(each.ratio, each.verdict) for each in figures] == [
        (0.5, "pass"),
        (0.49, "below target"),
    ]


def test_a_quantity_passes_up_to_its_target() -> None:
    assert [at_most("x", n, unit="ms", target=10).verdict for n in (10, 10.1)] == [
        "pass",
        "below target",
    ]


def test_what_has_no_target_has_no_verdict() -> None:
    assert line("wait", Figure("opened", "3 s")).split() == ["wait", "opened", "3", "s"]


def test_a_percentile_is_one_of_the_values() -> None:
    assert [percentile([3.0, 1.0, 2.0], percent) for percent in (0, 50, 99)] == [1.0, 2.0, 3.0]
    assert percentile([], 99) == 0
