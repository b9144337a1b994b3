"""EU AI Act, for who uses (deploys) a high-risk AI system: oversight by people, logs kept."""

from __future__ import annotations

from decimal import Decimal

from approvals.policy_templates.blanks import Answers, Blank, number_of, text_of
from approvals.policy_templates.shapes import NAME, TEXT, compare, flow_of, object_of, rule
from approvals.policy_templates.template import Article, CategorySetup, Document, PolicyTemplate

_LAW = "Regulation (EU) 2024/1689"
_OVERSIGHT = Article(
    f"{_LAW}, Article 14(1) and (4)",
    "People can oversee the system while it is used, and decide not to use what it puts out.",
)
_TWO = Article(
    f"{_LAW}, Article 14(5)",
    "No action on an identification by biometrics unless two competent persons confirmed it.",
)
_DEPLOYER = Article(
    f"{_LAW}, Article 26(2)",
    "Oversight is given to natural persons with the competence, training and authority for it.",
)
_MONITOR = Article(
    f"{_LAW}, Article 26(5)",
    "The deployer monitors how the system works, and suspends its use where it is a risk.",
)
_INFORM = Article(
    f"{_LAW}, Article 26(11)",
    "People about whom the system decides or helps to decide are told so.",
)
_LOGS = Article(
    f"{_LAW}, Articles 19(1) and 26(6)",
    "Logs are kept for at least six months, unless other law says otherwise.",
)


def _build(answers: Answers) -> Document:
    overseers, second = text_of(answers, "overseers"), text_of(answers, "second_group")
    deadline = text_of(answers, "deadline")
    flows = {
        "oversight": flow_of(overseers, deadline=deadline, name="Human oversight"),
        "two-persons": flow_of(overseers, second, deadline=deadline, name="Two competent persons"),
    }
    decisions = "decisions.*"
    unsure = compare("confidence", "lt", number_of(answers, "confidence"))
    rules = [
        rule(
            "biometric-two-persons", "identification.biometric", "require_approval",
            flow="two-persons",
        ),
        rule(
            "adverse-decisions", decisions, "require_approval", flow="oversight",
            when={"conditions": compare("payload.effect", "eq", "adverse")},
            obligations={"attach_note": "Tell the person concerned that a system helped decide."},
        ),
        rule(
            "unsure-decisions", decisions, "require_approval", flow="oversight",
            when={"conditions": unsure},
        ),
        rule(
            "decisions-in-bulk", decisions, "require_approval", flow="oversight",
            when={
                "conditions": compare(
                    "history.requests_last_hour", "gte", number_of(answers, "per_hour")
                )
            },
        ),
    ]  # fmt: skip
    if answers["favourable_alone"]:
        sure = compare("confidence", "gte", number_of(answers, "confidence"))
        favourable = compare("payload.effect", "eq", "favourable")
        rules.append(
            rule(
                "favourable-decisions", decisions, "allow",
                when={"conditions": {"all": [favourable, sure]}},
            )
        )  # fmt: skip
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
    lead="Decisions about people are overseen by people who may stop them; biometric"
    " identification needs two.",
    blanks=(
        Blank(
            "overseers", "Who oversees", "group", "operations",
            help="People with the competence, training and authority that Article 26(2) asks for.",
        ),
        Blank(
            "second_group", "Who else confirms a biometric identification", "group", "risk",
            help="Two persons of different groups, as Article 14(5) asks for two.",
        ),
        Blank(
            "confidence", "A person decides below a confidence of", "number", "0.9",
            most=Decimal(1), help="What the agent says of itself, from 0 to 1.",
        ),
        Blank(
            "per_hour", "From how many decisions an hour a person looks at each", "number", "100",
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
            name="Biometric identification",
            description="Something is done because a system recognised a person.",
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
        "adverse-decisions": (_OVERSIGHT, _INFORM),
        "unsure-decisions": (_OVERSIGHT,),
        "decisions-in-bulk": (_MONITOR,),
        "favourable-decisions": (_OVERSIGHT,),
    },
    build=_build,
    retention_days=184,
    retention_article=_LOGS,
    report_every="quarter",
)  # fmt: skip
