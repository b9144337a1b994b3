"""Every process killed with -9 in the middle of the load: nothing lost, nothing twice."""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from govapp.chaos.mail import messages_in
from govapp.chaos.stack import bare_environment, until
from govapp.common.ids import parse_public_id, public_id
from govapp.runtime.state import ROOT
from tests.life.journey import Company, tell

# The load goes on until so many submissions more were acknowledged before each kill and after the
# last one. How long that takes is the machine's affair: a free one acknowledges some 250 in all.
STEP = 10
BETWEEN = 3.0
LOAD_SECONDS = 1500.0
# Whoever runs this may ignore Ctrl-C, which is inherited; it ends the load in an orderly way.
SIMULATOR = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from govapp.simulator.cli import main
sys.exit(main(sys.argv[1:]))
"""
VICTIMS = ("worker", "web", "sweeper", "valkey", "beat", "sequencer")
REMINDER_DUE = timedelta(minutes=31)


@contextmanager
def load(company: Company, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The simulator with people who vote, in a process of its own."""
    note = folder / "note.json"
    note.write_text(json.dumps(company.note))
    files = ["--journal", str(folder / "journal"), "--json", str(folder / "figures")]
    process = subprocess.Popen(
        [
            sys.executable, "-c", SIMULATOR, "--base-url", company.stack.base_url,
            "--keys", str(note), "--seconds", str(LOAD_SECONDS), "--rate", "12",
            "--approvers", *files,
        ],
        env=bare_environment(), cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def acknowledged(folder: Path) -> int:
    """How many submissions were acknowledged so far."""
    return len({each["key"] for each in journal(folder, "submitted")})


def let_it_work(company: Company, folder: Path) -> None:
    """Wait until the load has come further, and at the first time until people have voted."""
    enough = acknowledged(folder) + STEP
    time.sleep(BETWEEN)
    until(lambda: acknowledged(folder) >= enough, "submissions are acknowledged", 240)
    approved = (
        "SELECT count(*) FROM approvals_actionrequest WHERE tenant_id = %s AND status = 'approved'"
    )
    until(lambda: company.stack.value(approved, company.id) > 0, "people approve", 240)


def journal(folder: Path, event: str) -> list[dict[str, Any]]:
    """What the server acknowledged to the agents."""
    path = folder / "journal"
    lines = path.read_text().split("\n")[:-1] if path.exists() else []  # the last may be half there
    return [each for each in map(json.loads, lines) if each["event"] == event]


@pytest.mark.crash
@pytest.mark.timeout(1800)
def test_killed_processes_lose_nothing_and_do_nothing_twice(
    company: Company, tmp_path: Path
) -> None:
    stack = company.stack
    with load(company, tmp_path) as simulator:
        for victim in VICTIMS:
            let_it_work(company, tmp_path)
            stack.kill(victim)
        let_it_work(company, tmp_path)
        simulator.send_signal(signal.SIGINT)
        words, _ = simulator.communicate(timeout=200)
    tell(words[words.find("Requests") :] if "Requests" in words else words)
    figures = json.loads((tmp_path / "figures").read_text())
    assert (figures["broken"], figures["faults"]) == ([], {})
    until(lambda: set(VICTIMS) <= set(stack.programs()), "all programs are back")

    # Put back at the very end: what was written after the shift is due after the shift.
    try:
        overdue_timers_fire_after_the_crash(company)
        nothing_is_lost(company, tmp_path)
        nothing_happened_twice(company)
        no_approval_without_its_votes(company)
        messages_went_out(company)
        the_record_is_whole(company)
    finally:
        stack.shift_clock(timedelta(0))


def overdue_timers_fire_after_the_crash(company: Company) -> None:
    """Everything that fires or kicks is dead when the reminders fall due."""
    stack = company.stack
    due = "SELECT count(*) FROM approvals_timer WHERE tenant_id = %s AND status = 'armed'"
    due += " AND due_at <= govapp_now()"
    assert stack.value(due, company.id) == 0
    former = {name: stack.kill(name) for name in ("sweeper", "worker", "beat", "valkey")}
    stack.shift_clock(REMINDER_DUE)
    waiting = stack.value(due, company.id)
    assert waiting > 0
    began = time.monotonic()
    until(lambda: stack.value(due, company.id) == 0, "overdue timers fire")
    tell(f"{waiting} overdue timers fired {time.monotonic() - began:.1f} s after the crash")
    for name, process in former.items():
        stack.back(name, process)


def nothing_is_lost(company: Company, folder: Path) -> None:
    """Whatever an agent was told is in the database."""
    query = "SELECT id::text, status, execution_state FROM approvals_actionrequest"
    rows = company.stack.rows(f"{query} WHERE tenant_id = %s", company.id)
    kept = {row["id"]: row for row in rows}
    told = {str(parse_public_id("ar", each["id"])) for each in journal(folder, "submitted")}
    keys = {each["key"] for each in journal(folder, "submitted")}
    tell(f"{len(told)} submissions acknowledged under {len(keys)} keys, {len(kept)} kept")
    assert len(told) >= len(VICTIMS) * STEP
    assert told - set(kept) == set()
    assert len(told) == len(keys)
    for each in journal(folder, "decided"):
        assert kept[str(parse_public_id("ar", each["id"]))]["status"] == each["status"]
    # Used and not reported is "unknown" once the clock has passed the time for a report.
    used = {"redeemed", "succeeded", "failed", "rolled_back", "unknown"}
    for each in journal(folder, "redeemed"):
        assert kept[str(parse_public_id("ar", each["id"]))]["execution_state"] in used


def nothing_happened_twice(company: Company) -> None:
    """One end for each request, one firing for each timer, one use for each permission."""
    stack = company.stack
    ends = Counter(
        (row["request_id"], row["kind"])
        for row in stack.rows(
            "SELECT request_id, split_part(type, '.', 2) AS kind FROM audit_ledgerevent"
            " WHERE tenant_id = %s AND type LIKE 'action_request.%%'",
            company.id,
        )
    )
    rows = stack.rows(
        "SELECT id, status FROM approvals_actionrequest WHERE tenant_id = %s", company.id
    )
    expected = Counter({(row["id"], "submitted"): 1 for row in rows})
    expected.update((row["id"], row["status"]) for row in rows if row["status"] != "pending")
    assert ends == expected

    fired = stack.rows(
        "SELECT kind, count(*) AS number FROM approvals_timer"
        " WHERE tenant_id = %s AND status = 'fired' GROUP BY kind",
        company.id,
    )
    said = {
        "remind": "timer.reminded",
        "escalate": "timer.escalated",
        "expire": "action_request.expired",
        "reconcile": "execution.overdue",
    }
    for row in fired:
        recorded = stack.value(
            "SELECT count(*) FROM audit_ledgerevent WHERE tenant_id = %s AND type = %s",
            company.id,
            said[row["kind"]],
        )
        assert recorded == row["number"]
    tell("timers fired, each recorded once: " + str({r["kind"]: r["number"] for r in fired}))
    twice = stack.rows(
        "SELECT request_id FROM audit_ledgerevent WHERE tenant_id = %s"
        " AND type = 'grant.redeemed' GROUP BY request_id HAVING count(*) > 1",
        company.id,
    )
    assert twice == []


def no_approval_without_its_votes(company: Company) -> None:
    """Count the votes of each approved request again, past the application."""
    rows = company.stack.rows(
        """
        SELECT r.id,
               (SELECT count(DISTINCT v.member_id) FROM approvals_vote v
                WHERE v.request_id = r.id AND v.verdict = 'approve') AS votes,
               (SELECT count(*) FROM approvals_requirement q
                WHERE q.request_id = r.id AND q.satisfied_at IS NULL) AS unsatisfied
        FROM approvals_actionrequest r WHERE r.tenant_id = %s AND r.status = 'approved'
        """,
        company.id,
    )
    tell(f"{len(rows)} approved, each with the two votes that its policy asks for")
    assert len(rows) > 0
    assert [row for row in rows if row["votes"] < 2 or row["unsatisfied"]] == []


def messages_went_out(company: Company) -> None:
    """Every message recorded as sent was delivered; one delivered again carries the same id.

    A sender killed between delivering and recording leaves a lease that has to end first. Until
    then the request may have ended, and the message is recorded as needless.
    """
    stack = company.stack
    queued = (
        "SELECT count(*) FROM approvals_notification WHERE tenant_id = %s AND status = 'queued'"
    )
    began = time.monotonic()
    until(lambda: stack.value(queued, company.id) == 0, "messages are sent", 240)
    rows = stack.rows(
        "SELECT id, status FROM approvals_notification WHERE tenant_id = %s", company.id
    )
    status = {public_id("ntf", row["id"]): row["status"] for row in rows}
    delivered = Counter(
        str(message["Message-ID"]).strip("<>").partition("@")[0]
        for path in (stack.directory / "mail").glob("*.log")
        for message in messages_in(path)
        if f"@{company.slug}.example" in str(message["To"])
    )
    doubled = delivered.total() - len(delivered)
    tell(
        f"messages: {Counter(status.values())}; {len(delivered)} delivered, {doubled} of them"
        f" again; the last was settled after {time.monotonic() - began:.1f} s"
    )
    assert {name for name in status if status[name] == "sent"} - set(delivered) == set()
    assert set(delivered) - set(status) == set()
    assert "failed" not in status.values()


def the_record_is_whole(company: Company) -> None:
    """Every event has exactly one leaf, and the record verifies."""
    stack = company.stack
    stack.sequenced(company.id)
    events, leaves = (
        stack.value(query, company.id)
        for query in (
            "SELECT count(*) FROM audit_ledgerevent WHERE tenant_id = %s",
            "SELECT count(*) FROM audit_ledgerleaf WHERE tenant_id = %s",
        )
    )
    tell(f"{events} events, {leaves} leaves")
    assert events == leaves
    code, words = stack.verify_ledger(company.slug)
    assert code == 0, words
