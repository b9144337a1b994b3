"""Common Event Format, version 0: one line, for receivers that read nothing else.

Source: ArcSight "Common Event Format Implementation Standard", version 25. What the record says
in its `data` is not in it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from audit.exporting.ocsf import severity_of

_SEVERITIES: Final = {1: 2, 2: 4, 3: 6, 4: 9}
_MOST_CHARACTERS: Final = 512  # of a header field, as the standard has it


def cef_line(body: Mapping[str, Any], *, index: int, leaf_hash: bytes) -> bytes:
    """Return one event as a line of CEF."""
    kind = str(body.get("type", ""))
    actor, subject = body.get("actor") or {}, body.get("subject") or {}
    header = (
        "CEF:0", "Govapp", "Govapp", "1", kind, str(body.get("summary", ""))[:_MOST_CHARACTERS],
        str(_SEVERITIES[severity_of(kind)]),
    )  # fmt: skip
    extension = {
        "externalId": body.get("id", ""),
        "rt": _milliseconds(str(body.get("at", ""))),
        "suid": actor.get("id", ""),
        "suser": actor.get("name", ""),
        "cs1Label": "tenant",
        "cs1": body.get("tenant", ""),
        "cs2Label": "subject",
        "cs2": subject.get("id", ""),
        "cs3Label": "request",
        "cs3": body.get("request", ""),
        "cs4Label": "ledgerIndex",
        "cs4": str(index),
        "cs5Label": "leafHash",
        "cs5": leaf_hash.hex(),
    }
    written = " ".join(f"{name}={_value(str(value))}" for name, value in extension.items())
    return f"{'|'.join(map(_field, header))}|{written}".encode()


def _field(text: str) -> str:
    plain = text.replace("\\", "\\\\").replace("|", "\\|")
    return " ".join(plain.splitlines())


def _value(text: str) -> str:
    plain = text.replace("\\", "\\\\").replace("=", "\\=")
    return "\\n".join(plain.splitlines())


def _milliseconds(at: str) -> str:
    try:
        return str(int(datetime.fromisoformat(at.replace("Z", "+00:00")).timestamp() * 1000))
    except ValueError:
        return ""
