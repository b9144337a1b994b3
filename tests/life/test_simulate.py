"""`./run simulate` finds the Govapp that runs, and finds nothing wrong with it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from govapp.chaos.stack import bare_environment
from govapp.runtime.state import ROOT
from tests.life.journey import Company

WANTED = {"submitted", "attacks", "voted", "redeemed"}


def simulate(company: Company, folder: Path, seconds: int) -> set[str]:
    """Simulate so long; nothing may be wrong. Return what there was of each kind."""
    note, figures = folder / "note.json", folder / "figures.json"
    note.write_text(json.dumps(company.note))
    options = ["--keys", str(note), "--json", str(figures), "--approvers"]
    options += ["--seconds", str(seconds), "--rate", "10"]
    done = subprocess.run(
        [sys.executable, "-m", "govapp.runtime", "simulate", *options],
        env=bare_environment(GOVAPP_STATE_DIR=str(company.stack.directory)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(figures.read_text())
    assert (found["faults"], found["broken"]) == ({}, [])
    return {kind for kind, count in found["counts"].items() if count}


@pytest.mark.timeout(1800)
def test_the_simulator_finds_no_fault(company: Company, tmp_path: Path) -> None:
    seen = simulate(company, tmp_path, 8)
    for seconds in (20, 60, 180):  # on a busy machine nobody may have come so far
        if not seen >= WANTED:
            seen |= simulate(company, tmp_path, seconds)
    assert seen >= WANTED
    assert company.stack.verify_ledger(company.slug)[0] == 0
