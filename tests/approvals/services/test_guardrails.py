"""Writing guardrails and putting them in force."""

import pytest

from approvals.enums import GuardrailStatus
from approvals.models import GuardrailVersion
from approvals.selectors.guardrails import live_rules
from approvals.services.guardrails import (
    OWN_DRAFT,
    discard_guardrails,
    publish_guardrails,
    save_guardrails,
)
from audit.models import LedgerEvent
from govapp.common.errors import Conflict, Forbidden, Invalid
from govapp.common.tenancy import tenant_transaction
from tenants.enums import Role
from tenants.models import Membership, Tenant
from tenants.services.people import add_member
from tests.approvals.world import World, make_world
from tests.people import make_user

pytestmark = pytest.mark.django_db

REFUSING = {"rules": [{"id": "pii", "kind": "pii", "action": "refuse"}]}
WARNING = {"rules": [{"id": "pii", "kind": "pii", "action": "warn"}]}
SAID = "I have read every rule."


def officers(world: World) -> tuple[Membership, Membership]:
    """Two members with compliance."""
    other = add_member(actor=world.company.olivia, user=make_user("omar"), roles=[Role.COMPLIANCE])
    return world.company.carl, other


def events() -> list[str]:
    rows = LedgerEvent.objects.filter(type__startswith="guardrails.").order_by("occurred_at", "id")
    return [row.type for row in rows]


def test_a_second_person_puts_a_draft_in_force() -> None:
    world = make_world()
    with tenant_transaction(world.company.id):
        writer, other = officers(world)
        draft = save_guardrails(actor=writer, document=REFUSING, remark="Stricter.")
        assert (draft.number, draft.revision, draft.based_on) == (1, 1, 0)
        with pytest.raises(Forbidden, match=OWN_DRAFT):
            publish_guardrails(actor=writer, revision=1, attestation=SAID)
        made = publish_guardrails(actor=other, revision=1, attestation=SAID)
        assert (made.status, made.published_by) == (GuardrailStatus.LIVE, other)
        rules = live_rules()
        assert rules is not None
        assert (rules.number, rules.to_document()["rules"][0]["action"]) == (1, "refuse")
        assert events() == ["guardrails.saved", "guardrails.published"]


def test_one_person_is_enough_where_the_tenant_says_so_for_policies() -> None:
    world = make_world()
    with tenant_transaction(world.company.id):
        writer, _ = officers(world)
        Tenant.objects.update(single_person_publishing=True)
        save_guardrails(actor=writer, document=REFUSING)
        made = publish_guardrails(actor=writer, revision=1, attestation=SAID)
        assert made.status == GuardrailStatus.LIVE


def test_what_was_not_seen_is_neither_overwritten_nor_published() -> None:
    world = make_world()
    with tenant_transaction(world.company.id):
        writer, other = officers(world)
        save_guardrails(actor=writer, document=REFUSING)
        with pytest.raises(Conflict):
            save_guardrails(actor=other, document=WARNING)
        save_guardrails(actor=writer, document=WARNING, revision=1)
        with pytest.raises(Conflict):
            publish_guardrails(actor=other, revision=1, attestation=SAID)
        with pytest.raises(Conflict):
            discard_guardrails(actor=other, revision=1)
        assert discard_guardrails(actor=other, revision=2).status == GuardrailStatus.DISCARDED
        with pytest.raises(Conflict):
            publish_guardrails(actor=other, revision=2, attestation=SAID)


def test_another_draft_with_the_same_revision_is_not_what_was_seen() -> None:
    world = make_world()
    with tenant_transaction(world.company.id):
        writer, other = officers(world)
        save_guardrails(actor=writer, document=REFUSING, number=0)
        publish_guardrails(actor=other, revision=1, number=1, attestation=SAID)
        save_guardrails(actor=writer, document=WARNING, number=1)
        with pytest.raises(Conflict):
            save_guardrails(actor=writer, document=REFUSING, revision=1, number=1)
        with pytest.raises(Conflict):
            publish_guardrails(actor=other, revision=1, number=1, attestation=SAID)
        with pytest.raises(Conflict):
            discard_guardrails(actor=other, revision=1, number=1)
        made = publish_guardrails(actor=other, revision=1, number=2, attestation=SAID)
        assert made.document == WARNING


def test_a_new_version_ends_the_one_before_and_both_are_kept() -> None:
    world = make_world()
    with tenant_transaction(world.company.id):
        writer, other = officers(world)
        for document in (REFUSING, WARNING):
            save_guardrails(actor=writer, document=document)
            publish_guardrails(actor=other, revision=1, attestation=SAID)
        found = GuardrailVersion.objects.order_by("number").values_list("number", "status")
        assert list(found) == [(1, "former"), (2, "live")]


def test_only_compliance_writes_and_every_mistake_has_its_place() -> None:
    world = make_world()
    with tenant_transaction(world.company.id):
        writer, _ = officers(world)
        with pytest.raises(Forbidden):
            save_guardrails(actor=world.company.audrey, document=REFUSING)
        wrong = {"rules": [{"id": "a", "kind": "pii", "action": "shout"}, {"id": "A"}]}
        with pytest.raises(Invalid) as refused:
            save_guardrails(actor=writer, document=wrong)
        assert [each.pointer for each in refused.value.errors] == [
            "/document/rules/0/action",
            "/document/rules/1/kind",
            "/document/rules/1/action",
            "/document/rules/1/id",
        ]
