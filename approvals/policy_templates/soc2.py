"""SOC 2: access and changes to production by agents, each authorised by somebody else."""

from __future__ import annotations

from decimal import Decimal

from approvals.policy_templates.blanks import Answers, Blank, names_of, number_of, text_of
from approvals.policy_templates.shapes import NAME, TEXT, compare, flow_of, object_of, rule
from approvals.policy_templates.template import Article, CategorySetup, Document, PolicyTemplate

_ACCESS = Article(
    "TSC CC6.1", "Logical access to protected information is restricted to who needs it."
)
_GRANT = Article(
    "TSC CC6.3", "Access is authorised, changed and removed by role, with duties kept apart."
)
_REGISTER = Article("TSC CC6.2", "Who gets access is registered and authorised before it is given.")
_MOVE = Article(
    "TSC CC6.7", "Sending, moving and removing information is restricted to who may do so."
)
_MONITOR = Article(
    "TSC CC7.2", "Systems are monitored for anomalies, which are looked into as security events."
)
_CHANGE = Article(
    "TSC CC8.1", "Changes are authorised, tested, approved and documented before they are made."
)


def _build(answers: Answers) -> Document:
    engineers, security = text_of(answers, "engineers"), text_of(answers, "security")
    deadline = text_of(answers, "deadline")
    environments = names_of(answers, "environments")
    production = {"environment": environments}
    flows = {
        "peer": flow_of(engineers, deadline=deadline, name="Peer review"),
        "security": flow_of(engineers, security, deadline=deadline, name="Peer and security"),
    }
    alone = answers["elsewhere_alone"]
    elsewhere = compare("environment", "not_in", environments)
    rules = [
        rule("changes", "change.*", "require_approval", flow="peer", when=production),
        rule(
            "untested-changes", "change.*", "deny", when=production,
            given=compare("payload.tests_passed", "eq", False),
        ),
        rule(
            "changes-elsewhere", "change.*",
            "allow" if alone else "require_approval", flow="" if alone else "peer",
            given=elsewhere,
        ),
        rule(
            "access-grants", "access.grant", "require_approval", flow="security",
            obligations={"step_up": True},
        ),
        rule("access-removal", "access.revoke", "allow"),
        rule(
            "data-exports", "data.export", "require_approval", flow="security",
            obligations={"notify": [{"group": security}]},
        ),
        rule(
            "busy-agents", "change.*", "require_approval", flow="security",
            given=compare("history.requests_last_hour", "gte", number_of(answers, "per_hour")),
        ),
    ]  # fmt: skip
    if answers["new_agents"]:
        rules.append(
            rule(
                "new-agents", "change.*", "require_approval", flow="security",
                when={**production, "agent": {"tiers": ["new"]}},
            )
        )  # fmt: skip
    return {
        "version": 1,
        "default": "require_approval",
        "default_flow": "peer",
        "flows": flows,
        "rules": rules,
    }


SOC2 = PolicyTemplate(
    key="soc2",
    title="SOC 2",
    for_whom="Service organisations under audit whose agents change systems or grant access",
    lead="Changes are reviewed by a peer, access and exports by security as well, and removal of"
    " access waits for nobody.",
    blanks=(
        Blank("engineers", "Who reviews changes", "group", "operations"),
        Blank("security", "Who answers for security", "group", "risk"),
        Blank(
            "environments", "Which environments are audited", "names", "production",
            help="Names as your agents send them, with commas.",
        ),
        Blank(
            "new_agents", "Security looks at changes by new agents too", "yes_no", "yes",
            help="Agents of the trust tier “new”.",
        ),
        Blank(
            "elsewhere_alone", "Agents change other environments without asking", "yes_no", "yes",
            help="Such as staging, when it is not in the scope of the audit.",
        ),
        Blank(
            "per_hour", "Security looks at each change from", "number", "20",
            unit="requests of an agent in an hour", least=Decimal(2), most=Decimal(100_000),
        ),
        Blank("deadline", "Answer within", "duration", "4h"),
    ),
    categories=(
        CategorySetup(
            key="change.deploy",
            name="Deploy a change",
            description="A new version goes into an environment.",
            risk="high",
            is_reversible=True,
            payload_schema=object_of(
                ["service", "version", "tests_passed"],
                service=NAME, version=NAME, tests_passed={"type": "boolean"}, description=TEXT,
            ),
            display={
                "kind": "fields",
                "fields": {
                    "service": {"label": "Service"},
                    "version": {"label": "Version"},
                    "tests_passed": {"label": "Tests passed"},
                },
            },
            target_field="service",
        ),
        CategorySetup(
            key="access.grant",
            name="Grant access",
            description="Somebody or something gets rights on a system.",
            risk="critical",
            is_reversible=True,
            payload_schema=object_of(
                ["who", "system", "right"], who=NAME, system=NAME, right=NAME, until=NAME
            ),
            display={
                "kind": "fields",
                "fields": {
                    "who": {"label": "Who"},
                    "system": {"label": "System"},
                    "right": {"label": "Right"},
                },
            },
            target_field="who",
        ),
        CategorySetup(
            key="access.revoke",
            name="Remove access",
            description="Rights on a system are taken away.",
            risk="low",
            is_reversible=True,
            payload_schema=object_of(["who", "system"], who=NAME, system=NAME),
            display={"kind": "fields", "fields": {"who": {"label": "Who"}}},
            target_field="who",
        ),
        CategorySetup(
            key="data.export",
            name="Export data",
            description="Customers' data leaves a system.",
            risk="high",
            is_reversible=False,
            payload_schema=object_of(
                ["what", "destination"], what=TEXT, destination=NAME,
                rows={"type": "integer", "minimum": 0},
            ),
            display={
                "kind": "fields",
                "fields": {"what": {"label": "What"}, "destination": {"label": "Destination"}},
            },
            target_field="destination",
        ),
    ),
    serves={
        "changes": (_CHANGE,),
        "changes-elsewhere": (_CHANGE,),
        "untested-changes": (_CHANGE,),
        "access-grants": (_REGISTER, _GRANT),
        "access-removal": (_GRANT,),
        "data-exports": (_ACCESS, _MOVE),
        "busy-agents": (_MONITOR,),
        "new-agents": (_CHANGE, _GRANT),
    },
    build=_build,
    retention_days=366,
    retention_article=Article(
        "SOC 2 Type II", "Evidence covers the whole period that the auditor looks at."
    ),
    report_every="quarter",
)  # fmt: skip
