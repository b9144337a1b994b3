"""Coding agents: look anywhere, propose freely, merge and touch production with people."""

from __future__ import annotations

from approvals.policy_templates.blanks import Answers, Blank, names_of, number_of, text_of
from approvals.policy_templates.shapes import LONG_TEXT, NAME, TEXT, compare, flow_of, object_of
from approvals.policy_templates.shapes import rule as rule_of
from approvals.policy_templates.template import Article, CategorySetup, Document, PolicyTemplate

_SEPARATE = Article(
    "NIST SP 800-53 AC-5", "Duties are separated: who writes a change does not release it alone."
)
_CHANGE = Article(
    "NIST SP 800-53 CM-3", "Changes to what runs are reviewed and approved before they are made."
)
_LEAST = Article("NIST SP 800-53 AC-6", "Programs have the least privilege that their task needs.")
_SUPPLY = Article("SLSA, source requirements", "Changes to the source are reviewed by two parties.")
_COST = Article(
    "NIST AI RMF, MANAGE 2.4", "What an AI system does can be stopped when it goes beyond its use."
)


def _build(answers: Answers) -> Document:
    team, operations = text_of(answers, "team"), text_of(answers, "operations")
    deadline = text_of(answers, "deadline")
    production = names_of(answers, "production")
    read_only = names_of(answers, "read_only")
    flows = {
        "one-engineer": flow_of(team, deadline=deadline, name="Engineer"),
        "two-engineers": flow_of(team, operations, deadline=deadline, name="Two persons"),
    }
    rules = [
        rule_of("looking", "repo.read", "allow"),
        rule_of("pull-requests", "repo.pull_request", "allow"),
        rule_of("merges", "repo.merge", "require_approval", flow="one-engineer"),
        rule_of(
            "production-two-persons", ["infra.*", "deploy.*"], "require_approval",
            flow="two-engineers", when={"environment": production},
            obligations={"step_up": True},
        ),
        rule_of(
            "read-only-environments", ["infra.*", "deploy.*", "repo.merge"], "deny",
            when={"environment": read_only},
        ),
        rule_of(
            "expensive", "*", "require_approval", flow="one-engineer",
            when={
                "conditions": {
                    "all": [
                        compare("estimated_cost.amount", "exists"),
                        compare("estimated_cost.amount", "gt", number_of(answers, "cost")),
                    ]
                }
            },
        ),
        rule_of(
            "cost-class-high", "*", "require_approval", flow="one-engineer",
            when={
                "conditions": {
                    "all": [
                        compare("category.cost_class", "exists"),
                        compare("category.cost_class", "eq", "high"),
                    ]
                }
            },
        ),
    ]  # fmt: skip
    if answers["other_environments_alone"]:
        elsewhere = compare("environment", "not_in", [*production, *read_only])
        cheap = {
            "any": [
                compare("estimated_cost.amount", "absent"),
                compare("estimated_cost.amount", "lte", number_of(answers, "cost")),
            ]
        }
        rules.append(
            rule_of(
                "other-environments", ["infra.*", "deploy.*"], "allow",
                when={"conditions": {"all": [elsewhere, cheap]}},
            )
        )  # fmt: skip
    return {
        "version": 1,
        "default": "require_approval",
        "default_flow": "one-engineer",
        "flows": flows,
        "rules": rules,
    }


DEVELOPER = PolicyTemplate(
    key="developer-platform",
    title="Developer platform",
    for_whom="Engineering teams with agents that write code, open pull requests and run pipelines",
    lead="Reading and pull requests: yes. Merges: one engineer. Production: two persons. Some"
    " environments: look, never touch.",
    blanks=(
        Blank("team", "Who reviews code", "group", "operations"),
        Blank(
            "operations", "Who else confirms in production", "group", "managers",
            help="Another group than the first.",
        ),
        Blank("production", "Production environments", "names", "production"),
        Blank(
            "read_only", "Environments that agents never change", "names", "archive",
            help="Names as your agents send them, with commas.",
        ),
        Blank("cost", "A person looks at estimated costs over", "money", "50",
              unit="in its currency"),
        Blank(
            "other_environments_alone", "Deploy to other environments alone", "yes_no", "yes",
            help="Such as staging or preview.",
        ),
        Blank("deadline", "Answer within", "duration", "2h"),
    ),
    categories=(
        CategorySetup(
            key="repo.read", name="Read a repository", description="Source is read.",
            risk="low", is_reversible=True, payload_schema=object_of(["repository"],
            repository=NAME, path=TEXT), cost_class="low", target_field="repository",
        ),
        CategorySetup(
            key="repo.pull_request", name="Open a pull request",
            description="A change is proposed, not made.", risk="low", is_reversible=True,
            payload_schema=object_of(["repository", "title"], repository=NAME, title=TEXT,
            diff=LONG_TEXT), display={"kind": "diff", "fields": {"title": {"label": "Title"}}},
            cost_class="low", target_field="repository",
        ),
        CategorySetup(
            key="repo.merge", name="Merge a pull request",
            description="A change goes into the main line.", risk="high", is_reversible=True,
            payload_schema=object_of(["repository", "pull_request"], repository=NAME,
            pull_request=NAME, diff=LONG_TEXT),
            display={"kind": "diff", "fields": {"pull_request": {"label": "Pull request"}}},
            cost_class="medium", target_field="repository",
        ),
        CategorySetup(
            key="deploy.release", name="Deploy a release",
            description="A version goes into an environment.", risk="high", is_reversible=True,
            payload_schema=object_of(["service", "version"], service=NAME, version=NAME),
            display={"kind": "fields", "fields": {"service": {"label": "Service"},
            "version": {"label": "Version"}}},
            cost_class="medium", target_field="service",
        ),
        CategorySetup(
            key="infra.change", name="Change infrastructure",
            description="Machines, networks or databases are changed.", risk="critical",
            is_reversible=False,
            payload_schema=object_of(["resource", "action"], resource=NAME, action=TEXT,
            plan=LONG_TEXT),
            display={"kind": "fields", "fields": {"resource": {"label": "Resource"},
            "action": {"label": "Action"}}},
            cost_class="high", target_field="resource",
        ),
    ),
    serves={
        "looking": (_LEAST,),
        "pull-requests": (_SUPPLY,),
        "merges": (_SUPPLY, _SEPARATE),
        "production-two-persons": (_CHANGE, _SEPARATE),
        "read-only-environments": (_LEAST,),
        "expensive": (_COST,),
        "cost-class-high": (_COST,),
        "other-environments": (_LEAST,),
    },
    build=_build,
    report_every="month",
)  # fmt: skip
