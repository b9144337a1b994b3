"""Who could approve: for any rule, category and person, under the live or a named version."""

from typing import Final

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from approvals.models import PolicyVersion
from approvals.policies import Policy, PolicyInvalid
from approvals.selectors.absence import what_breaks_without
from approvals.selectors.policies import compiled
from approvals.selectors.policy_pages import get_version, live_version
from approvals.selectors.staff import Colleague, Staff, read_staff
from approvals.selectors.who import asking_rules, list_asked, rights_of, who_may_approve
from approvals.views.common import read_filter
from tenants import rules
from tenants.http import PageRequest

_NOT_READER: Final = "Only owners, compliance and auditors look at who could approve."
MOST_SHOWN: Final = 30


@require_safe
def policy_who(request: PageRequest, slug: str) -> HttpResponse:
    """Show who can approve and who cannot, each with a sentence. Nothing is written."""
    rules.require(rules.may_read_settings(request.membership), _NOT_READER)
    named = request.GET.get("version", "")
    version = get_version(named) if named else live_version()
    staff, policy = read_staff(), _usable(version)
    chosen = {name: read_filter(request, name) for name in ("rule", "category", "person")}
    person = _find(staff, chosen["person"])
    asked = []
    if policy and (chosen["rule"] or chosen["category"]):
        asked = list_asked(policy, staff, rule_id=chosen["rule"], category=chosen["category"])
    context = {
        "nav": "policy",
        "version": version,
        "named": named,
        "chosen": chosen,
        "rules": asking_rules(policy) if policy else [],
        "categories": staff.open_categories,
        "people": staff.people.values(),
        "found": who_may_approve(policy, staff, asked[:MOST_SHOWN]) if policy else [],
        "hidden": max(len(asked) - MOST_SHOWN, 0),
        "asked": bool(chosen["rule"] or chosen["category"]),
        "person": person,
        "rights": rights_of(policy, staff, person) if policy and person else None,
        "breakage": (
            what_breaks_without(person.member, policy=policy, staff=staff)
            if policy and person
            else None
        ),
        "usable": policy is not None,
    }
    return render(request, "approvals/policy/who.html", context)


def _usable(version: PolicyVersion | None) -> Policy | None:
    try:
        return compiled(version) if version else None
    except PolicyInvalid:
        return None


def _find(staff: Staff, public_id: str) -> Colleague | None:
    people = staff.people.values()
    return next((one for one in people if one.member.public_id == public_id), None)
