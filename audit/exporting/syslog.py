"""Syslog messages (RFC 5424) in frames that say their length (RFC 6587 section 3.4.1)."""

import re
from collections.abc import Mapping
from typing import Any, Final

from audit.exporting.ocsf import severity_of

_AUDIT: Final = 13  # the facility "log audit"
_SEVERITIES: Final = {1: 6, 2: 5, 3: 4, 4: 3}  # informational, notice, warning, error
_MOST_SEQUENCE: Final = 2**31 - 1
_MOST_MESSAGE_ID: Final = 32
_INVISIBLE: Final = re.compile(r"[^!-~]")


def syslog_message(body: Mapping[str, Any], line: bytes, *, index: int, host: str) -> bytes:
    """Return one event as a message; `line` is what it says, in UTF-8 without a mark in front.

    `sequenceId` is the event's place in the record, counted from 1: a receiver that is sent
    everything sees that nothing is missing.
    """
    kind = str(body.get("type", ""))
    priority = _AUDIT * 8 + _SEVERITIES[severity_of(kind)]
    name = _INVISIBLE.sub("_", kind)[:_MOST_MESSAGE_ID] or "-"
    sequence = index % _MOST_SEQUENCE + 1
    header = (
        f"<{priority}>1 {body.get('at') or '-'} {_INVISIBLE.sub('_', host)[:255] or '-'} govapp -"
        f' {name} [meta sequenceId="{sequence}"] '
    )
    return header.encode("ascii") + line


def framed(message: bytes) -> bytes:
    """Return a message behind its length in octets: newlines in it end nothing."""
    return b"%d %s" % (len(message), message)
