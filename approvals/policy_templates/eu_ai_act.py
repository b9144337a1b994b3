"""EU AI Act, for who uses (deploys) a high-risk AI system: oversight by people, logs kept."""

from __future__ import annotations

from decimal import Decimal

from approvals.policy_templates.blanks import Answers, Blank, number_of, text_of
from approvals.policy_templates.shapes import NAME, TEXT, both, compare, flow_of, object_of, rule
from approvals.policy_templates.template import Article, CategorySetup, Document, PolicyTemplate

_LAW = "Regulation (EU) 2024/1689"
_OVERSIGHT = Article(
    f"{_LAW}, Article 14(1) and (4)",
    "People can oversee the system while it is used, and decide not to use what it puts out.",
)
_TWO = Article(
    f"{_LAW}, Article 14(5)",
    "No action on a remote biometric identification unless at least two competent persons have"
    " verified it separately.",
)
_DEPLOYER = Article(
    f"{_LAW}, Article 26(2)",
    "Oversight is given to natural persons with the competence, training and authority for it.",
)
_MONITOR = Article(
    f"{_LAW}, Article 26(5)",
    "The deployer monitors how the system works, and suspends its use where it may be a risk.",
)
_INFORM = Article(
    f"{_LAW}, Article 26(11)",
    "People about whom the system decides or helps to decide are told so.",
)
_EXPLAIN = Article(
    f"{_LAW}, Article 86(1)",
    "Who is adversely affected may have the system's role and the main elements of the decision"
    " explained.",
)
_LOGS = Article(
    f"{_LAW}, Article 26(6)",
    "The deployer keeps the logs under its control for at least six months, unless other law says"
    " otherwise.",
)


def _build(answers: Answers) -> Document:
    overseers, second = text_of(answers, "overseers"), text_of(answers, "second_group")
    deadline = text_of(answers, "deadline")
    flows = {
        "oversight": flow_of(overseers, deadline=deadline, name="Human oversight"),
        "two-persons": flow_of(overseers, second, deadline=deadline, name="Two competent persons"),
    }
    decisions = "decisions.*"
    confidence, per_hour = number_of(answers, "confidence"), number_of(answers, "per_hour")
    favourable = compare("payload.effect", "eq", "favourable")
    rules = [
        rule(
            "biometric-two-persons", "identification.*", "require_approval", flow="two-persons"
        ),
        rule(
            "adverse-decisions", decisions, "require_approval", flow="oversight",
            given=compare("payload.effect", "eq", "adverse"),
            obligations={"attach_note": "Tell the person concerned that a system helped to decide"},
        ),
        rule(
            "unsure-decisions", decisions, "require_approval", flow="oversight",
            given=compare("confidence", "lt", confidence),
        ),
        rule(
            "decisions-in-bulk", decisions, "require_approval", flow="oversight",
            given=compare("history.requests_last_hour", "gte", per_hour),
        ),
    ]  # fmt: skip
    if answers["favourable_alone"]:
        sure = compare("confidence", "gte", confidence)
        rules.append(
            rule(
                "other-decisions", decisions, "require_approval", flow="oversight",
                given=compare("payload.effect", "ne", "favourable"),
            )
        )  # fmt: skip
        rules.append(rule("favourable-decisions", decisions, "allow", given=both(favourable, sure)))
    else:
        rules.append(rule("every-decision", decisions, "require_approval", flow="oversight"))
    return {
        "version": 1,
        "default": "require_approval",
        "default_flow": "oversight",
        "flows": flows,
        "rules": rules,
    }


EU_AI_ACT = PolicyTemplate(
    key="eu-ai-act",
    title="EU AI Act, high-risk deployer",
    for_whom="Organisations that use a high-risk AI system (Annex III), such as for credit,"
    " insurance, employment or essential services",
    lead="Decisions about people are overseen by people who may stop them; what follows from a"
    " biometric identification needs two.",
    blanks=(
        Blank(
            "overseers", "Who oversees", "group", "operations",
            help="People with the competence, training and authority that Article 26(2) asks for.",
        ),
        Blank(
            "second_group", "Who else confirms a biometric identification", "group", "risk",
            help="Article 14(5) asks for two persons. The same group twice: two people of it.",
        ),
        Blank(
            "confidence", "A person decides below a confidence of", "number", "0.9",
            most=Decimal(1), help="What the agent says of itself, from 0 to 1.",
        ),
        Blank(
            "per_hour", "A person looks at each decision from", "number", "100",
            unit="requests of an agent in an hour",
            least=Decimal(1), most=Decimal(100_000),
        ),
        Blank(
            "favourable_alone", "Favourable decisions without a person", "yes_no", "no",
            help="Where the agent is sure and the person concerned only gains by it.",
        ),
        Blank("deadline", "Answer within", "duration", "8h"),
    ),
    categories=(
        CategorySetup(
            key="decisions.individual",
            name="Decision about a person",
            description="A decision that concerns one natural person.",
            risk="high",
            is_reversible=True,
            payload_schema=object_of(
                ["subject", "effect", "decision"],
                subject=NAME,
                effect={"enum": ["adverse", "favourable", "neutral"]},
                decision=TEXT,
                main_reasons=TEXT,
            ),
            display={
                "kind": "fields",
                "fields": {
                    "subject": {"label": "Person concerned"},
                    "effect": {"label": "Effect"},
                    "decision": {"label": "Decision"},
                    "main_reasons": {"label": "Main reasons"},
                },
            },
            target_field="subject",
        ),
        CategorySetup(
            key="identification.biometric",
            name="Remote biometric identification",
            description="Something is done because a system recognised a person from afar"
            " (Annex III, 1(a)).",
            risk="critical",
            is_reversible=False,
            payload_schema=object_of(
                ["subject", "action"], subject=NAME, action=TEXT,
                score={"type": "number", "minimum": 0, "maximum": 1},
            ),
            display={
                "kind": "fields",
                "fields": {"subject": {"label": "Recognised as"}, "action": {"label": "Action"}},
            },
            target_field="subject",
        ),
    ),
    serves={
        "biometric-two-persons": (_TWO, _DEPLOYER),
        "every-decision": (_OVERSIGHT, _DEPLOYER),
        "other-decisions": (_OVERSIGHT, _DEPLOYER),
        "adverse-decisions": (_OVERSIGHT, _INFORM, _EXPLAIN),
        "unsure-decisions": (_OVERSIGHT,),
        "decisions-in-bulk": (_MONITOR,),
        "favourable-decisions": (_OVERSIGHT,),
    },
    build=_build,
    retention_days=184,
    retention_article=_LOGS,
    report_every="quarter",
)  # fmt: skip
