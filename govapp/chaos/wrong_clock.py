"""`python -m govapp.chaos.wrong_clock SECONDS MODULE ARGUMENTS`: run it as a host whose clock errs.

Moved before anything else is imported: `time.time`, `datetime.now` and the time within new ids.
What waits (monotonic clocks) goes on as before, as it does on such a host.
"""

import ctypes
import gc
import runpy
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import Any

import uuid_utils
import uuid_utils.compat


def move_clock(seconds: int) -> None:
    """Let this process believe that it is so much later (or earlier) than it is."""
    real_time, real_time_ns, real_now = time.time, time.time_ns, datetime.now
    shift = timedelta(seconds=seconds)

    def now(kind: type[datetime], tz: tzinfo | None = None) -> datetime:
        return real_now(tz) + shift

    def utcnow(kind: type[datetime]) -> datetime:
        return real_now() + shift

    time.time = lambda: real_time() + seconds
    time.time_ns = lambda: real_time_ns() + seconds * 1_000_000_000
    # The class is written in C and refuses assignment; what it holds is an ordinary dictionary.
    (held,) = gc.get_referents(datetime.__dict__)
    held |= {"now": classmethod(now), "utcnow": classmethod(utcnow)}
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(datetime))
    _move_ids()


def _move_ids() -> None:
    makers: list[Any] = [uuid_utils, uuid_utils.compat]
    for made_by in makers:
        made_by.uuid7 = _moved(made_by.uuid7)


def _moved(real: Callable[..., Any]) -> Callable[..., Any]:
    def uuid7(*, nanoseconds: int | None = None) -> Any:
        return real(nanoseconds=time.time_ns() if nanoseconds is None else nanoseconds)

    return uuid7


def main(arguments: list[str]) -> None:
    """Run a module, or a file, with the clock of this process moved."""
    seconds, name, *rest = arguments
    move_clock(int(seconds))
    sys.argv = [name, *rest]
    if name.endswith(".py"):
        runpy.run_path(name, run_name="__main__")
    else:
        runpy.run_module(name, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
