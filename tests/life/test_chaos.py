"""Two days in forty seconds with everything killed; and each check finds what was planted."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from govapp.chaos.company import GROUPS
from govapp.chaos.invariants import QUERIES, Connection, find_breaches
from govapp.chaos.journals import find_broken_promises, look_at_mail
from govapp.chaos.lapsed import SLUG, Outcome, Plan, run_lapse
from govapp.chaos.seating import TITLE, find_unfounded
from govapp.chaos.stack import Stack, running_stack
from tests.life.journey import tell

pytestmark = pytest.mark.timeout(900)
PLAN = Plan(seconds=40.0, days=2.0, seed=7, rate=5.0)
KINDS = {
    "worker killed",
    "beat killed",
    "web killed",
    "sweeper killed",
    "sequencer killed",
    "valkey killed",
    "valkey flushed",
    "postgres restarted",
    "postgres crashed",
    "clock set back",
    "clock set forward",
    "host with a wrong clock",
}


@dataclass
class Lapsed:
    stack: Stack
    outcome: Outcome

    def breaches(self, connection: Connection) -> set[str]:
        """Everything that is found now, by every means."""
        tenant, folder = self.outcome.tenant_id, self.stack.directory
        found = set(find_breaches(connection, tenant))
        found |= {TITLE} if find_unfounded(connection, tenant) else set()
        found |= set(find_broken_promises(connection, tenant, folder / "journal"))
        mail = look_at_mail(connection, tenant, folder / "mail", f"{SLUG}.example")
        return found | set(mail.breaches)


@pytest.fixture(scope="module")
def lapsed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lapsed]:
    """A Govapp of its own, for its clock runs away; after the lapse, with everything settled."""
    with running_stack(tmp_path_factory.mktemp("chaos") / "state") as stack:
        outcome = run_lapse(stack, PLAN, tell)
        tell(outcome.figures.table())
        yield Lapsed(stack, outcome)


def test_nothing_is_lost_or_done_twice_or_approved_by_silence(lapsed: Lapsed) -> None:
    assert lapsed.outcome.breaches == {}


def test_every_kind_of_fault_was_injected(lapsed: Lapsed) -> None:
    assert set(lapsed.outcome.figures.faults) == KINDS


def test_there_was_something_to_lose(lapsed: Lapsed) -> None:
    counts = lapsed.outcome.figures.counts
    ends = {"allowed", "approved", "denied", "expired"}
    assert ends & set(counts["Requests"]) == ends
    assert counts["Permissions"]["used"] > 0
    assert counts["Timers"]["remind, fired"] > 0
    assert lapsed.outcome.tally.counts["voted"] > 0
    assert len(GROUPS) > 0


def copied(table: str, where: str, **changes: str) -> str:
    """SQL that inserts a copy of one row under another id."""
    pairs = ", ".join(f"'{name}', {value}" for name, value in changes.items())
    more = f", {pairs}" if pairs else ""
    return (
        f"INSERT INTO {table} SELECT (jsonb_populate_record(one,"
        f" jsonb_build_object('id', gen_random_uuid(){more}))).* FROM"
        f" (SELECT * FROM {table} WHERE {where} LIMIT 1) AS one"
    )


def one(table: str, where: str) -> str:
    """SQL for the id of one row."""
    return f"id = (SELECT id FROM {table} WHERE {where} ORDER BY id LIMIT 1)"


REQUEST, TIMER = "approvals_actionrequest", "approvals_timer"
STAGE, VOTE = "approvals_requirementstage", "approvals_vote"
GRANT, EVENT = "approvals_executiongrant", "audit_ledgerevent"
MESSAGE, LEAF = "approvals_notification", "audit_ledgerleaf"
APPROVED = f"(SELECT id FROM {REQUEST} WHERE status = 'approved')"
VOTED = f"(SELECT request_id FROM {VOTE} WHERE verdict = 'approve')"
REMINDED = "kind = 'remind' AND status = 'fired'"
SATISFIED = f"status = 'satisfied' AND request_id IN {APPROVED}"


def delete(table: str, where: str) -> str:
    return f"DELETE FROM {table} WHERE {one(table, where)}"


def event(kind: str) -> str:
    return f"type = '{kind}' AND request_id IS NOT NULL"


def update(table: str, change: str, where: str) -> str:
    return f"UPDATE {table} SET {change} WHERE {one(table, where)}"


# What is done behind the application's back, and what has to be said of it.
PLANTS: list[tuple[str, str]] = [
    ("a request is still undecided", update(REQUEST, "status = 'pending'", "status = 'expired'")),
    (
        "a request was not recorded as submitted exactly once",
        delete(EVENT, event("action_request.submitted")),
    ),
    (
        "a request does not have exactly one final event, that of its status",
        copied(EVENT, event("action_request.approved")),
    ),
    (
        "a request does not have exactly one final event, that of its status",
        delete(EVENT, event("action_request.expired")),
    ),
    (
        "the record knows a request that is not there",
        update(EVENT, "request_id = gen_random_uuid()", event("notification.sent")),
    ),
    ("a timer is due and did not fire", update(TIMER, "status = 'armed'", REMINDED)),
    ("a timer fired before it was due", update(TIMER, "due_at = closed_at + '1m'", REMINDED)),
    (
        "a stage was opened without one timer that ends it at its deadline",
        delete(TIMER, "kind = 'expire' AND status = 'superseded'"),
    ),
    (
        "a timer was dropped although its stage was still open",
        f"WITH a AS (UPDATE {REQUEST} SET status = 'pending' WHERE status = 'approved')"
        f" UPDATE {STAGE} SET status = 'open' WHERE request_id IN {APPROVED}",
    ),
    (
        "a timer did not leave exactly one event",
        f"ALTER TABLE {TIMER} DROP CONSTRAINT timer_once; {copied(TIMER, REMINDED)}",
    ),
    ("a timer did not leave exactly one event", copied(EVENT, event("timer.reminded"))),
    ("a timer did not leave exactly one event", delete(EVENT, event("timer.reminded"))),
    (
        "a request expired without one timer that fired",
        update(TIMER, "status = 'superseded'", "kind = 'expire' AND status = 'fired'"),
    ),
    (
        "a permission was used more than once",
        "DROP INDEX grant_redeemed_once;"
        + copied(GRANT, "redeemed_at IS NOT NULL", jti="gen_random_uuid()"),
    ),
    ("a permission was used more than once", copied(EVENT, event("grant.redeemed"))),
    ("a use of a permission and the record do not agree", delete(EVENT, event("grant.redeemed"))),
    (
        "a permission was given or used for what nobody permitted",
        f"UPDATE {REQUEST} SET status = 'denied' WHERE id = (SELECT request_id FROM {GRANT} LIMIT 1)",
    ),
    (
        "a message is queued twice",
        f"ALTER TABLE {MESSAGE} DROP CONSTRAINT notification_once;"
        + copied(MESSAGE, "status = 'sent'"),
    ),
    ("a message was given up or is overdue", update(MESSAGE, "status = 'failed'", "true")),
    ("somebody was not told how it ended", f"DELETE FROM {MESSAGE} WHERE kind = 'decided'"),
    (
        "somebody's word was counted twice",
        f"DROP INDEX vote_once_per_person; {copied(VOTE, 'true')}",
    ),
    ("a vote was not recorded exactly once", delete(EVENT, event("vote.cast"))),
    ("a vote was not recorded exactly once", delete(VOTE, "true")),
    (
        "a vote was counted at or after its deadline",
        update(STAGE, "deadline_at = opened_at", SATISFIED),
    ),
    (
        "an approval came at or after its deadline",
        update(STAGE, "deadline_at = satisfied_at", SATISFIED),
    ),
    (
        "a vote was counted for another payload than its request's",
        update(VOTE, "payload_digest = 'sha256:another'", "true"),
    ),
    (
        "the rules demanded approval and it was simply allowed",
        update(REQUEST, "status = 'allowed'", "status = 'approved'"),
    ),
    ("an event has no place in the record, or two", delete(LEAF, "true")),
    ("the record has a gap", f"DELETE FROM {LEAF} WHERE index = 1"),
    (TITLE, f"DELETE FROM {VOTE} WHERE request_id = (SELECT id FROM {REQUEST}"
            " WHERE status = 'approved' LIMIT 1)"),
    (TITLE, update(VOTE, "voided_at = govapp_now()",
                   f"verdict = 'approve' AND request_id IN {APPROVED}")),
    (TITLE, update(VOTE, "\"right\" = jsonb_set(\"right\", '{keys}', '[]')",
                   f"verdict = 'approve' AND request_id IN {APPROVED}")),
    (TITLE, "DELETE FROM approvals_requirement"),
    ("an accepted submission is lost", f"DELETE FROM {REQUEST} WHERE status = 'allowed'"),
    (
        "a decision that was told is another now",
        f"UPDATE {REQUEST} SET status = 'cancelled' WHERE status IN ('approved', 'denied')",
    ),
    ("a use that was confirmed is lost", f"UPDATE {GRANT} SET redeemed_at = NULL"),
    ("a vote that was confirmed is lost", f"DELETE FROM {VOTE}"),
    (
        "a message recorded as sent was not delivered",
        update(MESSAGE, "id = gen_random_uuid()", "status = 'sent'"),
    ),
    (
        "a message was delivered that nobody queued",
        delete(MESSAGE, "status = 'sent'"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("title", "plant"), PLANTS)
def test_a_planted_breach_is_found(lapsed: Lapsed, title: str, plant: str) -> None:
    with lapsed.stack.superuser() as connection:
        # Triggers and foreign keys would not let it happen.
        connection.execute("SET LOCAL session_replication_role = replica")
        before = lapsed.breaches(connection)
        connection.execute(plant)
        after = lapsed.breaches(connection)
        connection.rollback()
    assert title in after - before


def test_every_query_has_a_plant() -> None:
    assert set(QUERIES) - {title for title, _ in PLANTS} == set()
