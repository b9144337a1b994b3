"""Writing guardrails, and putting them in force: a second person, as with policies."""

from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Max

from approvals.audit_events import guardrails as events
from approvals.enums import GuardrailStatus
from approvals.guarding import rules_of
from approvals.guardrails import (
    DEFAULT_RULES,
    GuardrailsInvalid,
    RuleSet,
    compare_rules,
    parse_rules,
)
from approvals.models import GuardrailVersion
from approvals.selectors.guardrails import draft_guardrails, live_guardrails
from approvals.services.policy_common import check_attestation, check_remark
from govapp.common import clock
from govapp.common.errors import Conflict, FieldError, Forbidden, Invalid
from govapp.common.tenancy import require_tenant_id
from tenants.models import Membership, Tenant
from tenants.rules import may_edit_policy, require

OWN_DRAFT: Final = "You wrote this version; somebody else with compliance publishes it."
_WHO: Final = "Only members with the role compliance write guardrails."
_OVERTAKEN: Final = "The guardrails were changed in the meantime; look at them again."


@transaction.atomic
def save_guardrails(
    *,
    actor: Membership,
    document: Any,
    remark: str = "",
    revision: int = 0,
    number: int | None = None,
) -> GuardrailVersion:
    """Begin a draft, or change the one there is; `revision` is the one that was seen, 0 for none.

    `number` is the version that was seen, the draft or else what is in force (0: the rules that
    everybody begins with); None for whoever writes all of it without having looked.
    Raises `Forbidden` (needs `compliance`), `Invalid` with every mistake of the document, and
    `Conflict` when somebody else has saved or published in the meantime.
    """
    require(may_edit_policy(actor), _WHO)
    read_document(document)
    remark = check_remark(remark)
    _lock()
    draft = draft_guardrails()
    live = live_guardrails()
    above = draft or live
    if (draft.revision if draft else 0) != revision:
        raise Conflict(_OVERTAKEN, code="guardrails_overtaken")
    if number not in (None, above.number if above else DEFAULT_RULES.number):
        raise Conflict(_OVERTAKEN, code="guardrails_overtaken")
    if draft is None:
        highest = GuardrailVersion.objects.aggregate(highest=Max("number"))["highest"] or 0
        draft = GuardrailVersion(
            number=highest + 1,
            document=document,
            remark=remark,
            based_on=live.number if live else DEFAULT_RULES.number,
            written_by=actor,
            written_at=clock.now(),
        )
        draft.save(force_insert=True)
    else:
        draft.document, draft.remark, draft.revision = document, remark, draft.revision + 1
        draft.written_by, draft.written_at = actor, clock.now()
        draft.save(update_fields=["document", "remark", "revision", "written_by", "written_at"])
    events.guardrails_saved(actor=actor, version=draft)
    return draft


@transaction.atomic
def publish_guardrails(
    *, actor: Membership, revision: int, attestation: str, number: int | None = None
) -> GuardrailVersion:
    """Put the draft in force, from the next submission on; what was in force is kept.

    `number` and `revision` are of the draft that was seen, as in `save_guardrails`. Raises
    `Forbidden` (needs `compliance`, and somebody else than who wrote it last, unless the tenant
    lets one person publish), `Invalid`, and `Conflict` when it is not what was seen.
    """
    require(may_edit_policy(actor), _WHO)
    attestation = check_attestation(attestation)
    _lock()
    draft = _seen(revision, number)
    tenant = Tenant.objects.get(pk=require_tenant_id())
    if draft.written_by_id == actor.pk and not tenant.single_person_publishing:
        raise Forbidden(OWN_DRAFT)
    rules = read_document(draft.document, number=draft.number)
    former = live_guardrails()
    if former is not None:
        former.status = GuardrailStatus.FORMER
        former.save(update_fields=["status"])
    draft.status, draft.published_by = GuardrailStatus.LIVE, actor
    draft.published_at, draft.attestation = clock.now(), attestation
    draft.save(update_fields=["status", "published_by", "published_at", "attestation"])
    events.guardrails_published(
        actor=actor, version=draft, changes=compare_rules(_former_rules(former), rules)
    )
    return draft


@transaction.atomic
def discard_guardrails(
    *, actor: Membership, revision: int, number: int | None = None
) -> GuardrailVersion:
    """Discard the draft. Raises `Forbidden` and `Conflict` as `publish_guardrails` does."""
    require(may_edit_policy(actor), _WHO)
    _lock()
    draft = _seen(revision, number)
    draft.status = GuardrailStatus.DISCARDED
    draft.save(update_fields=["status"])
    events.guardrails_discarded(actor=actor, version=draft)
    return draft


def read_document(document: Any, *, number: int = 0) -> RuleSet:
    """Return the rules of a document. Raises `Invalid` with every mistake and its place."""
    try:
        return parse_rules(document, number=number)
    except GuardrailsInvalid as invalid:
        raise Invalid(
            "The guardrails are not valid.",
            code="invalid_guardrails",
            errors=[
                FieldError(
                    f"/document{each.pointer}", f"{each.pointer or 'The document'}: {each.message}."
                )
                for each in invalid.problems
            ],
        ) from invalid


def _seen(revision: int, number: int | None) -> GuardrailVersion:
    draft = draft_guardrails()
    if draft is None:
        raise Conflict("There is no draft any more.", code="guardrails_overtaken")
    if draft.revision != revision or number not in (None, draft.number):
        raise Conflict(_OVERTAKEN, code="guardrails_overtaken")
    return draft


def _former_rules(former: GuardrailVersion | None) -> RuleSet:
    rules = rules_of(None if former is None else (former.number, former.document))
    return rules or RuleSet(0, ())


def _lock() -> None:
    """One writer of a tenant's guardrails at a time, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"guardrails:{require_tenant_id()}"],
        )
