"""What a thrown kill switch holds: everything within its scope."""

from approvals.delegating.links import links_of, path_of
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
    return Act(
        agent_id=asked.agent.pk,
        category=asked.submission.category,
        integration=asked.submission.integration,
        path=path_of(link.id for link in links_of(asked.known.get("delegation"))),
    )
