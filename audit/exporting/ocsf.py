"""OCSF 1.9 with the profile `record_integrity`: for a SIEM that checks what it was given.

Each event is one of four classes. It carries the line of the record as it was hashed (`raw_data`)
and an attestation: a fingerprint over the canonical form of the whole event without that
fingerprint, and the fingerprint of the event before, so that a missing line is noticed.
"""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from audit.merkle.canonical import encoded

VERSION: Final = "1.9.0"
_SHA256: Final = 3
_INFORMATIONAL, _LOW, _MEDIUM, _HIGH = 1, 2, 3, 4
_OTHER: Final = 99
# How a type begins: class, its category and name. The longest that fits counts.
_CLASSES: Final[Mapping[str, tuple[int, int, str]]] = {
    "": (6003, 6, "API Activity"),
    "member.": (3001, 3, "Account Change"),
    "invitation.": (3001, 3, "Account Change"),
    "credential.": (3001, 3, "Account Change"),
    "second_factor.": (3001, 3, "Account Change"),
    "session.": (3002, 3, "Authentication"),
    "access_token.": (3002, 3, "Authentication"),
    "policy.": (3004, 3, "Entity Management"),
    "guardrails.": (3004, 3, "Entity Management"),
    "model_price.": (3004, 3, "Entity Management"),
    "category.": (3004, 3, "Entity Management"),
    "group.": (3004, 3, "Entity Management"),
    "budget.": (3004, 3, "Entity Management"),
    "agent.": (3004, 3, "Entity Management"),
    "tenant.": (3004, 3, "Entity Management"),
}
_SEVERITIES: Final[Mapping[str, int]] = {
    "break_glass.": _HIGH,
    "finding.opened": _HIGH,
    "credential.leak_reported": _HIGH,
    "credential.use_refused": _LOW,
    "subject.erased": _MEDIUM,
    "ledger.pruned": _MEDIUM,
    "action_request.denied": _LOW,
    "action_request.blocked": _LOW,
    "action_request.expired": _LOW,
    "model.refused": _LOW,
    "session.login_failed": _LOW,
    "budget.exceeded": _MEDIUM,
    "budget.warned": _LOW,
}
_SEVERITY_WORDS: Final = {1: "Informational", 2: "Low", 3: "Medium", 4: "High"}


class OcsfChain:
    """Writes events one after the other; each names the one before it."""

    def __init__(self, origin: str, previous: tuple[str, str] | None = None) -> None:
        self._origin = origin
        self.previous = previous  # id and fingerprint of the event before

    def line(
        self, body: Mapping[str, Any], canonical: bytes, index: int, leaf_hash: bytes
    ) -> bytes:
        """Return one event as a line of JSON (RFC 8785)."""
        event = _event_of(body)
        uid = str(body.get("id", ""))
        attestation: dict[str, Any] = {
            "uid": f"{self._origin}/{index}",
            "chain_uid": self._origin,
            "authority_uid": self._origin,
        }
        if self.previous is not None:
            before, fingerprint = self.previous
            attestation["prev_event"] = {"uid": before, "fingerprint": _fingerprint(fingerprint)}
        event["raw_data"] = canonical.decode()
        event["raw_data_hash"] = _fingerprint(sha256(canonical).hexdigest())
        event["unmapped"] = {"ledger_index": str(index), "leaf_hash": leaf_hash.hex()}
        event["attestation_list"] = [attestation]
        value = sha256(encoded(event)).hexdigest()
        attestation["fingerprint"] = _fingerprint(value)
        self.previous = (uid, value)
        return encoded(event) + b"\n"


def severity_of(kind: str) -> int:
    """Return how severe a type of event is, from 1 (informational) to 4 (high)."""
    return int(_longest(_SEVERITIES, kind, _INFORMATIONAL))


def _event_of(body: Mapping[str, Any]) -> dict[str, Any]:
    kind = str(body.get("type", ""))
    class_uid, category, class_name = _longest(_CLASSES, kind)
    severity = severity_of(kind)
    actor, subject = body.get("actor") or {}, body.get("subject") or {}
    event: dict[str, Any] = {
        "metadata": {
            "version": VERSION,
            "profiles": ["record_integrity"],
            "product": {"name": "Govapp", "vendor_name": "Govapp"},
            "uid": body.get("id", ""),
            "event_code": kind,
            "original_time": body.get("at", ""),
            "tenant_uid": body.get("tenant", ""),
            "log_version": f"{body.get('v', 1)}",
        },
        "class_uid": class_uid,
        "class_name": class_name,
        "category_uid": category,
        # What happened does not map onto create, read, update: its own name says it.
        "activity_id": _OTHER,
        "activity_name": kind,
        "type_uid": class_uid * 100 + _OTHER,
        "time": _milliseconds(str(body.get("at", ""))),
        "severity_id": severity,
        "severity": _SEVERITY_WORDS[severity],
        "message": body.get("summary", ""),
        "actor": _actor(actor),
        "resources": [
            {
                "uid": subject.get("id", ""),
                "type": subject.get("type", ""),
                "name": subject.get("label", ""),
            }
        ],
    }
    if class_uid == 6003:
        event["api"] = {"operation": kind, "service": {"name": "Govapp"}}
        event["src_endpoint"] = {"name": actor.get("name", "")}
    elif class_uid in (3001, 3002):
        event["user"] = {"uid": subject.get("id", ""), "name": subject.get("label", "")}
    else:
        event["entity"] = {"uid": subject.get("id", ""), "name": subject.get("label", "")}
    if correlation := body.get("correlation"):
        event["metadata"]["correlation_uid"] = correlation
    return event


def _actor(actor: Mapping[str, Any]) -> dict[str, Any]:
    kinds = {"person": "User", "system": "System"}
    named = {"uid": actor.get("id", ""), "name": actor.get("name", "")}
    if actor.get("kind") == "person":
        return {"user": named | {"type": kinds["person"], "type_id": 1}}
    if actor.get("kind") == "agent":
        return {"app_uid": named["uid"], "app_name": named["name"]}
    return {"user": named | {"type": kinds["system"], "type_id": 3}}


def _longest(table: Mapping[str, Any], kind: str, otherwise: Any = None) -> Any:
    fits = [name for name in table if kind.startswith(name)]
    return table[max(fits, key=len)] if fits else otherwise


def _fingerprint(value: str) -> dict[str, Any]:
    return {"algorithm": "SHA-256", "algorithm_id": _SHA256, "value": value}


def _milliseconds(at: str) -> int:
    try:
        return int(datetime.fromisoformat(at.replace("Z", "+00:00")).timestamp() * 1000)
    except ValueError:
        return 0
