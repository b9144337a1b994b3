"""What goes wrong during the lapse, in an order that the seed decides."""

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Final

import psycopg
import redis

from govapp.chaos.lapse import Lapse
from govapp.chaos.stack import Stack, bare_environment, free_port, until
from govapp.chaos.traffic import Addresses
from govapp.runtime.processes import kill_session, spawn
from govapp.runtime.state import ROOT
from govapp.runtime.up import answers, web_command

KILLED: Final = ("worker", "beat", "web", "sweeper", "sequencer", "valkey")
WRONG_BY: Final = (timedelta(hours=-5), timedelta(hours=3), timedelta(days=-40), timedelta(days=2))
BACK_SECONDS: Final = 120.0


class WrongHost:
    """A second host with web, worker and sweeper, on which it is another time."""

    def __init__(self, stack: Stack, by: timedelta) -> None:
        self.port = free_port()
        self.processes: list[subprocess.Popen[bytes]] = []
        published = dict(stack.published)
        del published["DATABASE_OWNER_URL"]  # no program that serves has it
        environment = bare_environment(**published, DJANGO_SETTINGS_MODULE="govapp.settings.dev")
        with (stack.directory / "wrong_host.log").open("ab") as output:
            for command in self._commands(by):
                self.processes.append(spawn(command, env=environment, cwd=ROOT, output=output))

    def _commands(self, by: timedelta) -> Sequence[list[str]]:
        moved = [sys.executable, "-m", "govapp.chaos.wrong_clock", f"{by.total_seconds():.0f}"]
        _, _, *web = web_command(self.port)
        worker = ["celery", "--quiet", "-A", "govapp.celery", "worker", "--pool", "threads"]
        worker += ["--concurrency", "2", "--loglevel", "WARNING", "--hostname", "wrong@%h"]
        worker += ["--without-gossip", "--without-mingle", "--queues", "celery,reports"]
        sweeper = [str(ROOT / "manage.py"), "sweep_timers", "--forever"]
        return [moved + each for each in (web, worker, sweeper)]

    def kill(self) -> None:
        """Kill -9 all of it."""
        for process in self.processes:
            kill_session(process.pid)
            process.wait(60)


class Injector:
    """Injects one fault after the other and counts them."""

    def __init__(self, stack: Stack, lapse: Lapse, addresses: Addresses, seed: int) -> None:
        self.stack, self.lapse, self.addresses = stack, lapse, addresses
        self.rng = Random(seed)  # noqa: S311 - a game of dice, not a secret
        self.done: Counter[str] = Counter()
        self.wrong_host: WrongHost | None = None
        self.wrong = list(WRONG_BY)
        self.rng.shuffle(self.wrong)
        self.kinds: dict[str, Callable[[], None]] = {
            f"{name} killed": lambda name=name: self._kill(name)  # type: ignore[misc]
            for name in KILLED
        }
        self.kinds |= {
            "valkey flushed": self._flush,
            "postgres restarted": lambda: self._end_postgres(signal.SIGINT),
            "postgres crashed": lambda: self._end_postgres(signal.SIGQUIT),
            "clock set back": lambda: self.lapse.step(-self._minutes(5, 45)),
            "clock set forward": lambda: self.lapse.step(self._minutes(30, 240)),
            "host with a wrong clock": self._change_wrong_host,
        }

    def run(self, until_monotonic: float, say: Callable[[str], None]) -> None:
        """Inject until then: every kind once before any comes again."""
        left = until_monotonic - time.monotonic()
        pause = min(max(left / (len(self.kinds) + 4), 0.5), 4.5)
        order: list[str] = []
        while time.monotonic() < until_monotonic or len(self.done) < len(self.kinds):
            time.sleep(pause * self.rng.uniform(0.7, 1.1))
            if not order:
                order = list(self.kinds)
                self.rng.shuffle(order)
            kind = order.pop()
            self.inject(kind)
            day = self.lapse.simulated / timedelta(days=1)
            say(f"  day {day:4.1f}  {kind}")

    def inject(self, kind: str) -> None:
        """Let one thing go wrong."""
        self.kinds[kind]()
        self.done[kind] += 1

    def _kill(self, name: str) -> None:
        # What was just restarted may still be on its way.
        until(lambda: name in self.stack.programs(), f"{name} is not there", BACK_SECONDS)
        self.stack.kill(name)

    def _flush(self) -> None:
        try:
            with redis.Redis.from_url(self.stack.published["REDIS_URL"]) as valkey:
                valkey.flushall()
        except redis.ConnectionError:
            until(lambda: "valkey" in self.stack.programs(), "valkey is not there", BACK_SECONDS)
            time.sleep(0.5)
            self._flush()

    def _end_postgres(self, how: signal.Signals) -> None:
        def look() -> bool:
            process = self.stack.programs().get("postgres")
            if process is not None:
                process.send_signal(how)
            return process is not None

        until(look, "postgres is not there", BACK_SECONDS)

    def _minutes(self, least: int, most: int) -> timedelta:
        return timedelta(minutes=self.rng.uniform(least, most))

    def _change_wrong_host(self) -> None:
        """Kill the host whose clock errs, if there is one, and start one that errs otherwise."""
        self.end_wrong_host()
        by = self.wrong[self.done["host with a wrong clock"] % len(self.wrong)]
        self.wrong_host = host = WrongHost(self.stack, by)
        self.addresses.add(f"http://localhost:{host.port}", lambda: answers(host.port))

    def end_wrong_host(self) -> None:
        """Kill it; agents go to the other one again."""
        self.addresses.only_first()
        if self.wrong_host:
            self.wrong_host.kill()
            self.wrong_host = None


def all_back(stack: Stack) -> None:
    """Wait until every program runs again and the database answers."""
    wanted = {*KILLED, "postgres"}
    until(lambda: wanted <= set(stack.programs()), "all programs are back", BACK_SECONDS)

    def look() -> bool:
        try:
            return bool(stack.value("SELECT 1"))
        except psycopg.OperationalError:
            return False

    until(look, "the database answers", BACK_SECONDS)


def words_of(folder: Path) -> str:
    """Return what the host with the wrong clock has said."""
    path = folder / "wrong_host.log"
    return path.read_text(errors="replace") if path.exists() else ""
