"""Breaches done behind the application's back, each with what has to be said of it."""
# ruff: noqa: S608 - the names in these statements are constants of this file

from govapp.chaos.seating import TITLE


def copied(table: str, where: str, **changes: str) -> str:
    """SQL that inserts a copy of one row under another id."""
    pairs = ", ".join(f"'{name}', {value}" for name, value in changes.items())
    more = f", {pairs}" if pairs else ""
    return (
        f"INSERT INTO {table} SELECT (jsonb_populate_record(one,"
        f" jsonb_build_object('id', gen_random_uuid(){more}))).* FROM {table} AS one"
        f" WHERE {one(table, where)}"
    )


def one(table: str, where: str) -> str:
    """SQL for the id of one row."""
    return f"id = (SELECT id FROM {table} WHERE {where} ORDER BY id LIMIT 1)"


REQUEST, TIMER = "approvals_actionrequest", "approvals_timer"
STAGE, VOTE = "approvals_requirementstage", "approvals_vote"
GRANT, EVENT = "approvals_executiongrant", "audit_ledgerevent"
MESSAGE, LEAF = "approvals_notification", "audit_ledgerleaf"
APPROVED = f"(SELECT id FROM {REQUEST} WHERE status = 'approved')"
PERMITTED = f"(SELECT request_id FROM {GRANT})"
COUNTED = f"verdict = 'approve' AND request_id IN {APPROVED}"
REOPENED = (
    f"UPDATE {STAGE} SET status = 'open' WHERE request_id IN {APPROVED};"
    f"UPDATE {REQUEST} SET status = 'pending' WHERE status = 'approved'"
)
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
        REOPENED,
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
        f"UPDATE {REQUEST} SET status = 'denied' WHERE id IN {PERMITTED}",
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
    (TITLE, delete(VOTE, COUNTED)),
    (TITLE, update(VOTE, "voided_at = govapp_now()", COUNTED)),
    (TITLE, update(VOTE, "\"right\" = jsonb_set(\"right\", '{keys}', '[]')", COUNTED)),
    (TITLE, "DELETE FROM approvals_requirement"),
    ("an accepted submission is lost", f"DELETE FROM {REQUEST} WHERE status = 'allowed'"),
    (
        "a decision that was told is another now",
        f"UPDATE {REQUEST} SET status = 'cancelled' WHERE status IN ('approved', 'denied')",
    ),
    ("a use that was confirmed is lost", f"UPDATE {GRANT} SET redeemed_at = NULL"),
    ("a vote that was confirmed is lost", "DELETE FROM approvals_vote"),
    (
        "a message recorded as sent was not delivered",
        update(MESSAGE, "id = gen_random_uuid()", "status = 'sent'"),
    ),
    (
        "a message was delivered that nobody queued",
        delete(MESSAGE, "status = 'sent'"),
    ),
]
