"""How agents are stopped and held back: which recorded events show it, for every report.

Source: EU AI Act Art. 14(4)(e) and 26(5); NIST AI RMF MANAGE 2.4.
"""

from typing import Final

from audit.reports.matching import Match, Where, of

# Those in "_ask" refuse a call of a model alone, about which nobody can be asked; where nobody can
# be asked about a request, it is refused with "budget_refused" or "guardrail_refused".
_BUDGET: Final = (
    "budget_exceeded", "budget_halted", "throttled", "budget_refused", "budget_ask",
)  # fmt: skip
_GUARDRAIL: Final = ("guardrail_refused", "guardrail_ask")

PAUSED: Final = of("agent.paused", "agent.retired")
THROWN: Final = of("kill_switch.thrown")
RESUMED: Final = of("kill_switch.resumed")
DRILLED: Final = of("kill_switch.drilled")
LESS_AUTONOMY: Final = of(
    "agent.autonomy_set",
    where=(
        Where("level", "has one of", ("recommend", "ask")),
        # From there it can only be loosened: no level is set that was there already.
        Where("former", "has none of", ("recommend",)),
    ),
)
LESS_TRUST: Final = of("agent.trust_lowered")
CUT: Final = of("delegation.revoked")
USED_UP: Final = of(
    "budget.exceeded", where=(Where("on_exceed", "has one of", ("throttle", "halt")),)
)
OVER_BUDGET: Final = of(
    "action_request.blocked", where=(Where("refusals.code", "has one of", _BUDGET),)
)
GUARDED: Final = of(
    "action_request.blocked", where=(Where("refusals.code", "has one of", _GUARDRAIL),)
)
CALLS_HELD: Final = of(
    "model.refused", "model.called",
    where=(Where("code", "has one of", (*_BUDGET, *_GUARDRAIL)),),
)  # fmt: skip

NAMED: Final[tuple[tuple[str, Match], ...]] = (
    ("Agents paused or retired", PAUSED),
    ("Kill switches thrown", THROWN),
    ("Let go on by a second person", RESUMED),
    ("Kill switches tried in a drill", DRILLED),
    ("Autonomy set to asking or recommending only", LESS_AUTONOMY),
    ("Trust in agents lowered", LESS_TRUST),
    ("Delegations cut", CUT),
    ("Budgets used up, refusing more", USED_UP),
    ("Requests refused by a budget", OVER_BUDGET),
    ("Requests refused by guardrails", GUARDED),
    ("Calls of models held by a guardrail or a budget", CALLS_HELD),
)
INTERVENTIONS: Final = tuple(match for _, match in NAMED)
QUERY: Final = ", or ".join(each.query for each in INTERVENTIONS)
# Who lets an agent go on, or tries whether it would stop, stops nothing.
STOPS: Final = tuple(match for match in INTERVENTIONS if match not in (RESUMED, DRILLED))
STOPS_QUERY: Final = ", or ".join(each.query for each in STOPS)
NAME_OF: Final = {match: name for name, match in NAMED}
