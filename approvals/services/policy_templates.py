"""Making a template's draft, and what it needs around it, in one transaction or not at all."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from django.db import transaction

from approvals.audit_events import policies as events
from approvals.models import PolicyDraft
from approvals.policies import PolicyInvalid, load_policy
from approvals.policy_templates import PolicyTemplate
from approvals.selectors.policy_templates import (
    FilledIn,
    categories_there,
    describe_differences,
    fill_template,
    find_template,
    retention_to_set,
    what_is_kept,
    what_is_reported,
)
from approvals.services.categories import create_category, give_right
from approvals.services.drafts import create_draft
from approvals.services.policy_common import lock_policies, refusal
from audit.services.report_schedules import schedule_report
from tenants.models import ApproverGroup, Membership, Tenant
from tenants.rules import may_edit_policy, require
from tenants.services.tenants import set_retention

_WHO: Final = "Only members with the role compliance write policies."


@dataclass(frozen=True)
class AppliedTemplate:
    """What came of a template.

    `categories` are the keys that were made; `differences` says in words where a category that
    was there already is not what the template expects; `also` what else was set.
    """

    draft: PolicyDraft
    categories: tuple[str, ...]
    differences: tuple[str, ...]
    also: tuple[str, ...]


@transaction.atomic
def apply_template(
    *, actor: Membership, key: str, typed: Mapping[str, str], into_live: bool = False
) -> AppliedTemplate:
    """Make a draft of the template with these answers, and set up what it speaks of.

    Categories that are missing are made, and the groups that were named may approve them; those
    that are there are left as they are. Records are kept for at least as long as the template
    asks for, never for less than before. The oversight report comes by itself. With `into_live`
    the draft is the live rules with the template's added. Nothing decides anything until the
    draft was reviewed and published.

    Raises `Forbidden` (needs `compliance`), `NotFound` for another template, and `Invalid` with a
    pointer to each blank that cannot be used.
    """
    require(may_edit_policy(actor), _WHO)
    template = find_template(key)
    lock_policies()
    filled = fill_template(template, typed, into_live=into_live)
    try:
        load_policy(filled.source)
    except PolicyInvalid as invalid:
        raise refusal("The rules would be too many or too long.", invalid.problems) from invalid
    draft = create_draft(
        actor=actor,
        source=filled.source,
        title=template.title,
        template={"key": template.key, "name": template.title, "answers": _plain(filled)},
    )
    made, differences = _make_categories(actor, template, filled)
    also = (*_keep(actor, template), *_report(actor, template))
    events.template_applied(
        actor=actor,
        draft=draft,
        into_live=into_live,
        categories=made,
        differences=differences,
        also=also,
    )
    return AppliedTemplate(draft, made, differences, also)


def _make_categories(
    actor: Membership, template: PolicyTemplate, filled: FilledIn
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    there = categories_there(template)
    groups = list(ApproverGroup.objects.filter(slug__in=filled.groups).order_by("slug"))
    made: list[str] = []
    differences: list[str] = []
    for setup in template.categories:
        if setup.key in there:
            differences.extend(describe_differences(there[setup.key], setup))
            continue
        category = create_category(actor=actor, **asdict(setup))
        for group in groups:
            give_right(actor=actor, category=category, group=group)
        made.append(setup.key)
    return tuple(made), tuple(differences)


def _keep(actor: Membership, template: PolicyTemplate) -> tuple[str, ...]:
    said = what_is_kept(template)
    days = retention_to_set(template)
    if days is not None:
        set_retention(actor=actor, days=days)
    return said


def _report(actor: Membership, template: PolicyTemplate) -> tuple[str, ...]:
    said = what_is_reported(template)
    zone = Tenant.objects.get().time_zone
    schedule_report(actor=actor.as_actor(), every=template.report_every, zone=zone)
    return said


def _plain(filled: FilledIn) -> dict[str, str | bool | list[str]]:
    """The answers as JSON holds them."""
    return {
        name: list(answer) if isinstance(answer, tuple) else answer
        for name, answer in filled.answers.items()
    }
