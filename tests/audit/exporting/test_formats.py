"""Formats: lines that spreadsheets do not run, buses take, and a SIEM can check."""

import csv
import io
import json
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.exporting import FORMATS, Exported
from audit.exporting.spreadsheet import safe_cell
from audit.merkle.canonical import canonical_bytes, encoded
from audit.merkle.tree import leaf_hash

ORIGIN = "log.govapp.example/0123"


def event(number: int, **changes: Any) -> Exported:
    body = {
        "v": 1,
        "id": f"ev_{number}",
        "tenant": "tn_1",
        "type": "vote.cast",
        "at": "2026-01-05T09:00:00.250000Z",
        "actor": {"kind": "person", "id": "mem_1", "name": "Alice Archer"},
        "subject": {"type": "action_request", "id": "ar_1", "label": "Pay EUR 900"},
        "summary": "Alice Archer approved “Pay EUR 900”.",
        "data": {"verdict": "approve"},
    } | changes
    canonical = canonical_bytes(body)
    return Exported(canonical, body, number, leaf_hash(canonical))


def lines(slug: str, *events: Exported) -> list[bytes]:
    write = FORMATS[slug].begin(ORIGIN)
    written = [write(each) for each in events]
    assert [line.endswith(b"\n") for line in written] == [True] * len(events)
    return written


def test_a_line_of_jsonl_is_what_was_hashed() -> None:
    one = event(1)
    assert lines("jsonl", one) == [one.canonical + b"\n"]


def test_a_row_of_csv_has_every_column() -> None:
    chosen = FORMATS["csv"]
    text = (chosen.header + lines("csv", event(7))[0]).decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    assert row == {
        "index": "7",
        "id": "ev_7",
        "at": "2026-01-05T09:00:00.250000Z",
        "type": "vote.cast",
        "actor_kind": "person",
        "actor_id": "mem_1",
        "actor_name": "Alice Archer",
        "on_behalf_of": "",
        "subject_type": "action_request",
        "subject_id": "ar_1",
        "subject_label": "Pay EUR 900",
        "request": "",
        "summary": "Alice Archer approved “Pay EUR 900”.",
        "data": '{"verdict": "approve"}',
        "delegation": "",
    }


def test_a_row_of_csv_names_the_chain_of_delegations() -> None:
    links = [{"id": f"dg_{each}", "from": {}, "to": {}} for each in (1, 2)]
    text = FORMATS["csv"].header + lines("csv", event(7, delegation=links))[0]
    (row,) = csv.DictReader(io.StringIO(text.decode("utf-8-sig")))
    assert row["delegation"] == "dg_1 dg_2"


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\uff1d1", "\uff201"],
)
def test_no_cell_is_a_formula(text: str) -> None:
    assert safe_cell(text) == "'" + text
    (row,) = csv.reader(io.StringIO(lines("csv", event(1, summary=text))[0].decode(), newline=""))
    assert row[12] == "'" + text


@given(st.text())
def test_a_cell_keeps_its_text(text: str) -> None:
    assert safe_cell(text).removeprefix("'") == text.removeprefix("'")
    assert safe_cell(text)[:1] not in ("=", "+", "-", "@", "\t", "\r", "\n")


def test_a_cloud_event_says_where_it_stands() -> None:
    one = event(3)
    assert json.loads(lines("cloudevents", one)[0]) == {
        "specversion": "1.0",
        "id": "ev_3",
        "source": f"urn:govapp:log:{ORIGIN}",
        "type": "app.govapp.vote.cast.v1",
        "subject": "ar_1",
        "time": "2026-01-05T09:00:00.250000Z",
        "datacontenttype": "application/json",
        "ledgerindex": "3",
        "leafhash": one.leaf_hash.hex(),
        "data": one.body,
    }


def test_ocsf_is_a_chain_that_shows_a_missing_or_an_altered_line() -> None:
    def is_whole(written: list[bytes]) -> bool:
        before: dict[str, Any] | None = None
        for line in written:
            parsed = json.loads(line)
            (attestation,) = parsed["attestation_list"]
            fingerprint = attestation.pop("fingerprint")
            if sha256(encoded(parsed)).hexdigest() != fingerprint["value"]:
                return False
            if attestation.get("prev_event") != before:
                return False
            before = {"uid": parsed["metadata"]["uid"], "fingerprint": fingerprint}
        return True

    written = lines("ocsf", *(event(number) for number in range(4)))
    assert is_whole(written)
    assert not is_whole(written[:1] + written[2:])
    assert not is_whole([written[0], written[1].replace(b"EUR 900", b"EUR 901"), *written[2:]])


@pytest.mark.parametrize(
    ("kind", "class_uid", "category", "severity"),
    [
        ("vote.cast", 6003, 6, 1),
        ("action_request.denied", 6003, 6, 2),
        ("session.logged_in", 3002, 3, 1),
        ("session.login_failed", 3002, 3, 2),
        ("member.invited", 3001, 3, 1),
        ("policy.published", 3004, 3, 1),
        ("break_glass.approved", 6003, 6, 4),
        ("finding.opened", 6003, 6, 4),
    ],
)
def test_ocsf_classes(kind: str, class_uid: int, category: int, severity: int) -> None:
    (line,) = lines("ocsf", event(1, type=kind))
    parsed = json.loads(line)
    assert (parsed["class_uid"], parsed["category_uid"], parsed["severity_id"]) == (
        class_uid, category, severity
    )  # fmt: skip
    assert parsed["type_uid"] == class_uid * 100 + 99
    assert parsed["time"] == 1767603600250
    assert parsed["metadata"]["event_code"] == kind
    assert parsed["raw_data"].encode() == event(1, type=kind).canonical
