"""``./run test``: every check that continuous integration runs, in one order."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from govapp.runtime.console import heading, say
from govapp.runtime.doctor import install_missing
from govapp.runtime.services import Services, running_services
from govapp.runtime.state import ROOT
from govapp.runtime.supervisor import interruptible

BIN = Path(sys.executable).parent
CODE = ("govapp", "approvals", "tenants", "audit", "tests", "manage.py")
# The same order and the same dice every time: a gate that is chance proves nothing.
SEED = "20261121"
# Playwright keeps an event loop in its process, so what drives a browser runs apart.
TESTS = {
    "Tests (pytest)": "not browser and not life",
    "Tests in a browser and over processes (pytest)": "browser or life",
}
# Many tests wait for other programs meanwhile: one more than there are cores keeps these busy.
WORKERS = min(os.cpu_count() or 2, 5) + 1
# What production insists on, so that its own check can run without being production.
PRODUCTION = {
    "GOVAPP_ENV": "prod",
    "GOVAPP_BASE_URL": "https://govapp.example",
    "ALLOWED_HOSTS": "govapp.example",
    "EMAIL_URL": "smtp+tls://govapp:not-a-password@mail.example:587",
    "DEFAULT_FROM_EMAIL": "Govapp <govapp@govapp.example>",
}


@dataclass(frozen=True)
class Step:
    """One check: what it is called, what it runs, with which environment."""

    title: str
    command: list[str]
    environment: Mapping[str, str]


def gate(arguments: list[str]) -> int:
    """Run all checks, or with arguments only pytest with them; 1 when any failed."""
    install_missing()
    with interruptible():
        if arguments:
            return run_step(pytest_step(arguments))
        with tempfile.TemporaryDirectory(prefix="govapp-") as scratch:
            (Path(scratch) / "logs").mkdir()
            with (
                running_services(Path(scratch), durable=False) as services,
                ThreadPoolExecutor(1) as beside,
            ):
                services.mode = "test"
                types = types_step(services.environment())
                checked = beside.submit(run_unseen, types)
                outcome = {step.title: run_step(step) for step in static_steps(services)}
                outcome[types.title] = show(types, checked.result())
        with tempfile.TemporaryDirectory(prefix="govapp-") as scratch:
            for title, marks in TESTS.items():
                together = [
                    "-n", str(WORKERS), "--dist", "loadgroup", f"--randomly-seed={SEED}"
                ]  # fmt: skip
                step = pytest_step([*together, "-m", marks], title, Path(scratch) / "tests")
                outcome[step.title] = run_step(step)
    return report(outcome)


def run_step(step: Step) -> int:
    """Run one step under its heading; return its exit code."""
    heading(step.title)
    began = time.monotonic()
    code = subprocess.run(
        step.command, cwd=ROOT, env=dict(step.environment), check=False
    ).returncode
    say(f"-- {'passed' if code == 0 else f'FAILED ({code})'}, {time.monotonic() - began:.1f} s")
    return code


def run_unseen(step: Step) -> subprocess.CompletedProcess[bytes]:
    """Run one step and keep what it says."""
    return subprocess.run(
        step.command,
        cwd=ROOT,
        env=dict(step.environment),
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def show(step: Step, done: subprocess.CompletedProcess[bytes]) -> int:
    """Show under its heading what a step said that ran beside others; return its exit code."""
    heading(step.title)
    say(done.stdout.decode(errors="replace").rstrip())
    say(f"-- {'passed' if done.returncode == 0 else f'FAILED ({done.returncode})'}")
    return done.returncode


def report(outcome: Mapping[str, int]) -> int:
    """Sum up; return 1 when any step failed."""
    heading("Summary")
    for title, code in outcome.items():
        say(f"  {'passed' if code == 0 else 'FAILED'}  {title}")
    return 1 if any(outcome.values()) else 0


def pytest_step(
    arguments: list[str], title: str = "Tests (pytest)", shared: Path | None = None
) -> Step:
    """Return the test run; the tests start servers of their own.

    Several runs can share what is made once, the migrated database, in one directory.
    """
    command = [sys.executable, "-m", "pytest", *arguments]
    environment = {**os.environ, "GOVAPP_ENV": "test"}
    if shared:
        environment["GOVAPP_TESTS_SHARED"] = str(shared)
    return Step(title, command, environment)


def static_steps(services: Services) -> Iterator[Step]:
    """Yield everything before the tests, cheapest first."""
    plain = services.environment()
    yield Step("Lint (ruff)", tool("ruff", "check", "."), plain)
    yield Step("Format (ruff)", tool("ruff", "format", "--check", "."), plain)
    module = [sys.executable, "-m", "govapp.runtime.checks"]
    yield Step("House rules (sizes, lock files)", module, plain)
    yield Step("Floors and layers (import-linter)", tool("lint-imports"), plain)
    yield from template_steps(plain)
    yield from django_steps(services)


def types_step(plain: Mapping[str, str]) -> Step:
    """Return the longest of the checks before the tests; it runs beside the others."""
    return Step("Types (mypy)", tool("mypy", *CODE), plain)


def template_steps(plain: Mapping[str, str]) -> Iterator[Step]:
    """Yield the checks of templates."""
    templates = [
        str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("**/templates/**/*.html"))
    ]
    templates = [name for name in templates if not name.startswith(".")]
    if templates:
        yield Step("Template style (djade)", tool("djade", "--check", *templates), plain)
        yield Step("Template lint (djlint)", tool("djlint", "--lint", *templates), plain)


def django_steps(services: Services) -> Iterator[Step]:
    """Yield Django's own checks; the schema is compared with the committed one."""
    plain, owner = services.environment(), services.owner_environment()
    yield Step("System check", manage("check", "--fail-level", "WARNING"), plain)
    yield Step("Migrations complete", manage("makemigrations", "--check", "--dry-run"), owner)
    yield Step(
        "Production settings (check --deploy)",
        manage("check", "--deploy", "--fail-level", "WARNING"),
        {**plain, **PRODUCTION},
    )
    if (ROOT / "openapi.yaml").exists():
        fresh = services.directory / "openapi.yaml"
        yield Step(
            "API schema valid",
            manage("spectacular", "--validate", "--fail-on-warn", "--file", str(fresh)),
            plain,
        )
        compare = ["git", "diff", "--no-index", "--exit-code", "openapi.yaml", str(fresh)]
        yield Step("API schema committed (openapi.yaml)", compare, plain)


def tool(name: str, *arguments: str) -> list[str]:
    """Return the command of a tool of this environment."""
    return [str(BIN / name), *arguments]


def manage(*arguments: str) -> list[str]:
    """Return a management command."""
    return [sys.executable, "manage.py", *arguments]
