"""Sequencers that start at once: forked from a process that has loaded everything.

Reads a line for each thing to do, "start" or "kill" (the oldest), and answers when it is done.
Whoever runs when the input ends is killed.
"""

import os
import signal
import sys
from collections import deque
from typing import NoReturn

import django


def main() -> None:
    django.setup()
    running: deque[int] = deque()
    for line in sys.stdin:
        if line == "start\n":
            running.append(os.fork() or _sequence())
        else:
            _kill(running.popleft())
        sys.stdout.write("done\n")
        sys.stdout.flush()
    for child in running:
        _kill(child)


def _kill(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
        sys.exit("A sequencer has ended by itself.")


def _sequence() -> NoReturn:
    """What `manage.py sequence_ledger --forever` does, until it is killed."""
    from audit.management.commands.sequence_ledger import Command

    try:
        Command().handle(forever=True)
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
