"""What is known about one action request at the moment it is evaluated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@dataclass(frozen=True)
class Facts:
    """Everything a rule can look at. The core reads no clock and no table: all of it is here.

    `local_time` is the tenant's local time, converted by the caller from the database clock.
    `payload_errors` are the sentences of the JSON Schema check; any of them ends in a denial.
    `estimated_cost` may hold `amount` (decimal string), `currency` and `tokens`. The payload must
    not be changed after evaluation, because reasons and traces are written from it on demand.

    What is empty or None was not said or not looked up; a condition on it cannot be evaluated.
    `run_counts` holds, by category, the earlier requests of the same run that were not refused.
    `run_labels` are the data labels that flow into it from the run that it belongs to.
    `amount_ratio` is this amount divided by the average of the last 100 granted in the category.
    """

    category: str
    category_known: bool
    category_risk: str
    category_reversible: bool
    payload: Mapping[str, object]
    environment: str
    agent_name: str
    agent_labels: frozenset[str]
    agent_tier: str
    agent_age_days: int
    agent_known: bool
    confidence: Decimal | None
    estimated_cost: Mapping[str, object] | None
    on_behalf_of: str | None
    local_time: datetime
    payload_errors: tuple[str, ...] = ()
    integration: str = ""
    category_cost_class: str = ""
    delegation_depth: int = 0
    business_hours: bool | None = None
    run_counts: Mapping[str, int] | None = None
    first_for_target: bool | None = None
    amount_ratio: Decimal | None = None
    requests_last_hour: int | None = None
    requests_last_day: int | None = None
    guardrail_findings: frozenset[str] | None = None
    run_labels: frozenset[str] | None = None

    def to_record(self) -> dict[str, object]:
        """Everything but the payload as JSON, to be stored with the request and replayed.

        `local_time` keeps its offset; `time_zone` names the zone where there is one.
        """
        record = {
            each.name: _plain(getattr(self, each.name))
            for each in fields(self)
            if each.name != "payload"
        }
        if isinstance(self.local_time.tzinfo, ZoneInfo):
            record["time_zone"] = self.local_time.tzinfo.key
        return record

    @classmethod
    def from_record(cls, record: Mapping[str, object], payload: Mapping[str, object]) -> Facts:
        """Read what `to_record` wrote.

        Unknown keys are ignored and missing ones take their defaults, so that records of other
        versions can be read. Raises ValueError when a key without a default is missing or a
        value has the wrong form.
        """
        known: dict[str, Any] = {}
        try:
            for name, read in _READERS.items():
                if name in record:
                    known[name] = read(record[name])
            known["local_time"] = _local_time(record["local_time"], record.get("time_zone"))
            return cls(payload=payload, **known)
        except (KeyError, TypeError, InvalidOperation) as error:
            raise ValueError("this is not a record of facts") from error


def _plain(value: object) -> object:
    """The value as JSON can carry it; numbers that must stay exact become decimal strings."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return value


def _local_time(value: object, zone: object) -> datetime:
    """The moment, in the named zone if that still says the same local time as the record."""
    if not isinstance(value, str):
        raise TypeError
    recorded = datetime.fromisoformat(value)
    if isinstance(zone, str):
        try:
            named = recorded.astimezone(ZoneInfo(zone))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return recorded
        if named.utcoffset() == recorded.utcoffset():
            return named
    return recorded


def _of(*types: type) -> Callable[[object], object]:
    def read(value: object) -> object:
        if type(value) not in types:
            raise TypeError
        return value

    return read


def _mapping(value: object) -> object:
    if value is not None and not isinstance(value, Mapping):
        raise TypeError
    return value


def _decimal(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _texts(value: object) -> list[str] | None:
    if value is None:
        return None
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise TypeError
    return [str(each) for each in value]


def _labels(value: object) -> frozenset[str] | None:
    texts = _texts(value)
    return None if texts is None else frozenset(texts)


_NOTHING: Final = type(None)
_TEXT: Final = _of(str)
_WHOLE: Final = _of(int)
_YES_OR_NO: Final = _of(bool)
# How each key of a record is read; `payload` comes from elsewhere and the time needs two keys.
_READERS: Final[dict[str, Callable[[object], object]]] = {
    "category": _TEXT,
    "category_known": _YES_OR_NO,
    "category_risk": _TEXT,
    "category_reversible": _YES_OR_NO,
    "environment": _TEXT,
    "agent_name": _TEXT,
    "agent_labels": lambda value: frozenset(_texts(value) or ()),
    "agent_tier": _TEXT,
    "agent_age_days": _WHOLE,
    "agent_known": _YES_OR_NO,
    "confidence": _decimal,
    "estimated_cost": _mapping,
    "on_behalf_of": _of(str, _NOTHING),
    "payload_errors": lambda value: tuple(_texts(value) or ()),
    "integration": _TEXT,
    "category_cost_class": _TEXT,
    "delegation_depth": _WHOLE,
    "business_hours": _of(bool, _NOTHING),
    "run_counts": _mapping,
    "first_for_target": _of(bool, _NOTHING),
    "amount_ratio": _decimal,
    "requests_last_hour": _of(int, _NOTHING),
    "requests_last_day": _of(int, _NOTHING),
    "guardrail_findings": _labels,
    "run_labels": _labels,
}
