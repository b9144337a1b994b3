"""Durations as people write them: `30s`, `15m`, `4h`, `2d`, or ISO 8601 `PT4H`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

_SECONDS: Final = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_UNIT_WORDS: Final = {"d": "day", "h": "hour", "m": "minute", "s": "second"}
_SHORT: Final = re.compile(r"([1-9][0-9]{0,7})([smhd])", re.ASCII)
_ISO: Final = re.compile(
    r"P(?=.)(?:([0-9]{1,4})D)?(?:T(?=.)(?:([0-9]{1,5})H)?(?:([0-9]{1,6})M)?(?:([0-9]{1,8})S)?)?",
    re.ASCII,
)


def parse_duration(text: str) -> timedelta:
    """Read `4h` or ISO 8601 `PT4H` (days and below; months and years have no fixed length).

    Raises ValueError for anything else, including a duration of nothing.
    """
    short = _SHORT.fullmatch(text)
    if short:
        return timedelta(seconds=int(short[1]) * _SECONDS[short[2]])
    iso = _ISO.fullmatch(text)
    if iso:
        seconds = sum(
            int(amount or 0) * unit
            for amount, unit in zip(iso.groups(), _SECONDS.values(), strict=True)
        )
        if seconds:
            return timedelta(seconds=seconds)
    raise ValueError("write a duration such as 30s, 15m, 4h, 2d or PT4H")


def counts_days(text: str) -> bool:
    """Whether a duration that `parse_duration` reads is written in days."""
    return "d" in text or (text.startswith("P") and "D" in text)


def _largest_unit(duration: timedelta, *, days: bool = True) -> tuple[int, str]:
    """The duration in the largest unit that divides it, hours where days are not allowed."""
    seconds = round(duration.total_seconds())
    units = (unit for unit in _SECONDS if days or unit != "d")
    unit = next(unit for unit in units if seconds % _SECONDS[unit] == 0)
    return seconds // _SECONDS[unit], unit


def format_duration(duration: timedelta, *, days: bool = True) -> str:
    """The one short form of a duration of whole seconds; `parse_duration` reads it back."""
    amount, unit = _largest_unit(duration, days=days)
    return f"{amount}{unit}"


def duration_in_words(duration: timedelta, *, business: bool = False) -> str:
    """The duration as in a sentence: "4 hours", "1 minute", "2 days", "16 business hours"."""
    amount, unit = _largest_unit(duration, days=not business)
    kind = "business " if business else ""
    return f"{amount} {kind}{_UNIT_WORDS[unit]}{'' if amount == 1 else 's'}"
