"""What a thrown kill switch holds: everything within its scope."""

from approvals.holders.asked import Asked
from approvals.leash import Held, Refusal
from tenants.killing import CODE, Act, read_thrown, stopping


def held(asked: Asked) -> Held:
    """Refuse what is within the scope of a switch that is thrown; the widest says so."""
    switches = read_thrown(asked.known.get("kill"))
    if not switches:
        return Held()
    found = stopping(switches, _act(asked))
    return Held((Refusal(CODE, found.sentence),)) if found else Held()


def _act(asked: Asked) -> Act:
    delegation = asked.known.get("delegation") or {}
    return Act(
        agent_id=asked.agent.pk,
        category=asked.submission.category,
        integration=asked.submission.integration,
        path=delegation.get("path", ""),
    )
