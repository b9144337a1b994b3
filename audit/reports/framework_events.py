"""The figures that several frameworks ask for, by what they show."""

from typing import Final

from audit.reports import interventions as stops
from audit.reports.frameworks import MANY, Shown
from audit.reports.matching import Match, Where, of

_FAILED: Final = Where("outcome", "!=", "succeeded")


def _shown(intervention: Match) -> Shown:
    """The first of these are listed: a figure alone would not say who was stopped, and why."""
    return Shown(stops.NAME_OF[intervention], intervention, listed=MANY)


SUBMITTED: Final = Shown("Requests recorded", of("action_request.submitted"))
BY_PEOPLE: Final = Shown(
    "Decided by people",
    of("action_request.approved", "action_request.denied", "action_request.returned"),
)
BY_RULE: Final = Shown("Allowed by rule", of("action_request.allowed"))
VOTES: Final = Shown("Votes cast", of("vote.cast"))
FAST: Final = Shown(
    "Votes after less than 3 s on the page",
    of("vote.cast", where=(Where("seconds_viewed", "<", 3),)),
)
SECOND_FACTOR: Final = Shown(
    "Votes with a second factor", of("vote.cast", where=(Where("second_factor", "is set"),))
)
DENIED: Final = Shown("Denied by people", of("action_request.denied"))
RETURNED: Final = Shown("Sent back by people", of("action_request.returned"))
BLOCKED: Final = Shown("Blocked by rule", of("action_request.blocked"))
EXPIRED: Final = Shown("Expired, never approved", of("action_request.expired"))
CHANGED: Final = Shown("Actions changed by an approver", of("action_request.changed"))
WITHDRAWN: Final = Shown("Votes and permissions taken back", of("vote.withdrawn", "grant.revoked"))
STOPPED: Final = _shown(stops.PAUSED)
KILLED: Final = _shown(stops.THROWN)
RESUMED: Final = _shown(stops.RESUMED)
KILL_DRILLED: Final = _shown(stops.DRILLED)
LESS_AUTONOMY: Final = _shown(stops.LESS_AUTONOMY)
LESS_TRUST: Final = _shown(stops.LESS_TRUST)
CUT: Final = _shown(stops.CUT)
USED_UP: Final = _shown(stops.USED_UP)
OVER_BUDGET: Final = _shown(stops.OVER_BUDGET)
GUARDED: Final = _shown(stops.GUARDED)
CALLS_HELD: Final = _shown(stops.CALLS_HELD)
NARROWED: Final = (STOPPED, KILLED, RESUMED, LESS_AUTONOMY, LESS_TRUST, CUT)
"""What people, and the rules for trust, did to stop an agent or to narrow what it may do."""
HELD: Final = (USED_UP, OVER_BUDGET, GUARDED, CALLS_HELD)
"""What was held back without a person."""
CANCELLED: Final = Shown("Requests cancelled", of("action_request.cancelled"))
ESCALATED: Final = Shown("Escalations", of("timer.escalated"))
REMINDED: Final = Shown("Reminders", of("timer.reminded", "timer.repeated"))
FAILED: Final = Shown("Executions that failed", of("execution.reported", where=(_FAILED,)))
OVERDUE: Final = Shown("Outcomes not reported in time", of("execution.overdue"))
REFUSED: Final = Shown(
    "Refused votes and permissions", of("vote.refused", "grant.redeem_refused", "grant.forged")
)
FINDINGS: Final = Shown("Findings opened and cleared by the watch", of("finding."))
BREAK_GLASS: Final = Shown("Approvals past the ordinary rules", of("break_glass.approved"))
REVIEWED_LATER: Final = Shown("Reviews of these", of("break_glass.reviewed"))
LOGINS: Final = Shown("Sign-ins", of("session.logged_in"))
FAILED_LOGINS: Final = Shown("Failed sign-ins", of("session.login_failed"))
LOGOUTS: Final = Shown("Sign-outs", of("session.logged_out"))
FACTORS: Final = Shown(
    "Second factors set up or removed",
    of("member.second_factor_added", "member.second_factor_removed"),
)
MEMBERS: Final = Shown("Changes to members and roles", of("member.", "invitation."))
RIGHTS: Final = Shown(
    "Changes to groups and rights to approve",
    of("group.", "category.right_given", "category.right_taken"),
)
CREDENTIALS: Final = Shown("Keys of agents issued, rotated, revoked", of("credential."))
AGENTS: Final = Shown("Agents registered or changed", of("agent.registered", "agent.changed"))
REVEALED: Final = Shown("Sensitive values looked at", of("request.revealed"))
EXPORTED: Final = Shown("Exports, proofs and reports taken", of("export.", "proof.", "report."))
PUBLISHED: Final = Shown("Policy versions published", of("policy.published"))
PROPOSED: Final = Shown("Policy versions proposed", of("policy.proposed"))
CONFIRMED: Final = Shown(
    "Confirmed or rejected in review", of("policy.reviewed", "policy.rejected")
)
ALONE: Final = Shown(
    "Published without a second person",
    of("policy.published", where=(Where("single_person", "is set"),)),
)
REPLAYED: Final = Shown(
    "Tried on history or in shadow",
    of("policy_simulation.finished", "policy.replayed", "policy.shadow_started"),
)
CATEGORIES: Final = Shown(
    "Categories of action defined or changed", of("category.created", "category.changed")
)
DRILLS: Final = Shown("Drills and canaries", of("drill.", "canary."))
RETENTION: Final = Shown("Times of keeping set", of("tenant.retention_set"))
KEYS: Final = Shown("Keys of the record", of("ledger."))
STAND_INS: Final = Shown("Stand-ins and absences", of("absence."))
NOTIFIED: Final = Shown("Messages sent to people", of("notification.sent"))
UNDELIVERED: Final = Shown(
    "Messages not delivered", of("notification.failed", "notification.dropped")
)
PERMITTED: Final = Shown("Permissions issued and used", of("grant.issued", "grant.redeemed"))
COMMENTS: Final = Shown("Questions, answers and comments", of("comment."))
EXECUTED: Final = Shown("Outcomes reported", of("execution.reported"))
