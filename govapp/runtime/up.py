"""``./run``: everything up, until Ctrl-C."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from govapp.runtime.console import StartError, say
from govapp.runtime.migrations import has_command, prepare_database
from govapp.runtime.processes import MARK, end, marked, spawn
from govapp.runtime.services import (
    Services,
    launch_postgres,
    launch_valkey,
    running_services,
)
from govapp.runtime.state import ROOT, holding, read_demo, read_running, state_dir, write_private
from govapp.runtime.supervisor import Child, Program, Supervisor, interruptible

FIRST_PORT, LAST_PORT = 8000, 8099
WEB_SECONDS = 60.0


def up(*, with_demo: bool) -> int:
    """Start everything, say where it is, and keep it running until interrupted."""
    began = time.monotonic()
    directory = state_dir()
    with interruptible(), holding(directory) as alone:
        if not alone:
            there = (read_running(directory) or {}).get("GOVAPP_BASE_URL", "another terminal")
            say(f"Govapp already runs at {there}. Stop that one first (Ctrl-C there).")
            return 1
        try:
            serve(directory, with_demo=with_demo, began=began)
        except KeyboardInterrupt:
            say("Stopped.")
    return 0


def serve(directory: Path, *, with_demo: bool, began: float) -> None:
    """Go through the start in order; leaving by any door stops all that was started."""
    clear_orphans(directory)
    port = choose_port()
    with running_services(directory) as services:
        # By this name browsers allow passkeys without https; only loopback is listened to.
        services.base_url = f"http://localhost:{port}"
        prepare_database(services, with_demo=with_demo and services.mode == "dev")
        with supervised(services) as supervisor, published(services):
            web, *others = programs(services, port)
            supervisor.add(web)
            watch_servers(supervisor, services)
            supervisor.wait_until(lambda: answers(port), web, WEB_SECONDS)
            for program in others:
                supervisor.add(program)
            say(welcome(services, time.monotonic() - began))
            supervisor.run()


@contextmanager
def supervised(services: Services) -> Iterator[Supervisor]:
    """Stop the programs in order at the end; the servers are stopped by their own context."""
    supervisor = Supervisor()
    try:
        yield supervisor
    except KeyboardInterrupt:
        say("\nStopping …")
        raise
    finally:
        servers = {"postgres", "valkey"}
        supervisor.programs = [p for p in supervisor.programs if p.name not in servers]
        supervisor.stop()


@contextmanager
def published(services: Services) -> Iterator[None]:
    """Let other commands of the same person find this run."""
    path = services.directory / "running.json"
    write_private(path, json.dumps(services.note()))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def clear_orphans(directory: Path) -> None:
    """End what a killed run left alive; only a run that was not stopped leaves its note."""
    if (directory / "running.json").exists():
        end(marked(directory), signal.SIGTERM, 5)
        (directory / "running.json").unlink()


def choose_port() -> int:
    """Return the port asked for, or the first free one from 8000.

    Raises StartError when the one asked for is busy.
    """
    if given := os.environ.get("PORT"):
        if not given.isdigit() or not 0 < int(given) < 65536:
            raise StartError(f"PORT={given} is not a port.")
        if not is_free(int(given)):
            raise StartError(f"Port {given} is in use. Stop what uses it, or leave PORT unset.")
        return int(given)
    for port in range(FIRST_PORT, LAST_PORT + 1):
        if is_free(port):
            return port
    raise StartError(f"All ports from {FIRST_PORT} to {LAST_PORT} are in use; set PORT.")


def is_free(port: int) -> bool:
    """Tell whether we could listen there at this moment."""
    try:
        with socket.create_server(("127.0.0.1", port)):
            return True
    except OSError:
        return False


def programs(services: Services, port: int) -> Iterator[Program]:
    """Yield the application's programs in the order in which they are stopped; web first."""
    python = sys.executable
    # A person who starts a demonstration as root knows; the warning would bury the address.
    hush = "ignore:You're running the worker with superuser privileges"
    celery = [python, "-W", hush, "-m", "celery", "--quiet", "-A", "govapp.celery"]
    manage = [python, str(ROOT / "manage.py")]
    worker = ["worker", "--pool", "threads", "--concurrency", "4", "--loglevel", "WARNING"]
    worker += ["--without-gossip", "--without-mingle", "--queues", "celery,reports"]
    # An empty pidfile is none: a stale one would keep beat from starting.
    beat = ["beat", "--pidfile=", "--schedule", str(services.directory / "beat-schedule")]
    yield program("web", web_command(port), services)
    yield replace(program("worker", [*celery, *worker], services), grace=10.0)
    yield program("beat", [*celery, *beat], services)
    if systems := demo_systems(services.directory):
        yield program("systems", systems, services)
    if has_command("sweep_timers"):
        yield program("sweeper", [*manage, "sweep_timers", "--forever"], services)
    if has_command("sequence_ledger"):
        yield program("sequencer", [*manage, "sequence_ledger", "--forever"], services)


def demo_systems(directory: Path) -> list[str]:
    """Return what starts the stand-ins of the demonstration's systems; nothing without them.

    They are where their integrations say. Whoever has that port now keeps it.
    """
    port = (read_demo(directory) or {}).get("systems_port")
    if not port:
        return []
    if not is_free(port):
        say(f"Port {port} is in use: the demonstration's systems and its model do not answer.")
        return []
    return [sys.executable, "-m", "approvals.demo.standin", str(port)]


def web_command(port: int) -> list[str]:
    """Return what starts the web server."""
    web = [sys.executable, "-m", "uvicorn", "govapp.asgi:application", "--host", "127.0.0.1"]
    web += ["--port", str(port), "--no-access-log", "--timeout-graceful-shutdown", "3"]
    return [*web, "--log-level", "warning"]


def program(name: str, command: list[str], services: Services) -> Program:
    """Describe a program of the application role; it is killed when we are."""
    environment = {**services.environment(), MARK: str(services.directory)}

    def start() -> Child:
        return spawn(command, env=environment, cwd=ROOT, output=subprocess.PIPE)

    return Program(name, start)


def watch_servers(supervisor: Supervisor, services: Services) -> None:
    """Restart the embedded servers too, under the URLs that everybody holds."""
    directory = services.directory

    def restart_valkey() -> Child:
        services.valkey = launch_valkey(directory, after=services.valkey)
        return services.valkey.process

    def restart_postgres() -> Child:
        services.postgres = launch_postgres(directory)
        return services.postgres.process

    if services.valkey:
        supervisor.watch(Program("valkey", restart_valkey), services.valkey.process)
    if services.postgres:
        supervisor.watch(Program("postgres", restart_postgres), services.postgres.process)


def answers(port: int) -> bool:
    """Tell whether the web server answers and is well."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def welcome(services: Services, seconds: float) -> str:
    """Return what somebody who just started this wants to know."""
    lines = ["", f"Govapp is ready after {seconds:.1f} s: {services.base_url}", ""]
    if demo := read_demo(services.directory):
        for login in demo.get("logins", []):
            roles = ", ".join(login["roles"]) or "-"
            lines.append(f"  {login['email']:<32} {login['password']:<20} {roles}")
        curl = demo.get("curl", "").replace("{base_url}", services.base_url)
        lines += ["", "As an agent (README goes on: “By hand, with curl”):", f"  {curl}", ""]
    lines.append(f"Logs of the servers: {services.directory / 'logs'}. Ctrl-C stops everything.")
    return "\n".join(lines)
