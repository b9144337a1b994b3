"""What an event says was changed, in the shapes that events have."""

from typing import Any

import pytest

from audit.views.changed import changed_in


@pytest.mark.parametrize(
    ("data", "changed"),
    [
        ({}, []),
        ({"changes": {"trust_tier": {"from": 1, "to": 2}}}, [("trust tier", "1", "2")]),
        (
            {"changes": [{"field": "amount", "before": "12.00", "after": "9.00"}]},
            [("amount", "12.00", "9.00")],
        ),
        (
            {"before": {"mail": True, "push": False}, "after": {"mail": False, "push": False}},
            [("mail", "yes", "no")],
        ),
        ({"from": ["owner"], "to": ["owner", "auditor"]}, [("value", "owner", "owner, auditor")]),
        ({"changes": {"note": {"from": "", "to": None}}}, [("note", "nothing", "nothing")]),
        (
            {"changes": {"iban": {"from": "", "to": "DE89370400440532013000"}}},
            [("iban", "nothing", "[IBAN ••••3000]")],
        ),
        ({"changes": {"cut": True, "sha256": "00", "bytes": 9}}, []),
        (
            {"changes": {"rows": {"from": [{"a": 1}], "to": []}}},
            [("rows", '[{"a": 1}]', "nothing")],
        ),
        ({"before": "approved"}, []),
    ],
)
def test_changes(data: dict[str, Any], changed: list[tuple[str, str, str]]) -> None:
    assert changed_in(data) == changed
