"""``./run doctor``: what is missing on this machine, and the command that gets it."""

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from govapp.runtime.console import StartError, heading, say
from govapp.runtime.state import ROOT, state_dir
from govapp.runtime.up import choose_port

SPACE_MB = 500
FONTS = Path("/usr/share/fonts")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True)
class Part:
    """A part of the system that pip cannot bring."""

    name: str
    purpose: str
    packages: tuple[str, ...]
    present: Callable[[], bool]


def has_libraries(*names: str) -> bool:
    """Tell whether the loader finds these libraries."""
    try:
        for name in names:
            ctypes.CDLL(name)
    except OSError:
        return False
    return True


def has_pango() -> bool:
    """Tell whether WeasyPrint would find what it loads."""
    if sys.platform == "darwin":
        return has_libraries("libpango-1.0.dylib") or Path("/opt/homebrew/lib").exists()
    return has_libraries("libpango-1.0.so.0", "libpangoft2-1.0.so.0", "libharfbuzz-subset.so.0")


def has_fonts() -> bool:
    """Tell whether the report's text and every script in it can be drawn."""
    return any(FONTS.rglob("DejaVuSans.ttf")) and any(FONTS.rglob("NotoSans-Regular.*"))


PARTS = (
    Part(
        "Pango",
        "PDF reports",
        ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0"),
        has_pango,
    ),
    Part("Fonts", "PDF reports", ("fonts-dejavu-core", "fonts-noto-core"), has_fonts),
    Part("Chromium", "browser tests", ("chromium",), lambda: any(map(shutil.which, BROWSERS))),
    Part(
        "pdftoppm and pdfsig",
        "looking at reports and checking their signatures in tests",
        ("poppler-utils",),
        lambda: all(map(shutil.which, ("pdftoppm", "pdfsig"))),
    ),
    Part("qpdf", "checking reports in tests", ("qpdf",), lambda: shutil.which("qpdf") is not None),
    Part(
        "openssl",
        "checking time stamps in tests",
        ("openssl",),
        lambda: shutil.which("openssl") is not None,
    ),
)


def missing_parts() -> list[Part]:
    """Return the system parts that this machine lacks."""
    return [part for part in PARTS if not part.present()]


def install_command(parts: list[Part]) -> list[str]:
    """Return the command that brings these parts to a Debian."""
    packages = [package for part in parts for package in part.packages]
    return ["apt-get", "install", "--yes", "--no-install-recommends", *packages]


def doctor() -> int:
    """Say what is there and what is not; return 1 when anything is missing."""
    heading("What this machine has")
    problems = [*check_ground(), *(f"{part.name} ({part.purpose})" for part in missing_parts())]
    for part in PARTS:
        say(f"  {'ok     ' if part.present() else 'MISSING'}  {part.name}: {part.purpose}")
    if parts := missing_parts():
        say("\nTo get what is missing:\n  " + advice(parts))
    say("\nEverything is there." if not problems else f"\n{len(problems)} to mend.")
    return 1 if problems else 0


def check_ground() -> list[str]:
    """Check what a start needs of the machine itself; return what does not hold."""
    problems = []
    checks: dict[str, Callable[[], str]] = {
        "Python": lambda: ".".join(map(str, sys.version_info[:3])),
        "State directory": lambda: str(state_dir()),
        "Disk": check_space,
        "Port": lambda: str(choose_port()),
    }
    for name, check in checks.items():
        try:
            say(f"  ok       {name}: {check()}")
        except StartError as error:
            problems.append(name)
            say(f"  MISSING  {name}: {error}")
    return problems


def check_space() -> str:
    """Return the free space. Raises StartError when a database would soon be out of it."""
    free = shutil.disk_usage(ROOT).free // 2**20
    if free < SPACE_MB:
        raise StartError(f"{free} MB free where {SPACE_MB} are needed.")
    return f"{free} MB free"


def advice(parts: list[Part]) -> str:
    """Return what to type, as root or not."""
    if sys.platform == "darwin":
        return "brew install pango poppler && brew install --cask chromium"
    prefix = "" if os.geteuid() == 0 else "sudo "
    return f"{prefix}apt-get update && {prefix}{' '.join(install_command(parts))}"


def install_missing() -> None:
    """In continuous integration as root, install what is missing; otherwise say how."""
    parts = missing_parts()
    if not parts:
        return
    names = ", ".join(part.name for part in parts)
    if os.environ.get("CI", "") in {"", "false"} or os.geteuid() or not shutil.which("apt-get"):
        say(f"Missing: {names}. Tests that need them will fail. To get them:\n  {advice(parts)}")
        return
    say(f"Installing {names} …")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-qq"], [*install_command(parts), "-qq"]):
        subprocess.run(command, check=False, env=environment, stdout=subprocess.DEVNULL)
    if left := missing_parts():
        say("Still missing: " + ", ".join(part.name for part in left))
