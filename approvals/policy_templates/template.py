"""What a template is: blanks, rules with the articles they serve, categories, how often."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from approvals.policies import dump_policy, parse_policy
from approvals.policy_templates.blanks import Answers, AnswersInvalid, Blank, read_answers

Document = dict[str, Any]
_RULE: Final = re.compile(r"""(?P<space>\s*)- id: ["']?(?P<ident>[\w-]+)["']?\s*$""", re.ASCII)


@dataclass(frozen=True)
class Article:
    """A provision that a rule serves, and what it asks for, in one plain sentence."""

    reference: str
    asks: str


@dataclass(frozen=True)
class CategorySetup:
    """A category that the rules speak of; made when the tenant has none of that key."""

    key: str
    name: str
    description: str
    risk: Literal["low", "medium", "high", "critical"]
    is_reversible: bool
    payload_schema: Mapping[str, Any]
    display: Mapping[str, Any] = field(default_factory=dict)
    cost_class: str = ""
    target_field: str = ""
    amount_field: str = ""


def _nothing_wrong(_: Answers) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class PolicyTemplate:
    """A starting point, not legal advice. `build` gives the document for checked answers.

    `serves` maps rule ids to the articles that they serve; every rule of every document that
    `build` can give is in it. `retention_days` is what the framework asks for at least, None
    when it asks for nothing. `report_every` is how often the oversight report is made. `check`
    says which checked answers do not go together: a blank's name and what to do.

    No document relies on its default: merged into rules that are live, theirs is kept.
    """

    key: str
    title: str
    for_whom: str
    lead: str
    blanks: Sequence[Blank]
    categories: Sequence[CategorySetup]
    serves: Mapping[str, Sequence[Article]]
    build: Callable[[Answers], Document]
    retention_days: int | None = None
    retention_article: Article | None = None
    report_every: Literal["month", "quarter"] = "quarter"
    check: Callable[[Answers], Mapping[str, str]] = _nothing_wrong


def fill_in(template: PolicyTemplate, typed: Mapping[str, str]) -> tuple[Answers, Document]:
    """Return the checked answers and the document that they give.

    Raises AnswersInvalid with a sentence for each blank that cannot be used.
    """
    answers = read_answers(template.blanks, typed)
    if wrong := template.check(answers):
        raise AnswersInvalid(wrong)
    return answers, template.build(answers)


def write_source(template: PolicyTemplate, document: Document) -> str:
    """Return the document as YAML with a comment above each rule naming what it serves.

    Raises PolicyInvalid when the document is none, which no checked answers should reach.
    """
    head = f"# From the template “{template.title}”: a starting point, not legal advice.\n"
    source = head + dump_policy(parse_policy(document))
    return comment_rules(source, template, {rule["id"]: rule["id"] for rule in document["rules"]})


def comment_rules(source: str, template: PolicyTemplate, idents: Mapping[str, str]) -> str:
    """Return the YAML text with the articles above each rule of the template.

    `idents` maps ids in the text to those of the template. JSON knows no comments and stays.
    """
    lines: list[str] = []
    for line in source.splitlines(keepends=True):
        found = _RULE.match(line)
        ident = idents.get(found["ident"]) if found else None
        if found and ident is not None:
            articles = template.serves.get(ident, ())
            lines.extend(f"{found['space']}# {each.reference}: {each.asks}\n" for each in articles)
        lines.append(line)
    return "".join(lines)
