"""The policy in sentences: reading, writing a draft, publishing by a second person."""

import re
from typing import Any, Final

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.enums import PolicyStatus
from approvals.models import PolicyVersion
from approvals.selectors.policy_pages import Line, RuleLine, compare
from approvals.services.policies import propose_policy
from govapp.common.tenancy import tenant_transaction
from tenants.services.people import suspend_member
from tenants.services.tenants import update_settings
from tests.approvals.views.office import (
    SECRET_RULE,
    SOURCE,
    Codes,
    Office,
    log_in,
    make_office,
    who_changes,
    who_reads,
)
from tests.people import make_company

pytestmark = pytest.mark.django_db

# Pages that show:        owner, compliance, approver, auditor
GET: Final[dict[str, Codes]] = {
    "policy/": (200, 200, 200, 200),
    "policy/edit": (403, 200, 403, 403),
    "policy/edit?from={draft}": (403, 200, 403, 403),
    "policy/{live}/": (200, 200, 200, 200),
    "policy/{draft}/": (200, 200, 200, 200),
    "policy/{draft}/publish": (403, 200, 403, 403),
}
POST: Final[dict[str, tuple[dict[str, Any], Codes]]] = {
    "policy/edit": ({"source": SOURCE}, (403, 302, 403, 403)),
    # Carl proposed it himself: see below for Dora
    "policy/{draft}/publish": ({"attestation": "Yes."}, (403, 403, 403, 403)),
}
STRICT: Final = (
    "When payments.transfer: 1 from Finance and 1 from Risk must approve within 4 hours;"
    " nobody answering means it expires."
)


@pytest.fixture
def office(db: None) -> Office:
    return make_office()


def words(page: bytes) -> str:
    """The text of a page, without tags and with single spaces."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.decode()))


@pytest.mark.parametrize("path", GET)
def test_who_may_read(office: Office, path: str) -> None:
    assert who_reads(office, path) == GET[path]


@pytest.mark.parametrize("path", POST)
def test_who_may_change(office: Office, path: str) -> None:
    assert who_changes(office, path, POST[path][0]) == POST[path][1]


@pytest.mark.parametrize("path", [path for path in GET if "{" in path])
def test_ids_of_another_tenant_are_404(office: Office, path: str) -> None:
    foreign = make_office("globex").url(path).replace("/globex/", "/acme/")
    client = log_in(office.dora)
    assert client.get(foreign).status_code == 404
    assert client.post(foreign, {"attestation": "Yes."}).status_code in {404, 405}


def test_the_live_version_reads_as_sentences_by_outcome(office: Office) -> None:
    log_in(office.dora).post(office.url("policy/{draft}/publish"), {"attestation": "I agree."})
    answer = log_in(office.company.alice).get(office.url("policy/"))
    said = answer.context["said"]
    assert [(group.outcome, [rule.rule_id for rule in group.rules]) for group in said.groups] == [
        ("deny", ["no-crypto"]),
        ("require_approval", ["payments"]),
    ]
    text = words(answer.content)
    for part in (
        "Denied",
        "When payments.transfer has purpose",
        "Standard 4.",
        "When no rule matches: it is denied.",
        "1 from Finance and 1 from Risk must approve within 2 hours",
        "used by payments",
        "“I agree.”",
        "Version 1",
    ):
        assert part in text


def test_without_any_version_the_page_says_what_that_means(db: None) -> None:
    company = make_company()
    text = words(log_in(company.alice).get("/t/acme/policy/").content)
    assert "Until one is, every request is blocked." in text
    form = log_in(company.carl).get("/t/acme/policy/edit").context["form"]
    assert form["source"].value().startswith("version: 1\n")


def test_a_draft_shows_what_it_would_change(office: Office) -> None:
    changes = log_in(office.company.alice).get(office.url("policy/{draft}/")).context["changes"]
    assert changes.words == "2 added, 1 removed, 1 unchanged"
    assert [(line.op, line.text) for line in changes.changed][1] == ("del", STRICT)


def test_the_document_is_shown_as_it_was_written(office: Office) -> None:
    text = words(log_in(office.company.alice).get(office.url("policy/{live}/")).content)
    assert "# who lets money go" in text


def rule(ident: str, sentence: str) -> RuleLine:
    return RuleLine(ident, sentence)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([], [], []),
        ([rule("a", "A")], [rule("a", "A")], ["same A"]),
        ([rule("a", "A")], [rule("renamed", "A")], ["same A"]),
        ([rule("a", "A")], [rule("a", "B")], ["del A", "add B"]),
        ([rule("a", "A"), rule("b", "B")], [rule("b", "B"), rule("a", "A")], ["same B", "same A"]),
        ([rule("a", "A"), rule("b", "A")], [rule("a", "A")], ["same A", "del A"]),
        ([rule("a", "A")], [rule("a", "A"), rule("b", "A")], ["same A", "add A"]),
    ],
)
def test_comparing_by_sentence(
    before: list[RuleLine], after: list[RuleLine], expected: list[str]
) -> None:
    assert [f"{line.op} {line.text}" for line in compare(before, after)] == expected
    assert all(isinstance(line, Line) for line in compare(before, after))


def test_writing_starts_from_what_is_live_or_from_a_named_version(office: Office) -> None:
    client = log_in(office.company.carl)
    live = client.get(office.url("policy/edit")).context["form"]["source"].value()
    named = client.get(office.url("policy/edit?from={draft}")).context["form"]["source"].value()
    assert (live, named) == (SOURCE, SOURCE.replace("4h", "2h") + SECRET_RULE)


def test_a_valid_document_becomes_a_draft_with_the_line_ends_of_a_file(office: Office) -> None:
    client = log_in(office.company.carl)
    sent = {"source": SOURCE.replace("\n", "\r\n"), "remark": "As before"}
    answer = client.post(office.url("policy/edit"), sent, follow=True)
    assert "Version 3 is in review. It decides nothing yet." in words(answer.content)
    assert "No sentence differs." in words(answer.content)
    with tenant_transaction(office.company.id):
        made = PolicyVersion.objects.get(number=3)
        assert (made.status, made.source, made.remark) == ("in_review", SOURCE, "As before")


def test_mistakes_are_listed_with_their_place_and_what_was_typed_stays(office: Office) -> None:
    wrong = SOURCE.replace("4h", "soon").replace("default: deny", "default: allow")
    client = log_in(office.company.carl)
    answer = client.post(office.url("policy/edit"), {"source": wrong, "remark": "Kept remark"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert [(each.pointer, each.line) for each in answer.context["form"].problems] == [
        ("/default", 3),
        ("/flows/four-eyes/stages/0/deadline", 9),
    ]
    for line in (3, 9):
        assert f'href="#line-{line}"' in page
        assert f'<li id="line-{line}" class="is-wrong">' in page
    assert "deadline: soon\n" in page.partition("<textarea")[2]
    assert 'value="Kept remark"' in page
    with tenant_transaction(office.company.id):
        assert PolicyVersion.objects.count() == 2


def test_another_person_publishes_with_a_confirmation(office: Office) -> None:
    client = log_in(office.dora)
    page = words(client.get(office.url("policy/{draft}/publish")).content)
    assert "I confirm that I have read every sentence of this version" in page
    assert "Kept as said by Dora" in page
    empty = client.post(office.url("policy/{draft}/publish"), {"attestation": " "})
    assert (empty.status_code, "This field is required." in words(empty.content)) == (422, True)
    answer = client.post(office.url("policy/{draft}/publish"), {"attestation": "So we agreed."})
    assert (answer.status_code, answer["Location"]) == (302, "/t/acme/policy/")
    with tenant_transaction(office.company.id):
        live = PolicyVersion.objects.get(status=PolicyStatus.LIVE)
        assert (live.number, live.published_by, live.attestation) == (
            2,
            office.dora,
            "So we agreed.",
        )
    again = client.post(office.url("policy/{draft}/publish"), {"attestation": "Once more."})
    assert again.status_code == 409
    assert "Version 2 is live; only a version in review is published." in words(again.content)


def test_whoever_proposed_it_is_told_before_and_after_trying(office: Office) -> None:
    sentence = "You proposed this version; somebody else with compliance publishes it."
    client = log_in(office.company.carl)
    before = client.get(office.url("policy/{draft}/publish"))
    after = client.post(office.url("policy/{draft}/publish"), {"attestation": "I want to."})
    assert (before.status_code, after.status_code) == (200, 403)
    for answer in (before, after):
        assert sentence in words(answer.content)
        assert b'name="attestation"' not in answer.content


def test_a_tenant_may_let_one_person_do_both_and_it_shows(office: Office) -> None:
    with tenant_transaction(office.company.id):
        update_settings(
            actor=office.company.olivia, tenant=office.company.tenant, single_person_publishing=True
        )
    client = log_in(office.company.carl)
    client.post(office.url("policy/{draft}/publish"), {"attestation": "Alone."})
    assert "The same person proposed and published it." in words(
        client.get(office.url("policy/")).content
    )


def test_a_flow_that_nobody_could_complete_is_said_in_words(office: Office) -> None:
    with tenant_transaction(office.company.id):
        suspend_member(actor=office.company.olivia, member=office.company.bob)
    client = log_in(office.dora)
    before = client.get(office.url("policy/{draft}/publish"))
    after = client.post(office.url("policy/{draft}/publish"), {"attestation": "Still."})
    assert (before.status_code, after.status_code) == (200, 422)
    assert "The people there are could not complete a flow" in words(before.content)
    assert before.context["obstacles"] != []
    for problem in before.context["obstacles"]:
        assert problem.message[1:] in words(after.content)
    assert "Still." in words(after.content)


@pytest.mark.parametrize("path", ["policy/", "policy/{draft}/", "policy/{draft}/publish"])
def test_more_versions_take_no_more_statements(office: Office, path: str) -> None:
    client = log_in(office.dora)
    counts = []
    for more in (0, 1, 2):
        with tenant_transaction(office.company.id):
            for number in range(more):
                source = SOURCE.replace("Review", f"Review {more}{number}")
                propose_policy(actor=office.company.carl, source=source)
        client.get(office.url(path))
        with CaptureQueriesContext(connection) as asked:
            assert client.get(office.url(path)).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1] == counts[2]
