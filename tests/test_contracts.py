"""The import contracts catch what they are there for: broken on purpose in a scratch copy."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("govapp", "approvals", "tenants", "audit")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages and their contracts, without caches."""
    place = tmp_path_factory.mktemp("contracts")
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, place / package, ignore=shutil.ignore_patterns("__pycache__", "static")
        )
    shutil.copy(ROOT / "pyproject.toml", place)
    return place


def lint(place: Path) -> int:
    """Return the exit code of the linter on a copy."""
    command = Path(sys.executable).parent / "lint-imports"
    ran = subprocess.run(
        [command, "--no-cache"], cwd=place, env={"PYTHONPATH": str(place)}, capture_output=True
    )
    return ran.returncode


def test_the_house_as_it_stands_is_accepted(copy: Path) -> None:
    assert lint(copy) == 0


@pytest.mark.parametrize(
    ("file", "statement"),
    [
        ("tenants/rules.py", "import approvals.models"),
        ("audit/explain/building.py", "import tenants.models"),
        ("audit/actors.py", "import approvals.enums"),
        ("govapp/common/ids.py", "import audit.actors"),
        ("govapp/common/clock.py", "import tenants.enums"),
        ("approvals/rules.py", "import govapp.settings.base"),
        ("approvals/policies/engine.py", "import django.db"),
        ("approvals/holders/kill.py", "import approvals.selectors.kill"),
        ("audit/merkle/tree.py", "import psycopg"),
        ("govapp/simulator/client.py", "import django"),
    ],
)
def test_a_broken_contract_is_caught(copy: Path, file: str, statement: str) -> None:
    target = copy / file
    whole = target.read_text()
    target.write_text(f"{whole}\n{statement}\n")
    try:
        assert lint(copy) == 1
    finally:
        target.write_text(whole)
