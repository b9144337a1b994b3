"""A template filled in: its sentences, what it would set up, and what stands in the way."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from approvals.models import ActionCategory
from approvals.policies import Policy, describe_policy, dump_policy, parse_policy
from approvals.policies.editing import edit_source
from approvals.policy_templates import (
    TEMPLATES,
    AnswersInvalid,
    Article,
    CategorySetup,
    PolicyTemplate,
    comment_rules,
    fill_in,
    merge_document,
    write_source,
)
from approvals.policy_templates.blanks import Answers
from approvals.selectors.policies import compiled
from approvals.selectors.policy_pages import live_version
from approvals.selectors.reachability import find_obstacles
from audit.models import ReportEvery
from audit.selectors.reports import list_schedules
from govapp.common.errors import FieldError, Invalid, NotFound
from tenants.audit_events.words import in_words
from tenants.models import ApproverGroup, Tenant

_SETTINGS: Final = {
    "risk": "risk",
    "is_reversible": "can be undone",
    "cost_class": "cost class",
    "target_field": "target field",
    "amount_field": "amount field",
    "is_archived": "archived",
}


@dataclass(frozen=True)
class FilledIn:
    """Checked answers, the template's own document, and the text of the draft."""

    answers: Answers
    document: Mapping[str, Any]
    source: str
    groups: tuple[str, ...]
    already: tuple[str, ...] = ()


@dataclass(frozen=True)
class ServingRule:
    """One rule as a sentence, with the articles that it serves."""

    ident: str
    outcome: str
    sentence: str
    articles: tuple[Article, ...]


@dataclass(frozen=True)
class Preview:
    """What a template would do here, before it does it."""

    rules: tuple[ServingRule, ...]
    already: tuple[str, ...]
    obstacles: tuple[str, ...]
    categories: tuple[str, ...]
    differences: tuple[str, ...]
    also: tuple[str, ...]


def find_template(key: str) -> PolicyTemplate:
    """Return the template; raise `NotFound`."""
    try:
        return TEMPLATES[key]
    except KeyError:
        raise NotFound("There is no such template.") from None


def fill_template(
    template: PolicyTemplate, typed: Mapping[str, str], *, into_live: bool = False
) -> FilledIn:
    """Return the template with these answers. Two statements.

    Raises `Invalid` with a pointer to each blank that cannot be used, and with groups that do not
    exist.
    """
    try:
        answers, document = fill_in(template, typed)
    except AnswersInvalid as invalid:
        raise _refused(invalid.problems) from None
    names = {
        blank.name: str(answers[blank.name]) for blank in template.blanks if blank.kind == "group"
    }
    there = set(
        ApproverGroup.objects.filter(slug__in=names.values()).values_list("slug", flat=True)
    )
    if missing := {name: slug for name, slug in names.items() if slug not in there}:
        raise _refused({
            name: f"There is no group {slug} here. Choose another, or make it first."
            for name, slug in missing.items()
        })  # fmt: skip
    groups = tuple(sorted(there))
    live = live_version() if into_live else None
    if live is None:
        return FilledIn(answers, document, write_source(template, document), groups)
    policy = compiled(live)
    own = parse_policy(document).document
    merged = merge_document(policy.document, own, prefix=template.key)
    source = edit_source(live.source or dump_policy(policy), merged.document)
    source = comment_rules(source, template, merged.added)
    return FilledIn(answers, document, source, groups, merged.already)


def preview_template(template: PolicyTemplate, filled: FilledIn, policy: Policy) -> Preview:
    """Return what `filled` says and would set up; `policy` is its own document's."""
    *sentences, _ = describe_policy(policy)
    there = categories_there(template)
    return Preview(
        rules=tuple(
            ServingRule(rule.id, rule.then, sentence, tuple(template.serves[rule.id]))
            for rule, sentence in zip(policy.rules, sentences, strict=True)
        ),
        already=filled.already,
        obstacles=tuple(problem.message for problem in find_obstacles(policy)),
        categories=tuple(each.key for each in template.categories if each.key not in there),
        differences=tuple(
            said
            for each in template.categories
            if each.key in there
            for said in describe_differences(there[each.key], each)
        ),
        also=(*what_is_kept(template), *what_is_reported(template)),
    )


def categories_there(template: PolicyTemplate) -> dict[str, ActionCategory]:
    """Return the categories of the template that the tenant has already, by key."""
    keys = [setup.key for setup in template.categories]
    return {each.key: each for each in ActionCategory.objects.filter(key__in=keys)}


def describe_differences(category: ActionCategory, setup: CategorySetup) -> Iterator[str]:
    """Say where a category that is there is not what the rules expect. Names do not matter."""
    settings = [
        f"{words} {_word(has)} instead of {_word(wants)}"
        for name, words in _SETTINGS.items()
        if (has := getattr(category, name)) != (wants := getattr(setup, name, False))
    ]
    if settings:
        yield (
            f"The category {category.key} is left as it is. It differs from the template's:"
            f" {in_words(settings)}."
        )
    has_fields = category.payload_schema.get("properties", {})
    lacking = [name for name in setup.payload_schema["required"] if name not in has_fields]
    if lacking:
        names = in_words([f"“{name}”" for name in lacking])
        yield (
            f"The schema of {category.key} lacks {names}. A rule that looks for what is missing"
            " counts as matched, unless it allows."
        )
    elif category.payload_schema != setup.payload_schema:
        yield f"The schema of {category.key} is another one than the template's."


def what_is_kept(template: PolicyTemplate) -> tuple[str, ...]:
    """Say for how long records would be kept from now on, when that is longer than now."""
    days = retention_to_set(template)
    if days is None:
        return ()
    article = template.retention_article
    because = f" ({article.reference})" if article else ""
    return (f"Records are kept for at least {days} days{because}.",)


def what_is_reported(template: PolicyTemplate) -> tuple[str, ...]:
    """Say how often the oversight report comes from now on, when it does not yet."""
    if any(each.every == template.report_every for each in list_schedules()):
        return ()
    return (f"The oversight report comes {ReportEvery(template.report_every).label}.",)


def retention_to_set(template: PolicyTemplate) -> int | None:
    """Return the days to set: None when as much or more is set, or nothing is asked for."""
    days = template.retention_days
    if days is None:
        return None
    now = Tenant.objects.get().retention_days
    return days if now is None or now < days else None


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) or "none"


def _refused(problems: Mapping[str, str]) -> Invalid:
    return Invalid(
        "The template is not filled in yet.",
        errors=[FieldError(f"/{name}", said) for name, said in problems.items()],
    )
