"""`./run simulate` finds the Govapp that runs, and finds nothing wrong with it."""

import json
import subprocess
import sys
from pathlib import Path

from govapp.chaos.stack import bare_environment
from govapp.runtime.state import ROOT
from tests.life.journey import Company


def test_the_simulator_finds_no_fault(company: Company, tmp_path: Path) -> None:
    note, figures = tmp_path / "note.json", tmp_path / "figures.json"
    note.write_text(json.dumps(company.note))
    options = ["--keys", str(note), "--json", str(figures), "--approvers"]
    options += ["--seconds", "8", "--rate", "10"]
    done = subprocess.run(
        [sys.executable, "-m", "govapp.runtime", "simulate", *options],
        env=bare_environment(GOVAPP_STATE_DIR=str(company.stack.directory)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(figures.read_text())
    assert (found["faults"], found["broken"]) == ({}, [])
    assert {"submitted", "attacks", "voted", "redeemed"} <= {
        k for k, v in found["counts"].items() if v
    }
    assert company.stack.verify_ledger(company.slug)[0] == 0
