"""The pages of guardrails."""

import json
from typing import Any

import pytest
from django.test import Client

from approvals.enums import GuardrailStatus
from approvals.models import GuardrailVersion
from approvals.services.guardrails import publish_guardrails, save_guardrails
from govapp.common.tenancy import tenant_transaction
from tenants.enums import Role
from tenants.models import Membership
from tenants.services.people import add_member
from tests.approvals.world import FOUR_EYES, World, make_world
from tests.people import make_user

pytestmark = pytest.mark.django_db

HOME = "/t/acme/guardrails/"
IBAN = "DE89370400440532013000"
OVERTAKEN = "The guardrails were changed in the meantime; look at them again."
OTHER = {"rules": [{"id": "next", "kind": "topic", "action": "refuse", "words": ["falcon"]}]}
OWN = {"rules": [{"id": "own", "kind": "topic", "action": "mask", "words": ["falcon"]}]}


@pytest.fixture
def world() -> World:
    return make_world()


def as_member(world: World, name: str) -> Client:
    client = Client()
    client.force_login(getattr(world.company, name).user)
    return client


def publish(world: World) -> None:
    """Put rules of the company's own in force, with two people."""
    with tenant_transaction(world.company.id):
        other = add_member(
            actor=world.company.olivia, user=make_user("omar"), roles=[Role.COMPLIANCE]
        )
        save_guardrails(actor=world.company.carl, document=OWN, remark="Keep it quiet")
        publish_guardrails(actor=other, revision=1, attestation="Read.")


@pytest.mark.parametrize(
    ("name", "status"), [("carl", 200), ("olivia", 200), ("audrey", 200), ("alice", 403)]
)
def test_those_who_govern_and_check_may_read_them(world: World, name: str, status: int) -> None:
    assert as_member(world, name).get(HOME).status_code == status


def test_the_rules_everybody_begins_with_are_said_in_sentences(world: World) -> None:
    page = as_member(world, "audrey").get(HOME).content.decode()
    assert "When secrets are found, a person has to approve." in page
    assert "Change them" not in page


def test_an_example_is_marked_and_nothing_of_it_is_kept(world: World) -> None:
    client = as_member(world, "audrey")
    page = client.post(f"{HOME}try", {"example": f"Pay <b> {IBAN} now"}).content.decode()
    assert "Readers would be warned." in page
    assert f'title="IBAN, rule personal-data">{IBAN}' in page
    assert "Pay &lt;b&gt; " in page
    assert "Pay &lt;b&gt; [IBAN ••••3000] now" in page
    empty = client.post(f"{HOME}try", {"example": ""})
    assert empty.status_code == 422


def test_a_payload_is_tried_by_its_places(world: World) -> None:
    client = as_member(world, "carl")
    page = client.post(f"{HOME}try", {"example": f'{{"to": "{IBAN}"}}'}).content.decode()
    assert "/payload/to" in page


def test_a_draft_is_written_by_choices_and_names_what_differs(world: World) -> None:
    client = as_member(world, "carl")
    sent = {
        "number": "0", "revision": "0", "action0": "refuse", "action1": "ask", "action2": "remove",
        "action3": "ask", "action4": "warn", "new_words": "falcon\nproject X",
        "new_action": "mask", "remark": "Quiet",
    }  # fmt: skip
    assert client.post(f"{HOME}draft", sent).status_code == 302
    with tenant_transaction(world.company.id):
        draft = GuardrailVersion.objects.get()
    rules = draft.document["rules"]
    assert [(each["id"], each["action"]) for each in rules] == [
        ("secrets", "refuse"), ("hidden-text", "ask"), ("injection", "ask"),
        ("personal-data", "warn"), ("falcon", "mask"),
    ]  # fmt: skip
    page = client.get(f"{HOME}draft").content.decode()
    assert "It looks looser than what is in force" in page
    assert "By the rule look-alikes." in page


def add(client: Client, **said: str) -> Any:
    """Send the form of a draft: the rules as they are, and one that is added."""
    kept = {"action0": "ask", "action1": "ask", "action2": "warn", "action3": "ask"}
    seen = {"number": "0", "revision": "0"}
    sent = kept | seen | {"action4": "warn", "new_action": "refuse"} | said
    return client.post(f"{HOME}draft", sent)


def test_ibans_are_refused_in_one_category_by_choices_alone(world: World) -> None:
    client = as_member(world, "carl")
    page = client.get(f"{HOME}draft").content.decode()
    assert '<option value="payments.transfer">' in page
    assert add(client, new_kind="pii:iban", new_categories="payments.transfer").status_code == 302
    with tenant_transaction(world.company.id):
        draft = GuardrailVersion.objects.get()
    assert draft.document["rules"][-1] == {
        "id": "iban-payments-transfer", "kind": "pii", "action": "refuse",
        "categories": ["payments.transfer"], "detectors": ["iban"],
    }  # fmt: skip
    tried = client.post(
        f"{HOME}try", {"example": IBAN, "category": "payments.transfer", "with": "draft"}
    )
    assert "It would be refused." in tried.content.decode()


def test_a_rule_for_calls_of_models_is_added_and_tried_by_choices(world: World) -> None:
    client = as_member(world, "carl")
    assert add(client, new_kind="pii:iban", new_categories="model.*").status_code == 302
    with tenant_transaction(world.company.id):
        draft = GuardrailVersion.objects.get()
    assert draft.document["rules"][-1]["categories"] == ["model.*"]
    tried = client.post(
        f"{HOME}try", {"example": IBAN, "category": "model.embeddings", "with": "draft"}
    )
    assert "It would be refused." in tried.content.decode()
    page = client.get(f"{HOME}draft").content.decode()
    for key in ("model.*", "model.chat", "model.embeddings"):
        assert page.count(f'<option value="{key}">') == 1


WRONG: list[tuple[dict[str, str], str]] = [
    ({"new_kind": "words"}, "Write at least one."),
    ({"new_kind": "pii", "new_words": "falcon"}, "Leave this empty, or look for words or phrases."),
    ({"new_categories": "payments.transfer"}, "Choose what to look for."),
    ({"new_kind": "pii", "new_categories": "email.*"}, "Select a valid choice."),
    ({"new_words": "falcon", "new_name": "secrets"}, "Another rule is called secrets"),
]


@pytest.mark.parametrize(("said", "words"), WRONG)
def test_a_rule_that_says_too_little_or_too_much_is_said_and_nothing_is_lost(
    world: World, said: dict[str, str], words: str
) -> None:
    answer = add(as_member(world, "carl"), remark="For the audit", **said)
    page = answer.content.decode()
    assert (answer.status_code, words in page) == (422, True)
    assert 'value="For the audit"' in page
    with tenant_transaction(world.company.id):
        assert not GuardrailVersion.objects.exists()


def test_a_name_that_nobody_chose_is_never_taken(world: World) -> None:
    client = as_member(world, "carl")
    add(client, new_kind="pii:iban")
    add(client, number="1", revision="1", action5="refuse", new_kind="pii:iban", new_action="warn")
    with tenant_transaction(world.company.id):
        rules = GuardrailVersion.objects.get().document["rules"]
    assert [each["id"] for each in rules[-2:]] == ["iban", "iban-2"]


def test_a_text_that_is_wrong_says_where(world: World) -> None:
    client = as_member(world, "carl")
    sent = {"number": "0", "revision": "0", "document": '{"rules": [{"id": "a", "kind": "pii"}]}'}
    refused = client.post(f"{HOME}draft/text", sent)
    assert refused.status_code == 422
    assert "/rules/0/action: write one of refuse, ask, mask, warn." in refused.content.decode()
    refused = client.post(f"{HOME}draft/text", sent | {"document": "{"})
    assert "this is not JSON" in refused.content.decode()


def test_whoever_wrote_it_is_told_who_publishes_it(world: World) -> None:
    with tenant_transaction(world.company.id):
        save_guardrails(actor=world.company.carl, document=OWN)
    client = as_member(world, "carl")
    page = client.get(f"{HOME}draft/publish").content.decode()
    assert "You wrote this version" in page
    assert "there is nobody else: have the role given to one more person" in page
    seen = {"number": "1", "revision": "1"}
    sent = seen | {"attestation": "Read."}
    assert client.post(f"{HOME}draft/publish", sent).status_code == 403
    discarded = client.post(f"{HOME}draft/discard", seen, follow=True)
    assert "The draft is discarded; nothing has changed." in discarded.content.decode()
    with tenant_transaction(world.company.id):
        assert GuardrailVersion.objects.get().status == GuardrailStatus.DISCARDED


def test_what_was_written_above_a_former_version_is_not_saved_onto_another(world: World) -> None:
    """Somebody opens the form on one version, and others put another one in force meanwhile."""
    publish(world)
    client = as_member(world, "carl")
    page = client.get(f"{HOME}draft").content.decode()
    assert page.count('<input type="hidden" name="number" value="1"') == 2
    with tenant_transaction(world.company.id):
        other = Membership.objects.get(user__email="omar@acme.example")
        save_guardrails(actor=world.company.carl, document=OTHER)
        publish_guardrails(actor=other, revision=1, attestation="Read.")
    chosen = {"number": "1", "revision": "0", "action0": "warn", "new_action": "ask"}
    written = {"number": "1", "revision": "0", "document": json.dumps(OWN)}
    for place, sent in (("draft", chosen), ("draft/text", written)):
        refused = client.post(f"{HOME}{place}", sent)
        assert (refused.status_code, OVERTAKEN in refused.content.decode()) == (422, True)
    assert client.post(f"{HOME}draft", chosen | {"number": "2"}).status_code == 302
    with tenant_transaction(world.company.id):
        draft = GuardrailVersion.objects.get(status=GuardrailStatus.DRAFT)
    assert [(each["id"], each["action"]) for each in draft.document["rules"]] == [("next", "warn")]


def test_a_version_says_who_and_what_it_changed(world: World) -> None:
    publish(world)
    with tenant_transaction(world.company.id):
        made = GuardrailVersion.objects.get()
    page = as_member(world, "audrey").get(f"{HOME}versions/{made.public_id}/").content.decode()
    assert "When something mentions “falcon”, readers see it masked." in page
    assert "Omar" in page
    assert "Carl" in page
    gone = as_member(world, "audrey").get(f"{HOME}versions/gv_{'0' * 26}/")
    assert gone.status_code == 404


def test_a_request_masks_for_readers_what_a_guardrail_masks_until_they_ask(world: World) -> None:
    publish(world)
    made = world.submit(payload={"amount": "900.00", "note": "about Falcon"})
    client = as_member(world, "carl")
    address = f"/t/acme/requests/{made.public_id}/"
    page = client.get(address).content.decode()
    assert "about Falcon" not in page
    assert "about [topic ••••]" in page
    assert "What the guardrails found" in page
    assert "Masked here: what a guardrail masks." in page
    shown = client.post(f"{address}reveal").content.decode()
    assert "about Falcon" in shown


def test_compliance_alone_writes(world: World) -> None:
    client = as_member(world, "olivia")
    for address in ("draft", "draft/text", "draft/publish", "draft/discard"):
        assert client.get(f"{HOME}{address}").status_code == 403
    assert client.post(f"{HOME}draft/discard", {"revision": "1"}).status_code == 403


def test_the_inbox_masks_what_a_guardrail_masks() -> None:
    world = make_world(FOUR_EYES)
    publish(world)
    asked = world.submit(
        summary="Pay for falcon", payload={"amount": "900.00", "note": "for Falcon", "who": "Acme"}
    )
    alice = as_member(world, "alice")
    found = {}
    for tab in ("mine", "all"):
        page = alice.get(f"/t/acme/inbox/?tab={tab}")
        (row,) = page.context["rows"]
        facts = {fact.term: fact.value for fact in row["facts"].fields}
        found[tab] = (row["sentence"], facts["Note"], facts["Who"])
        assert "falcon" not in page.content.decode().lower()
    assert found == dict.fromkeys(
        ("mine", "all"), ("Pay for [topic ••••]", "for [topic ••••]", "Acme")
    )
    world.vote(world.company.alice, asked)
    assert "falcon" not in alice.get("/t/acme/inbox/?tab=decided").content.decode().lower()
