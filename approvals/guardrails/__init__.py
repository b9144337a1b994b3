"""Guardrails: what is found in an agent's words and payloads, and what each finding leads to.

Start with `scan` (scanning.py) and `weigh` (verdict.py). Pure: no table, no clock, no network.
Every function is total over JSON values and takes time in proportion to what it is given.
"""

from approvals.guardrails.comparing import compare_rules
from approvals.guardrails.defaults import DEFAULT_RULES
from approvals.guardrails.describing import describe_rule
from approvals.guardrails.findings import GuardrailFinding, finding_words, names_in
from approvals.guardrails.parsing import GuardrailsInvalid, parse_rules
from approvals.guardrails.redacting import cleaned, redact
from approvals.guardrails.rules import Rule, RuleSet
from approvals.guardrails.scanning import scan
from approvals.guardrails.verdict import Verdict, weigh

__all__ = [
    "DEFAULT_RULES",
    "GuardrailFinding",
    "GuardrailsInvalid",
    "Rule",
    "RuleSet",
    "Verdict",
    "cleaned",
    "compare_rules",
    "describe_rule",
    "finding_words",
    "names_in",
    "parse_rules",
    "redact",
    "scan",
    "weigh",
]
