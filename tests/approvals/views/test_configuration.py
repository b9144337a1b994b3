"""Policy, categories and callbacks: changing them on their pages."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.enums import PolicyStatus
from approvals.models import ActionCategory, CallbackEndpoint, PolicyVersion
from approvals.policies import dump_policy, parse_policy
from approvals.selectors.people import load_people
from approvals.services.callbacks import create_endpoint
from govapp.common.tenancy import tenant_transaction
from tenants.enums import Role
from tenants.services.people import change_roles
from tests.approvals.views.conftest import Login, Site
from tests.approvals.world import FOUR_EYES

pytestmark = pytest.mark.django_db
BROKEN = (
    "version: 1\ndefault: deny\nflows: {}\nrules:\n  - id: one\n    when: {}\n    then: maybe\n"
)


def live_number(site: Site) -> int:
    with tenant_transaction(site.world.company.id):
        return PolicyVersion.objects.get(status=PolicyStatus.LIVE).number


def test_the_policy_is_sentences(site: Site, login: Login) -> None:
    live = login(site.world.company.alice).get("/t/acme/policy/").context["live"]
    assert [rule.sentence for rule in live.rules] == [
        (
            "When payments.transfer: 1 from Finance and 1 from Risk must approve within 4 hours; "
            "nobody answering means it expires."
        ),
        "When no rule matches: it is denied.",
    ]


def test_a_version_shows_what_it_changes(site: Site, login: Login) -> None:
    page = login(site.world.company.alice).get(site.url("policy/{draft}/")).context["page"]
    assert [line.op for line in page.changes] == ["del", "add", "same"]
    assert page.compared_with.number == 1


def test_mistakes_are_shown_at_their_place_and_nothing_is_lost(site: Site, login: Login) -> None:
    client = login(site.world.company.carl)
    answer = client.post("/t/acme/policy/edit", {"source": BROKEN, "remark": "My remark"})
    html = answer.content.decode()
    assert answer.status_code == 422
    problems = answer.context["form"].problems
    assert {problem.line for problem in problems} == {6, 7}
    assert all(f'href="#line-{each.line}"' in html for each in problems)
    assert 'id="line-7" class="is-wrong"' in html
    assert "then: maybe" in html
    assert "My remark" in html
    with tenant_transaction(site.world.company.id):
        assert PolicyVersion.objects.count() == 2


def test_the_editor_begins_with_what_is_live(site: Site, login: Login) -> None:
    client = login(site.world.company.carl)
    source = client.get("/t/acme/policy/edit").context["form"]["source"].value()
    assert source == dump_policy(parse_policy(FOUR_EYES))
    answer = client.post("/t/acme/policy/edit", {"source": source, "remark": "Again"})
    with tenant_transaction(site.world.company.id):
        made = PolicyVersion.objects.get(number=3)
    assert answer["Location"] == f"/t/acme/policy/{made.public_id}/"
    assert (made.status, made.remark) == (PolicyStatus.DRAFT, "Again")


def test_another_person_publishes(site: Site, login: Login) -> None:
    company = site.world.company
    refused = login(company.carl).post(site.url("policy/{draft}/publish"), {"attestation": "I do."})
    assert refused.status_code == 403
    assert "somebody else with compliance publishes it" in refused.content.decode()
    assert live_number(site) == 1
    with tenant_transaction(company.id):
        change_roles(actor=company.olivia, member=company.audrey, roles=[Role.COMPLIANCE])
    client = login(company.audrey)
    empty = client.post(site.url("policy/{draft}/publish"), {"attestation": ""})
    assert empty.status_code == 422
    answer = client.post(site.url("policy/{draft}/publish"), {"attestation": "I read it."})
    assert (answer.status_code, live_number(site)) == (302, 2)
    again = client.post(site.url("policy/{draft}/publish"), {"attestation": "I read it."})
    assert (again.status_code, "only a draft" in again.content.decode()) == (409, True)
    assert "I read it." in client.get("/t/acme/policy/").content.decode()


def test_a_category_is_defined_and_changed(site: Site, login: Login) -> None:
    client = login(site.world.company.carl)
    sent: dict[str, Any] = {
        "key": "mail.send",
        "name": "Mail",
        "risk": "medium",
        "kind": "email",
        "fields_shown": '{"to": {"label": "Reader"}}',
        "payload_schema": '{"type": "object"}',
    }
    assert client.post("/t/acme/categories/new", sent).status_code == 302
    with tenant_transaction(site.world.company.id):
        made = ActionCategory.objects.get(key="mail.send")
    assert made.display == {"kind": "email", "fields": {"to": {"label": "Reader"}}}
    taken = client.post("/t/acme/categories/new", sent)
    assert "There is a category mail.send already." in taken.content.decode()
    url = f"/t/acme/categories/{made.public_id}/change"
    wrong = client.post(url, sent | {"payload_schema": "{not json"})
    assert (wrong.status_code, "{not json" in wrong.content.decode()) == (422, True)
    assert client.post(url, sent | {"name": "Letters", "is_archived": "on"}).status_code == 302
    with tenant_transaction(site.world.company.id):
        made.refresh_from_db()
    assert (made.name, made.is_archived) == ("Letters", True)


def test_a_right_is_given_and_taken(site: Site, login: Login) -> None:
    company = site.world.company
    client = login(company.olivia)

    def rights() -> dict[str, tuple[str, ...]]:
        with tenant_transaction(company.id):
            people = load_people(site.world.category.pk)
        return {person.member.user.name: person.rights for person in people}

    client.post(site.url("categories/{category}/take"), {"of": "group:finance"})
    assert rights()["Alice"] == ()
    bearer = f"member:{company.alice.public_id}"
    client.post(site.url("categories/{category}/give"), {"to": bearer})
    assert rights()["Alice"] == ("person",)
    assert client.post(site.url("categories/{category}/give"), {"to": bearer}).status_code == 422
    client.post(site.url("categories/{category}/take"), {"of": bearer})
    client.post(site.url("categories/{category}/give"), {"to": "group:finance"})
    assert rights()["Alice"] == ("group:finance",)
    nobody = client.post(site.url("categories/{category}/take"), {"of": "group:nobody"})
    assert nobody.status_code == 404


def test_a_secret_is_shown_once(site: Site, login: Login) -> None:
    client = login(site.world.company.olivia)
    answer = client.post("/t/acme/settings/callbacks/new", {"url": "https://b.example.com/in"})
    assert (answer["Cache-Control"], "whsec_" in answer.content.decode()) == ("no-store", True)
    rotated = client.post(site.url("settings/callbacks/{endpoint}/rotate"), {"hours": "1"})
    assert "whsec_" in rotated.content.decode()
    assert "whsec_" not in client.get(site.url("settings/callbacks/{endpoint}/")).content.decode()
    client.post(site.url("settings/callbacks/{endpoint}/switch"), {"to": "disabled"})
    with tenant_transaction(site.world.company.id):
        assert CallbackEndpoint.objects.get(pk=site.endpoint.pk).is_enabled is False
    bad = client.post(
        "/t/acme/settings/callbacks/new", {"url": "http://10.0.0.1/", "description": "x"}
    )
    assert (bad.status_code, "http://10.0.0.1/" in bad.content.decode()) == (422, True)


@pytest.mark.parametrize("path", ["policy/", "categories/", "settings/callbacks/"])
def test_lists_take_the_same_statements_for_one_and_three(
    site: Site, login: Login, path: str
) -> None:
    company = site.world.company
    client = login(company.carl)
    counts = []
    for more in (0, 2):
        with tenant_transaction(company.id):
            for number in range(more):
                ActionCategory.objects.create(key=f"more.k{number}", name="More")
                create_endpoint(actor=company.olivia, url=f"https://c{number}.example.com/")
                PolicyVersion.objects.create(
                    number=10 + number, source="", document=parse_policy(FOUR_EYES).document,
                    digest="x", proposed_by=company.carl,
                )  # fmt: skip
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/t/acme/{path}").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
