"""The commands that work beside a running Govapp, or start the servers for a moment."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from govapp.runtime.console import StartError, say
from govapp.runtime.migrations import has_command, load_demo, prepare_database, read_note
from govapp.runtime.services import Services, running_services
from govapp.runtime.state import ROOT, holding, read_running, state_dir
from govapp.runtime.supervisor import interruptible
from govapp.runtime.up import clear_orphans, welcome

AS_OWNER = {"migrate", "makemigrations", "showmigrations", "sqlmigrate"}


@contextmanager
def borrowed_environment() -> Iterator[dict[str, str]]:
    """Yield the environment of the run that is up; start the servers when none is."""
    directory = state_dir()
    with interruptible(), holding(directory) as alone:
        if not alone:
            yield published_environment(directory)
            return
        clear_orphans(directory)
        with running_services(directory) as services:
            yield services.tool_environment()


def published_environment(directory: Path) -> dict[str, str]:
    """Return ours with the running one's part. Raises StartError while it is still starting."""
    note = read_running(directory)
    if note is None:
        raise StartError("Another run is just starting or stopping here; try again in a moment.")
    return {**os.environ, **note}


def manage(arguments: list[str]) -> int:
    """Run ``manage.py`` with the database and broker of this installation."""
    with borrowed_environment() as environment:
        if arguments[:1] and arguments[0] in AS_OWNER:
            url = environment["DATABASE_OWNER_URL"]
            environment = {**environment, "DATABASE_URL": url, "GOVAPP_ROLE": "owner"}
        # In our own session, so that an interactive command keeps the terminal.
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        return subprocess.run(command, check=False, env=environment).returncode


def simulate(arguments: list[str]) -> int:
    """Run agents of different manners against the Govapp that is up, through HTTP only."""
    directory = state_dir()
    environment = read_running(directory)
    if environment is None:
        raise StartError("Start Govapp first (./run, in another terminal), then ./run simulate.")
    where = ["--base-url", environment["GOVAPP_BASE_URL"], "--keys", str(directory / "demo.json")]
    line = [sys.executable, "-m", "govapp.simulator", *where, *arguments]
    return subprocess.run(line, check=False).returncode


def policy(arguments: list[str]) -> int:
    """Pull, check, push, submit or simulate a policy, over HTTP with a member's token."""
    environment = read_running(state_dir())
    given = any(each.startswith("--url") for each in arguments)
    where = [] if given or environment is None else ["--url", environment["GOVAPP_BASE_URL"]]
    line = [sys.executable, "-m", "govapp.client", *where, *arguments]
    return subprocess.run(line, check=False).returncode


def bench(arguments: list[str]) -> int:
    """Run benchmarks, on servers of their own; what is running here is left alone."""
    line = [sys.executable, "-m", "govapp.bench", *arguments]
    return subprocess.run(line, check=False, cwd=ROOT).returncode


def chaos(arguments: list[str]) -> int:
    """Kill parts of a Govapp of its own under load, and check what must hold afterwards."""
    line = [sys.executable, "-m", "govapp.chaos", *arguments]
    return subprocess.run(line, check=False, cwd=ROOT).returncode


def project_command(command: str, arguments: list[str], environment: dict[str, str]) -> int:
    """Run a management command that a later version of the project may bring."""
    if not has_command(command):
        raise StartError(f"This version has no {command}.")
    line = [sys.executable, str(ROOT / "manage.py"), command, *arguments]
    return subprocess.run(line, check=False, env=environment).returncode


def demo() -> int:
    """Load the demonstration tenant again and print its logins."""
    directory = state_dir()
    with interruptible(), holding(directory) as alone:
        if not alone:
            environment = published_environment(directory)
            return project_command("load_demo", [], environment)
        clear_orphans(directory)
        with running_services(directory) as services:
            reload(services)
            say(welcome(services, 0.0))
    return 0


def reload(services: Services) -> None:
    """Migrate if need be and load the demonstration whether it is there or not."""
    prepare_database(services, with_demo=False)
    load_demo(services, read_note(services.owner_url))


def reset(*, sure: bool) -> int:
    """Remove everything this installation keeps; a database the user brought stays."""
    directory = state_dir()
    if not sure:
        say(f"This removes {directory}: the database, the queue and the secrets in it.")
        if not sys.stdin.isatty() or input("Type yes to go on: ").strip() != "yes":
            say("Nothing was removed. Without a terminal: ./run reset --yes")
            return 1
    with holding(directory) as alone:
        if not alone:
            raise StartError("Govapp is running here; stop it first.")
        clear_orphans(directory)
        shutil.rmtree(directory)
    say(f"Removed {directory}.")
    return 0
