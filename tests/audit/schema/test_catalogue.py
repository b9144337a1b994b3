"""The catalogue knows every event that is written anywhere, and its page says the same."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema_rs import validator_for

from approvals.enums import RequestStatus
from audit.schema import EVENTS, find_type, schema_of
from audit.schema.event_type import read_fields
from audit.schema.page import page

ROOT = Path(__file__).parents[3]
WRITERS = (
    "approvals/audit_events/*.py", "tenants/audit_events/*.py", "tenants/signals.py",
    "audit/services/*.py",
)  # fmt: skip
# What looks like a type and is a task's name or a line of a log.
OTHERS = {
    "audit.ask_voucher", "audit.deliver_stream", "audit.make_report", "audit.run_pruning",
    "audit.test_stream", "audit.write_export", "audit_stream.test",
    "category.break_glass_right_", "job.failed", "ledger.broken", "ledger.directory_key_rotated",
    "ledger.not_sequenced", "ledger.not_vouched", "ledger.partition_made",
    "ledger.partition_missing", "ledger.queue_names_no_event", "ledger.vouched",
    "pruning.failed", "pruning.too_young_now", "report.not_signed", "report.scheduled",
    "search.not_indexed", "subject.not_erased_again",
}  # fmt: skip
_TYPE = re.compile(r"[a-z_]+(\.[a-z_]+)+")


def written() -> Iterator[str]:
    """Every text in the writers' code that is spelled like a type."""
    for pattern in WRITERS:
        for path in ROOT.glob(pattern):
            for node in ast.walk(ast.parse(path.read_text())):
                text = node.value if isinstance(node, ast.Constant) else None
                if isinstance(text, str) and _TYPE.fullmatch(text):
                    yield text


def test_every_type_that_is_written_is_in_the_catalogue() -> None:
    found = set(written()) - OTHERS
    assert len(found) > 100
    assert sorted(name for name in found if name not in EVENTS and name != "ledger.broken") == []


@pytest.mark.parametrize("status", [each for each in RequestStatus if each != "pending"])
def test_every_end_of_a_request_is_an_event(status: str) -> None:
    assert find_type(f"action_request.{status}").group == "Requests and votes"
    assert find_type(f"drill.{status}") == find_type(f"action_request.{status}")


def test_what_people_do_about_a_drill_is_what_they_do_about_a_request() -> None:
    assert find_type("drill.vote.cast") == EVENTS["vote.cast"]
    assert find_type("canary.submitted") == EVENTS["action_request.submitted"]
    assert find_type("drill.started").name == "drill.started"
    with pytest.raises(KeyError):
        find_type("vote.guessed")
    with pytest.raises(KeyError):
        find_type("drill.vote.guessed")


@pytest.mark.parametrize("name", EVENTS)
def test_each_schema_is_one(name: str) -> None:
    validator = validator_for(schema_of(EVENTS[name]))
    assert not validator.is_valid({"v": 2, "type": name})


def test_a_field_without_a_known_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="cost:money"):
        read_fields("cost:money")


def test_the_page_is_made_from_the_catalogue() -> None:
    assert (ROOT / "docs/events.md").read_text() == page()
