"""What the starter says to the person at the terminal."""

import sys


class StartError(Exception):
    """The start cannot go on; the message says why and what to do about it."""


def say(text: str = "") -> None:
    """Write one line at once, so that progress is seen while it happens."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def heading(text: str) -> None:
    """Write a heading that is easy to find in a long log."""
    say(f"\n== {text} " + "=" * max(4, 74 - len(text)))
