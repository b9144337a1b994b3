"""The guardrails in force, the draft above them, and the versions before."""

from collections.abc import Sequence

from approvals.enums import GuardrailStatus
from approvals.guarding import rules_of
from approvals.guardrails import RuleSet
from approvals.models import GuardrailVersion
from govapp.common.ids import InvalidId, parse_public_id
from tenants.enums import Role
from tenants.models import Tenant
from tenants.selectors import active_members


def live_guardrails() -> GuardrailVersion | None:
    """Return the version in force; None while the tenant has the rules everybody begins with."""
    return GuardrailVersion.objects.filter(status=GuardrailStatus.LIVE).first()


def live_rules() -> RuleSet | None:
    """Return the rules in force; None when they cannot be used, which holds everything."""
    live = live_guardrails()
    return rules_of(None if live is None else (live.number, live.document))


def draft_guardrails() -> GuardrailVersion | None:
    """Return the draft with its author, None when nobody writes one."""
    found = GuardrailVersion.objects.filter(status=GuardrailStatus.DRAFT)
    return found.select_related("written_by__user").first()


def list_guardrails(*, most: int = 50) -> Sequence[GuardrailVersion]:
    """Return the versions that were ever in force, newest first."""
    found = GuardrailVersion.objects.filter(
        status__in=[GuardrailStatus.LIVE, GuardrailStatus.FORMER]
    )
    people = found.select_related("written_by__user", "published_by__user")
    return list(people.order_by("-number")[:most])


def find_guardrails(public: str) -> GuardrailVersion | None:
    """Return the version with this public id, None when this tenant has none."""
    try:
        ident = parse_public_id("gv", public)
    except InvalidId:
        return None
    people = GuardrailVersion.objects.select_related("written_by__user", "published_by__user")
    return people.filter(pk=ident).first()


def who_may_publish(draft: GuardrailVersion, tenant: Tenant) -> list[str]:
    """Return the names of those who may publish a draft: whoever wrote it is not among them."""
    able = active_members().filter(roles__contains=[Role.COMPLIANCE])
    if not tenant.single_person_publishing:
        able = able.exclude(pk=draft.written_by_id)
    return [member.user.name for member in able]
