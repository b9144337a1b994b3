"""The names of the time zone database."""

from functools import cache
from zoneinfo import available_timezones


@cache
def time_zones() -> frozenset[str]:
    """Return every name, as `Europe/Berlin`. Reads hundreds of files, so once in a process."""
    return frozenset(available_timezones())
