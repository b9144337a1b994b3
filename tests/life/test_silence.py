"""A payment that nobody answers: reminded, escalated, expired, never approved."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from govapp.chaos.stack import until
from tests.life.journey import PAYMENT, REQUESTS, Company, wait_by_long_poll

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def fired(company: Company) -> Counter[str]:
    """How many timers of each kind have fired."""
    rows = company.stack.rows(
        "SELECT kind FROM approvals_timer WHERE tenant_id = %s AND status = 'fired'", company.id
    )
    return Counter(row["kind"] for row in rows)


def status(company: Company) -> str:
    return str(
        company.stack.value(
            "SELECT status FROM approvals_actionrequest WHERE tenant_id = %s", company.id
        )
    )


def test_silence_is_reminded_escalated_and_expires(company: Company) -> None:
    stack = company.stack
    shown = company.submit_with_curl(PAYMENT)
    with company.agent() as agent, ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(wait_by_long_poll, agent, shown["id"])
        for name in ("alice", "bob"):
            company.wait_for_mail(name, "Approve or deny")
        assert company.mails("charlie") == []
        try:
            stack.shift_clock(31 * MINUTE)
            until(lambda: fired(company) == {"remind": 1}, "the reminder")
            for name in ("alice", "bob"):
                company.wait_for_mail(name, "Reminder")

            stack.shift_clock(HOUR + MINUTE)
            until(lambda: fired(company) == {"remind": 1, "escalate": 1}, "the escalation")
            company.wait_for_mail("charlie", "Escalated")
            assert status(company) == "pending"

            stack.shift_clock(4 * HOUR + MINUTE)
            heard = waiting.result()
            assert heard.shown["status"] == "expired"
            assert fired(company) == {"remind": 1, "escalate": 1, "expire": 1}
            grant = agent.post(f"{REQUESTS}/{shown['id']}/grant")
            assert grant.status_code == 409
        finally:
            stack.shift_clock(timedelta(0))

    assert status(company) == "expired"
    assert stack.value("SELECT count(*) FROM approvals_vote WHERE tenant_id = %s", company.id) == 0
    stack.sequenced(company.id)
    assert stack.verify_ledger(company.slug)[0] == 0
    events = Counter(
        row["type"]
        for row in stack.rows(
            "SELECT type FROM audit_ledgerevent WHERE tenant_id = %s AND request_id IS NOT NULL"
            " AND type NOT LIKE 'notification.%%' AND type NOT LIKE 'review_link.%%'"
            # The watch may look just after the clock was moved, before the sweep does.
            " AND type NOT LIKE 'finding.%%'",
            company.id,
        )
    )
    assert events == {
        "action_request.submitted": 1,
        "stage.opened": 1,
        "timer.reminded": 1,
        "timer.escalated": 1,
        "action_request.expired": 1,
    }
