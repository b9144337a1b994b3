"""The policy core: what may happen, decided from a document and the facts of one request.

Pure: the standard library, RE2 and a YAML parser; no Django, no input or output, no clock.
The rules it keeps are those of the design page on the domain, sections 3 to 8. Start reading at
`engine.evaluate`, `parsing.parse_policy` and `matching.seat_voters`.
"""

from approvals.policies.describing import describe_flow, describe_policy, describe_rule
from approvals.policies.durations import duration_in_words, format_duration, parse_duration
from approvals.policies.engine import evaluate
from approvals.policies.evaluation import Evaluation, RequirementSpec, RuleTrace
from approvals.policies.facts import Facts
from approvals.policies.flows import Escalation, Flow, Stage
from approvals.policies.loading import dump_policy, load_policy
from approvals.policies.matching import Matching, describe_missing, seat_stages, seat_voters
from approvals.policies.obligations import EvaluatedObligations, Obligations
from approvals.policies.parsing import parse_policy
from approvals.policies.plan import DEFAULT_RULE
from approvals.policies.policy import Policy
from approvals.policies.problems import PolicyInvalid, Problem
from approvals.policies.reachability import Directory, find_unreachable, find_unreachable_flow
from approvals.policies.repeats import Repeat, Step
from approvals.policies.rules import ALLOW, DENY, REQUIRE_APPROVAL, Outcome, Rule
from approvals.policies.seats import ANYONE, MANAGER, Reference, Seat, reference_of
from approvals.policies.typing_check import check_types

__all__ = [
    "ALLOW",
    "ANYONE",
    "DEFAULT_RULE",
    "DENY",
    "MANAGER",
    "REQUIRE_APPROVAL",
    "Directory",
    "Escalation",
    "EvaluatedObligations",
    "Evaluation",
    "Facts",
    "Flow",
    "Matching",
    "Obligations",
    "Outcome",
    "Policy",
    "PolicyInvalid",
    "Problem",
    "Reference",
    "Repeat",
    "RequirementSpec",
    "Rule",
    "RuleTrace",
    "Seat",
    "Stage",
    "Step",
    "check_types",
    "describe_flow",
    "describe_missing",
    "describe_policy",
    "describe_rule",
    "dump_policy",
    "duration_in_words",
    "evaluate",
    "find_unreachable",
    "find_unreachable_flow",
    "format_duration",
    "load_policy",
    "parse_duration",
    "parse_policy",
    "reference_of",
    "seat_stages",
    "seat_voters",
]
