"""Keeps the programs of one run alive, shows what they say, and stops them in order.

One thread and one loop: it reads their output, restarts what ended, waits for a signal.
"""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from govapp.runtime.console import StartError, say
from govapp.runtime.processes import kill_session

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
# Who ran this long is healthy again, and its next restart comes quickly.
STEADY_SECONDS = 60.0
Child = subprocess.Popen[bytes]


@dataclass
class Program:
    """One supervised program: how to start it, and how long it may take to stop."""

    name: str
    start: Callable[[], Child]
    grace: float = 5.0
    process: Child | None = None
    pause: float = FIRST_PAUSE
    started: float = 0.0
    restart_at: float | None = None
    restarts: int = 0
    tail: bytes = field(default=b"", repr=False)


class Supervisor:
    """Runs programs until told to stop. Programs are stopped in the order of ``add``."""

    def __init__(self) -> None:
        self.programs: list[Program] = []
        self.selector = selectors.DefaultSelector()
        self.hurry = False

    def watch(self, program: Program, process: Child) -> None:
        """Take over a program that is already running."""
        program.process, program.started = process, time.monotonic()
        if process.stdout:
            os.set_blocking(process.stdout.fileno(), False)
            self.selector.register(process.stdout, selectors.EVENT_READ, program)
        if program not in self.programs:
            self.programs.append(program)

    def add(self, program: Program) -> None:
        """Start a program and watch it."""
        self.watch(program, program.start())

    def pump(self, seconds: float) -> None:
        """Show output for at most this long; return early when there was some."""
        if not self.selector.get_map():
            time.sleep(seconds)
        for key, _ in self.selector.select(seconds):
            self.read(key.data)

    def read(self, program: Program) -> None:
        """Show whole lines with the program's name, keep the unfinished rest."""
        stream = program.process.stdout if program.process else None
        if stream is None or stream.closed:
            return
        try:
            chunk = os.read(stream.fileno(), 65536)
        except BlockingIOError:
            return
        *lines, program.tail = (program.tail + chunk).split(b"\n")
        if not chunk:
            lines, program.tail = [program.tail] if program.tail else [], b""
            self.selector.unregister(stream)
            stream.close()
        for line in lines:
            say(f"{program.name:<9} | {line.decode(errors='replace')}")

    def tend(self) -> None:
        """Restart what has ended, each after its pause; the pause doubles."""
        now = time.monotonic()
        for program in self.programs:
            if program.restart_at is not None:
                if now >= program.restart_at:
                    self.restart(program)
            elif program.process and program.process.poll() is not None:
                self.bury(program)
                if now - program.started > STEADY_SECONDS:
                    program.pause = FIRST_PAUSE
                self.schedule(program, f"ended ({program.process.returncode})")

    def schedule(self, program: Program, reason: str) -> None:
        """Plan the next start of a program, and let the one after it wait longer."""
        say(f"{program.name:<9} | {reason}; again in {program.pause:g} s")
        program.restart_at = time.monotonic() + program.pause
        program.pause = min(program.pause * 2, LONGEST_PAUSE)

    def restart(self, program: Program) -> None:
        """Start a program again; a start that fails is tried again after the pause."""
        program.restarts += 1
        try:
            self.watch(program, program.start())
        except StartError as error:
            self.schedule(program, str(error))
        else:
            program.restart_at = None

    def bury(self, program: Program) -> None:
        """Take the last words of an ended program and end what it left behind."""
        process = program.process
        if process is None:
            return
        kill_session(process.pid)
        limit = time.monotonic() + 1.0
        while process.stdout and not process.stdout.closed and time.monotonic() < limit:
            self.read(program)
        if process.stdout and not process.stdout.closed:
            # A grandchild in a session of its own still holds the other end.
            self.selector.unregister(process.stdout)
            process.stdout.close()

    def run(self) -> None:
        """Tend until interrupted."""
        while True:
            self.pump(0.2)
            self.tend()

    def wait_until(self, ready: Callable[[], bool], program: Program, seconds: float) -> None:
        """Go on tending until something is ready.

        Raises StartError when the program keeps ending or the time is over.
        """
        limit = time.monotonic() + seconds
        while not ready():
            if program.restarts > 2:
                raise StartError(f"{program.name} does not stay up; its words are above.")
            if time.monotonic() > limit:
                raise StartError(f"{program.name} gave no answer within {seconds:g} s.")
            self.pump(0.05)
            self.tend()

    def stop(self) -> None:
        """Stop all in order, each within its grace; a second Ctrl-C kills at once."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.hasten)
        for program in self.programs:
            process = program.process
            if process is None or process.poll() is not None:
                continue
            process.send_signal(signal.SIGTERM)
            limit = time.monotonic() + program.grace
            while process.poll() is None and time.monotonic() < limit and not self.hurry:
                self.pump(0.02)
            kill_session(process.pid)
            process.wait(10)
            self.bury(program)

    def hasten(self, number: int, frame: FrameType | None) -> None:
        """Give nobody any grace any more."""
        self.hurry = True


def interrupt(number: int, frame: FrameType | None) -> None:
    """Treat a polite request to end like Ctrl-C."""
    raise KeyboardInterrupt


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn SIGTERM and the closing of the terminal into KeyboardInterrupt, for a while.

    SIGINT too: a shell that starts us in the background has switched it off.
    """
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
