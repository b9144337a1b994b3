"""The rules that every tenant begins with, until it publishes its own.

Secrets ask a person rather than being refused: handing a key over is what some actions are for,
and a refusal would teach agents to hide them; but nobody's key should leave without anybody
having seen that it does. Hidden text and signs of injection ask because a person has to see what
the agent may not have meant. Personal data warns: most actions in a company are about people.
Look-alike letters warn: names in two scripts are common, and every page marks them.
"""

from typing import Final

from approvals.guardrails.rules import Rule, RuleSet

DEFAULT_RULES: Final = RuleSet(
    0,
    (
        Rule("secrets", "secret", "ask"),
        Rule(
            "hidden-text",
            "hidden_text",
            "ask",
            detectors=("bidirectional", "invisible", "control"),
        ),
        Rule("look-alikes", "hidden_text", "warn", detectors=("confusable",)),
        Rule("injection", "injection", "ask"),
        Rule("personal-data", "pii", "warn"),
    ),
)
