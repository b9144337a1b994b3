"""The figures of a lapse: faults, requests, votes, messages, lateness."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from govapp.chaos.invariants import Connection
from govapp.chaos.journals import Mail
from govapp.chaos.lapse import Lapse
from govapp.simulator.tally import percentile, row

_COUNTS: Final = {
    "Requests": """
        SELECT status AS name, count(*) AS number FROM approvals_actionrequest
        WHERE tenant_id = %(tenant)s GROUP BY 1""",
    "Votes": """
        SELECT verdict || CASE WHEN voided_at IS NULL THEN '' ELSE ', taken back' END AS name,
               count(*) AS number FROM approvals_vote WHERE tenant_id = %(tenant)s GROUP BY 1""",
    "Permissions": """
        SELECT CASE WHEN redeemed_at IS NULL THEN 'not used' ELSE 'used' END AS name,
               count(*) AS number
        FROM approvals_executiongrant WHERE tenant_id = %(tenant)s GROUP BY 1""",
    "Timers": """
        SELECT kind || ', ' || status AS name, count(*) AS number FROM approvals_timer
        WHERE tenant_id = %(tenant)s GROUP BY 1""",
    "Messages": """
        SELECT status AS name, count(*) AS number FROM approvals_notification
        WHERE tenant_id = %(tenant)s GROUP BY 1""",
    "Record": """
        SELECT 'events' AS name, count(*) AS number FROM audit_ledgerevent
        WHERE tenant_id = %(tenant)s""",
}
_LATE: Final = """
SELECT due_at, closed_at FROM approvals_timer
WHERE tenant_id = %(tenant)s AND status IN ('fired', 'skipped')
"""


@dataclass(frozen=True)
class Figures:
    """What was counted. Lateness is in real seconds, from when the clock had reached the time."""

    faults: Counter[str]
    counts: dict[str, dict[str, int]]
    mail: Mail
    late: list[float]

    def table(self) -> str:
        """Return everything in lines for a person."""
        parts = {"Faults injected": dict(sorted(self.faults.items())), **self.counts}
        lines = []
        for title, counts in parts.items():
            lines += ["", f"{title} ({sum(counts.values())})"]
            lines += [row(name, number) for name, number in counts.items()]
        lines += ["", f"Delivered ({self.mail.delivered})"]
        lines.append(row("again, with the same id", self.mail.again))
        late = [percentile(self.late, part) for part in (0.5, 0.99, 1.0)]
        lines += ["", "Timers late, in real seconds (p50, p99, max)"]
        lines.append("  " + "  ".join(f"{each:.2f}" for each in late))
        return "\n".join(lines)


def count(
    connection: Connection, tenant_id: str, *, lapse: Lapse, faults: Counter[str], mail: Mail
) -> Figures:
    """Read the figures from the database."""
    known = {"tenant": tenant_id}
    counts = {
        title: {
            each["name"]: each["number"]
            for each in connection.execute(query + " ORDER BY 1", known).fetchall()
        }
        for title, query in _COUNTS.items()
    }
    rows = connection.execute(_LATE, known).fetchall()
    late = [lapse.late(each["due_at"], each["closed_at"]) for each in rows]
    return Figures(faults, counts, mail, late)
