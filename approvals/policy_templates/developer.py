"""Coding agents: look anywhere, propose freely, merge and touch production with people."""

from __future__ import annotations

from approvals.policy_templates.blanks import Answers, Blank, names_of, number_of, text_of
from approvals.policy_templates.shapes import (
    LONG_TEXT,
    NAME,
    TEXT,
    both,
    compare,
    flow_of,
    object_of,
    rule,
)
from approvals.policy_templates.template import Article, CategorySetup, Document, PolicyTemplate

_SEPARATE = Article(
    "NIST SP 800-53 AC-5", "Duties are separated: who writes a change does not release it alone."
)
_CHANGE = Article(
    "NIST SP 800-53 CM-3", "Changes to what runs are reviewed and approved before they are made."
)
_LEAST = Article("NIST SP 800-53 AC-6", "Programs have the least privilege that their task needs.")
_SUPPLY = Article(
    "SLSA Source track, two-party review", "Who writes a change does not let it in alone."
)
_COST = Article(
    "OWASP Top 10 for LLM Applications 2025, LLM10",
    "What an agent may consume is bounded, so that nobody runs up its costs.",
)


_FAMILIES = ["repo.*", "deploy.*", "infra.*"]


def _build(answers: Answers) -> Document:
    team, operations = text_of(answers, "team"), text_of(answers, "operations")
    deadline = text_of(answers, "deadline")
    production = names_of(answers, "production")
    read_only = names_of(answers, "read_only")
    flows = {
        "one-engineer": flow_of(team, deadline=deadline, name="Engineer"),
        "two-persons": flow_of(team, operations, deadline=deadline, name="Two persons"),
    }
    costly = compare("estimated_cost.amount", "gt", number_of(answers, "cost"))
    high = compare("category.cost_class", "eq", "high")
    alone = answers["other_environments_alone"]
    elsewhere = compare("environment", "not_in", [*production, *read_only])
    rules = [
        rule("looking", "repo.read", "allow"),
        rule("pull-requests", "repo.pull_request", "allow"),
        rule("merges", "repo.merge", "require_approval", flow="one-engineer"),
        rule(
            "production-two-persons", ["infra.*", "deploy.*"], "require_approval",
            flow="two-persons", when={"environment": production}, obligations={"step_up": True},
        ),
        rule(
            "read-only-environments", ["infra.*", "deploy.*", "repo.merge"], "deny",
            when={"environment": read_only},
        ),
        rule("infrastructure", "infra.*", "require_approval", flow="one-engineer"),
        rule(
            "deploys-elsewhere", "deploy.*",
            "allow" if alone else "require_approval", flow="" if alone else "one-engineer",
            given=elsewhere,
        ),
        rule(
            "expensive", _FAMILIES, "require_approval", flow="one-engineer",
            given=both(compare("estimated_cost.amount", "exists"), costly),
        ),
        rule(
            "cost-class-high", _FAMILIES, "require_approval", flow="one-engineer",
            given=both(compare("category.cost_class", "exists"), high),
        ),
    ]  # fmt: skip
    return {
        "version": 1,
        "default": "require_approval",
        "default_flow": "one-engineer",
        "flows": flows,
        "rules": rules,
    }


def _check(answers: Answers) -> dict[str, str]:
    shared = set(names_of(answers, "production")) & set(names_of(answers, "read_only"))
    if not shared:
        return {}
    return {"read_only": f"{min(shared)} is a production environment already; leave it out here."}


DEVELOPER = PolicyTemplate(
    key="developer-platform",
    title="Developer platform",
    for_whom="Engineering teams with agents that write code, open pull requests and run pipelines",
    lead="Reading and pull requests pass, merges need one engineer, production needs two people,"
    " and some environments are never touched.",
    blanks=(
        Blank("team", "Who reviews code", "group", "operations"),
        Blank(
            "operations", "Who else confirms in production", "group", "managers",
            help="People of another team. The same group twice: two people of it.",
        ),
        Blank("production", "Production environments", "names", "production"),
        Blank(
            "read_only", "Environments that agents never change", "names", "archive",
            help="Names as your agents send them, with commas.",
        ),
        Blank("cost", "A person looks at estimated costs over", "money", "50",
              unit="in the currency that they are stated in"),
        Blank(
            "other_environments_alone", "Agents deploy to other environments without asking",
            "yes_no", "yes",
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
        "pull-requests": (_LEAST,),
        "merges": (_SUPPLY, _SEPARATE),
        "production-two-persons": (_CHANGE, _SEPARATE),
        "read-only-environments": (_LEAST,),
        "expensive": (_COST,),
        "cost-class-high": (_COST,),
        "infrastructure": (_CHANGE,),
        "deploys-elsewhere": (_CHANGE, _LEAST),
    },
    build=_build,
    check=_check,
    report_every="month",
)  # fmt: skip
