"""HIPAA: who may have protected health information opened, sent or changed, and for how much."""

from __future__ import annotations

from decimal import Decimal

from approvals.policy_templates.blanks import Answers, Blank, number_of, text_of
from approvals.policy_templates.shapes import NAME, TEXT, both, compare, flow_of, object_of, rule
from approvals.policy_templates.template import Article, CategorySetup, Document, PolicyTemplate

_MINIMUM = Article(
    "45 CFR 164.502(b)",
    "Uses and disclosures are limited to the minimum necessary; those to a provider for treatment"
    " are exempt.",
)
_ACCESS = Article(
    "45 CFR 164.312(a)(1)",
    "Only persons and programs that were granted access reach electronic health information.",
)
_INTEGRITY = Article(
    "45 CFR 164.312(c)(1)",
    "Health information is protected from improper alteration and destruction.",
)
_AUTHORISE = Article(
    "45 CFR 164.308(a)(4)",
    "Access to health information is authorised by policy and by somebody responsible.",
)
_DISCLOSE = Article(
    "45 CFR 164.508(a)",
    "Uses and disclosures that the rule does not otherwise permit need the person's authorisation.",
)
_AUDIT = Article(
    "45 CFR 164.312(b)", "Activity in systems with health information is recorded and examined."
)
_KEEP = Article(
    "45 CFR 164.316(b)(2)(i)",
    "Documentation is kept for six years from when it was made or last in effect.",
)
_SIX_YEARS = 2192


def _build(answers: Answers) -> Document:
    clinicians, privacy = text_of(answers, "clinicians"), text_of(answers, "privacy")
    deadline = text_of(answers, "deadline")
    flows = {
        "clinician": flow_of(clinicians, deadline=deadline, name="Clinician"),
        "privacy": flow_of(clinicians, privacy, deadline=deadline, name="Clinician and privacy"),
    }
    records, per_hour = number_of(answers, "records"), number_of(answers, "per_hour")
    other = compare("payload.purpose", "not_in", ["treatment", "payment", "operations"])
    one_for_treatment = both(
        compare("payload.purpose", "eq", "treatment"), compare("payload.records", "lte", 1)
    )
    alone = answers["treatment_alone"]
    rules = [
        rule(
            "other-purposes", "phi.*", "require_approval", flow="privacy",
            given=other,
        ),
        rule(
            "many-records", "phi.*", "require_approval", flow="privacy",
            given=compare("payload.records", "gt", records),
        ),
        rule(
            "disclosures", "phi.disclose", "require_approval", flow="privacy",
            obligations={"step_up": True},
        ),
        rule("changes", "phi.change", "require_approval", flow="clinician"),
        rule(
            "reading", "phi.read", "require_approval", flow="clinician",
            given={"not": one_for_treatment} if alone else None,
        ),
        rule(
            "reading-in-bulk", "phi.read", "require_approval", flow="clinician",
            given=compare("history.requests_last_hour", "gte", per_hour),
        ),
    ]  # fmt: skip
    if alone:
        rules.append(rule("one-record-for-treatment", "phi.read", "allow", given=one_for_treatment))
    if answers["stop_deletion"]:
        rules.append(rule("deletion", "phi.delete", "deny"))
    else:
        rules.append(rule("deletion", "phi.delete", "require_approval", flow="privacy"))
    return {
        "version": 1,
        "default": "require_approval",
        "default_flow": "privacy",
        "flows": flows,
        "rules": rules,
    }


def _category(key: str, name: str, description: str, *, undo: bool, risk: str) -> CategorySetup:
    return CategorySetup(
        key=key,
        name=name,
        description=description,
        risk="critical" if risk == "critical" else "high",
        is_reversible=undo,
        payload_schema=object_of(
            ["patient", "purpose", "records"],
            patient=NAME,
            purpose={"enum": ["treatment", "payment", "operations", "research", "other"]},
            records={"type": "integer", "minimum": 1},
            what=TEXT,
            recipient=NAME,
        ),
        display={
            "kind": "fields",
            "fields": {
                "patient": {"label": "Patient"},
                "purpose": {"label": "Purpose"},
                "records": {"label": "Records"},
                "recipient": {"label": "Recipient"},
            },
        },
        target_field="patient",
    )


HIPAA = PolicyTemplate(
    key="hipaa",
    title="HIPAA",
    for_whom="Covered entities and business associates whose agents reach health records",
    lead="One record for treatment may be read; what is sent out, is changed or is more than"
    " one record goes to people.",
    blanks=(
        Blank("clinicians", "Who answers for the patient", "group", "operations"),
        Blank(
            "privacy", "Who answers for privacy", "group", "risk",
            help="The privacy officer's group. The same group twice: two people of it.",
        ),
        Blank(
            "records", "Both look at requests for more than", "number", "10", unit="records",
            least=Decimal(1), most=Decimal(1_000_000),
        ),
        Blank(
            "per_hour", "A clinician looks at each reading from", "number", "60",
            unit="requests of an agent in an hour",
            least=Decimal(1), most=Decimal(100_000),
        ),
        Blank(
            "treatment_alone", "Agents read one record for treatment without asking", "yes_no",
            "yes",
        ),
        Blank("stop_deletion", "Agents never delete records", "yes_no", "yes"),
        Blank("deadline", "Answer within", "duration", "2h"),
    ),
    categories=(
        _category(
            "phi.read", "Read health records", "Records are opened.", undo=False, risk="high"
        ),
        _category(
            "phi.disclose", "Disclose health records", "Records are sent to somebody outside.",
            undo=False, risk="critical",
        ),
        _category(
            "phi.change", "Change a health record", "A record is written to.",
            undo=True, risk="high",
        ),
        _category(
            "phi.delete", "Delete health records", "Records are destroyed.",
            undo=False, risk="critical",
        ),
    ),
    serves={
        "other-purposes": (_DISCLOSE, _MINIMUM),
        "many-records": (_MINIMUM,),
        "disclosures": (_AUTHORISE, _DISCLOSE),
        "changes": (_INTEGRITY,),
        "reading": (_ACCESS, _MINIMUM),
        "reading-in-bulk": (_AUDIT,),
        "one-record-for-treatment": (_ACCESS,),
        "deletion": (_INTEGRITY,),
    },
    build=_build,
    retention_days=_SIX_YEARS,
    retention_article=_KEEP,
    report_every="quarter",
)  # fmt: skip
