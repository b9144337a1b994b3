"""CloudEvents 1.0 in the JSON format, one a line."""

import json
from collections.abc import Mapping
from typing import Any


def cloud_event(body: Mapping[str, Any], *, origin: str, index: int, leaf_hash: bytes) -> bytes:
    """Return an event as a CloudEvent; `ledgerindex` and `leafhash` are extension attributes.

    `source` and `id` together are unique, as the specification asks: the log and the event.
    """
    event = {
        "specversion": "1.0",
        "id": body.get("id", ""),
        "source": f"urn:govapp:log:{origin}",
        "type": f"app.govapp.{body.get('type', '')}.v{body.get('v', 1)}",
        "subject": (body.get("subject") or {}).get("id", "") or None,
        "time": body.get("at", ""),
        "datacontenttype": "application/json",
        "ledgerindex": str(index),  # integers of this format end at 2^31
        "leafhash": leaf_hash.hex(),
        "data": body,
    }
    present = {name: value for name, value in event.items() if value is not None}
    return json.dumps(present, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
