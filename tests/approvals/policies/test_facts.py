from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.policies import Facts
from tests.approvals.policies.builders import facts

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
count = st.none() | st.integers(0, 10**6)
number = st.none() | st.decimals(allow_nan=False, allow_infinity=False)
truth = st.none() | st.booleans()
labels = st.frozensets(text, max_size=4)
zones = st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC"])
moments = st.datetimes(
    datetime(1971, 1, 1),  # noqa: DTZ001 - the zone comes with the strategy
    datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=zones.map(ZoneInfo) | st.just(timezone(timedelta(hours=3))),
    allow_imaginary=False,
)
any_facts = st.builds(
    Facts,
    category=text,
    category_known=st.booleans(),
    category_risk=text,
    category_reversible=st.booleans(),
    payload=st.just({"amount": "1.00"}),
    environment=text,
    agent_name=text,
    agent_labels=labels,
    agent_tier=text,
    agent_age_days=st.integers(0, 10**5),
    agent_known=st.booleans(),
    confidence=number,
    estimated_cost=st.none() | st.dictionaries(text, text | st.integers(), max_size=3),
    on_behalf_of=st.none() | text,
    local_time=moments | moments.map(lambda moment: moment.replace(tzinfo=None)),
    payload_errors=st.lists(text, max_size=3).map(tuple),
    integration=text,
    category_cost_class=text,
    delegation_depth=st.integers(0, 100),
    business_hours=truth,
    run_counts=st.none() | st.dictionaries(text, st.integers(0, 1000), max_size=4),
    first_for_target=truth,
    amount_ratio=number,
    requests_last_hour=count,
    requests_last_day=count,
    guardrail_findings=st.none() | labels,
)


@given(any_facts)
def test_a_record_gives_the_same_facts_back(made: Facts) -> None:
    stored = json.loads(json.dumps(made.to_record()))

    again = Facts.from_record(stored, made.payload)

    for field in fields(Facts):
        assert repr(getattr(again, field.name)) == repr(getattr(made, field.name)) or (
            getattr(again, field.name) == getattr(made, field.name)
        )
    assert again.local_time.isoformat() == made.local_time.isoformat()


def test_a_record_holds_everything_but_the_payload() -> None:
    record = facts().to_record()

    assert set(record) == {field.name for field in fields(Facts)} - {"payload"}


def test_the_zone_is_kept_so_that_other_seasons_read_the_same() -> None:
    made = facts(local_time=datetime(2026, 3, 4, 14, 30, tzinfo=ZoneInfo("Europe/Berlin")))
    record = made.to_record()

    assert (record["local_time"], record["time_zone"]) == (
        "2026-03-04T14:30:00+01:00",
        "Europe/Berlin",
    )
    assert Facts.from_record(record, {}).local_time.tzinfo == ZoneInfo("Europe/Berlin")
    for zone in ("Europe/Nowhere", "America/New_York", "../x", 5):
        kept = Facts.from_record({**record, "time_zone": zone}, {}).local_time
        assert kept.isoformat() == "2026-03-04T14:30:00+01:00"


def test_exact_numbers_stay_exact() -> None:
    made = facts(amount_ratio=Decimal("4.20"), estimated_cost={"amount": Decimal("0.10")})
    record = made.to_record()

    assert (record["amount_ratio"], record["estimated_cost"]) == ("4.20", {"amount": "0.10"})
    assert str(Facts.from_record(record, {}).amount_ratio) == "4.20"


def test_records_of_other_versions_are_read() -> None:
    record = facts(integration="bank", delegation_depth=2).to_record() | {"new": 1}
    for key in ("integration", "delegation_depth", "run_counts"):
        del record[key]

    assert Facts.from_record(record, facts().payload) == facts()


@pytest.mark.parametrize(
    "changes",
    [
        {"category": 5},
        {"category_known": "yes"},
        {"agent_age_days": True},
        {"agent_labels": "x"},
        {"confidence": "much"},
        {"estimated_cost": []},
        {"local_time": None},
        {"local_time": "yesterday"},
        {"run_counts": 5},
    ],
)
def test_a_broken_record_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Facts.from_record({**facts().to_record(), **changes}, {})


def test_a_record_without_what_every_request_has_is_refused() -> None:
    record = facts().to_record()
    del record["category_known"]

    with pytest.raises(ValueError, match="not a record of facts"):
        Facts.from_record(record, {})
