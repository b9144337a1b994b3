"""The policy editor's pages: begun, written, saved, never lost, sent to review."""

import re
from typing import Any, Final

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from approvals.models import PolicyDraft, PolicyVersion
from approvals.policies import load_policy
from approvals.services.drafts import create_draft, discard_draft, save_draft
from govapp.common.tenancy import tenant_transaction
from tests.approvals.views.office import SOURCE, Codes, Office, log_in, make_office

pytestmark = pytest.mark.django_db

# Pages that show:        owner, compliance, approver, auditor
GET: Final[dict[str, Codes]] = {
    "": (403, 200, 403, 403),
    "?open=rules-0": (403, 200, 403, 403),
    "?open=flows-7&view=text": (403, 200, 403, 403),
    "review": (403, 200, 403, 403),
}
POST: Final[dict[str, tuple[dict[str, Any], Codes]]] = {
    "": ({"source": SOURCE, "do": "check"}, (403, 200, 403, 403)),
    "preview": ({"source": SOURCE}, (403, 200, 403, 403)),
    "replay": ({"source": SOURCE}, (403, 200, 403, 403)),
    "review": ({"remark": "Read it.", "revision": "1"}, (403, 302, 403, 403)),
    "discard": ({"revision": "1"}, (403, 302, 403, 403)),
}


@pytest.fixture
def office(db: None) -> Office:
    return make_office()


@pytest.fixture
def draft(office: Office) -> PolicyDraft:
    return begin(office)


def begin(office: Office, source: str = SOURCE) -> PolicyDraft:
    with tenant_transaction(office.company.id):
        return create_draft(actor=office.company.carl, source=source, title="Stricter")


def url_of(draft: PolicyDraft, rest: str = "") -> str:
    return f"/t/acme/policy/drafts/{draft.public_id}/{rest}"


def now(office: Office, draft: PolicyDraft) -> PolicyDraft:
    with tenant_transaction(office.company.id):
        return PolicyDraft.objects.get(pk=draft.pk)


def words(answer: Any) -> str:
    """The text of a page, without tags and with single spaces."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def form_of(answer: Any) -> dict[str, Any]:
    """Everything that a browser would send of the editor's form, buttons left out."""
    page = answer.content.decode()
    form = page[page.index('<form id="editor"') :]
    form = form[: form.index("</form>")]
    sent: dict[str, list[str]] = {}
    for tag in re.findall(r"<input [^>]*>", form):
        given = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        is_chosen = given["type"] not in ("radio", "checkbox") or " checked" in tag
        if is_chosen and "name" in given:
            sent.setdefault(given["name"], []).append(plain(given.get("value", "")))
    for name, options in re.findall(r'<select name="([^"]+)".*?>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        first = re.search(r'<option value="([^"]*)"', options)
        found = chosen or first
        sent.setdefault(name, []).append(plain(found[1]) if found else "")
    for name, text in re.findall(
        r'<textarea name="([^"]+)"[^>]*>\n(.*?)</textarea>', form, re.DOTALL
    ):
        sent.setdefault(name, []).append(plain(text).replace("\n", "\r\n"))
    sent.pop("csrfmiddlewaretoken", None)
    return sent


def plain(text: str) -> str:
    for entity, letter in (("&quot;", '"'), ("&#x27;", "'"), ("&lt;", "<"), ("&gt;", ">")):
        text = text.replace(entity, letter)
    return text.replace("&amp;", "&")


def opened(client: Client, draft: PolicyDraft, key: str) -> dict[str, Any]:
    return form_of(client.get(url_of(draft, f"?open={key}")))


@pytest.mark.parametrize("path", GET)
def test_who_may_read(office: Office, draft: PolicyDraft, path: str) -> None:
    company = office.company
    people = (company.olivia, company.carl, company.alice, company.audrey)
    found = tuple(log_in(member).get(url_of(draft, path)).status_code for member in people)
    assert found == GET[path]


@pytest.mark.parametrize("path", POST)
def test_who_may_write(office: Office, draft: PolicyDraft, path: str) -> None:
    company = office.company
    people = (company.olivia, company.alice, company.audrey, company.carl)
    data, (owner, compliance, approver, auditor) = POST[path]
    found = tuple(log_in(member).post(url_of(draft, path), data).status_code for member in people)
    assert found == (owner, approver, auditor, compliance)


def test_a_draft_begins_from_live_from_a_version_or_from_nothing(office: Office) -> None:
    client = log_in(office.company.carl)
    sources = []
    for start in ("live", office.draft.public_id, "empty"):
        answer = client.post("/t/acme/policy/drafts/new", {"start": start, "title": "New"})
        assert answer.status_code == 302
        ident = answer["Location"].rstrip("/").rpartition("/")[2]
        sources.append(form_of(client.get(f"/t/acme/policy/drafts/{ident}/"))["source"][0])
    with tenant_transaction(office.company.id):
        text = PolicyVersion.objects.get(pk=office.draft.pk).source
    shown = [each.replace("\r\n", "\n") for each in sources]
    assert shown == [SOURCE, text, "version: 1\ndefault: deny\nrules: []\n"]
    wrong = client.post("/t/acme/policy/drafts/new", {"start": "elsewhere"})
    assert wrong.status_code == 422


def test_the_page_reads_as_sentences(office: Office, draft: PolicyDraft) -> None:
    text = words(log_in(office.company.carl).get(url_of(draft)))
    for part in (
        "When payments.transfer: 1 from Finance and 1 from Risk must approve within 4 hours",
        "When no rule matches: it is denied.",
        "used by payments",
        "Saved , revision 1",
    ):
        assert part in text


@pytest.mark.parametrize("key", ["rules-0", "flows-0", "otherwise"])
def test_an_open_part_saved_untouched_changes_no_letter(
    office: Office, draft: PolicyDraft, key: str
) -> None:
    client = log_in(office.company.carl)
    sent = opened(client, draft, key)
    answer = client.post(url_of(draft), sent | {"do": "save"})
    assert (answer.status_code, answer["Location"]) == (302, url_of(draft, f"?open={key}"))
    after = now(office, draft)
    assert (after.source, after.revision, after.title) == (SOURCE, 1, "Stricter")


def test_a_rule_is_built_from_nothing_without_a_script(office: Office, draft: PolicyDraft) -> None:
    client, url = log_in(office.company.carl), url_of(draft)
    sent = form_of(client.post(url, form_of(client.get(url)) | {"do": "add:rules"}))
    assert sent["open"] == ["rules-1"]
    sent |= {"rules-1-id": "big", "rules-1-when-category": ["payments.transfer", ""]}
    sent = form_of(client.post(url, sent | {"do": "rules-1-c-add"}))
    sent = form_of(client.post(url, sent | {"rules-1-c-0-field": "payload.amount", "do": "check"}))
    assert sent["rules-1-c-0-op"] == ["gt"]
    sent |= {"rules-1-c-0-value": "250000", "rules-1-then": "deny"}
    shown = client.post(url, sent | {"do": "check"})
    assert "When payments.transfer has amount over 250000: it is denied." in words(shown)
    assert "Not saved yet" in words(shown)
    assert client.post(url, form_of(shown) | {"do": "save"}).status_code == 302
    after = now(office, draft)
    assert (after.revision, after.source.startswith("# who lets money go")) == (2, True)
    assert [rule.id for rule in load_policy(after.source).rules] == ["payments", "big"]


def test_half_a_rule_is_kept_and_what_is_missing_said_at_its_input(
    office: Office, draft: PolicyDraft
) -> None:
    client, url = log_in(office.company.carl), url_of(draft)
    sent = opened(client, draft, "rules-0") | {"rules-0-id": "Not A Slug", "rules-0-flow": ""}
    answer = client.post(url, sent | {"do": "check"})
    page = answer.content.decode()
    assert "2 things to finish before review" in words(answer)
    said = {
        "rules-0-id": "Write &quot;Not A Slug&quot; with lower-case",
        "rules-0-flow": "Choose who decides.",
    }
    for name, expected in said.items():
        below = page.partition(f'id="f-{name}-error"')[2].partition("</div>")[0]
        assert f'<p class="below-error">{expected}' in below
    assert 'href="#f-rules-0-id"' in page
    assert client.post(url, sent | {"do": "save"}).status_code == 302
    assert "Not A Slug" in now(office, draft).source
    review = client.get(url_of(draft, "review"))
    assert "Not finished yet" in words(review)
    refused = client.post(url_of(draft, "review"), {"remark": "Still.", "revision": "2"})
    assert refused.status_code == 422


def test_who_comes_second_loses_nothing_and_sees_both(office: Office, draft: PolicyDraft) -> None:
    client, url = log_in(office.company.carl), url_of(draft)
    mine = opened(client, draft, "flows-0") | {"flows-0-s-0-deadline": "1h"}
    theirs = SOURCE.replace("4h", "9h")
    with tenant_transaction(office.company.id):
        save_draft(actor=office.dora, draft_id=draft.pk, revision=1, source=theirs)
    answer = client.post(url, mine | {"do": "save"})
    assert answer.status_code == 409
    text = words(answer)
    assert "Dora saved this draft in the meantime" in text
    assert "must approve within 9 hours" in text
    assert "must approve within 1 hour" in text
    assert now(office, draft).source == theirs
    kept = form_of(answer)
    assert (kept["flows-0-s-0-deadline"], kept["revision"]) == (["1h"], ["2"])
    copied = client.post(url, kept | {"do": "copy"})
    assert copied.status_code == 302
    assert copied["Location"] != url
    assert now(office, draft).source == theirs
    assert client.post(url, kept | {"do": "save"}).status_code == 302
    assert now(office, draft).source == SOURCE.replace("4h", "1h")


def test_a_text_that_cannot_be_read_is_kept_as_text(office: Office, draft: PolicyDraft) -> None:
    client, url = log_in(office.company.carl), url_of(draft)
    sent = {"source": "rules: [", "view": "text", "revision": "1", "do": "save"}
    assert client.post(url, sent).status_code == 302
    answer = client.get(url)
    assert "The text cannot be read" in words(answer)
    assert form_of(answer)["source"] == ["rules: ["]


def test_a_flow_with_the_name_of_another_is_not_saved_and_stays_typed(office: Office) -> None:
    both = SOURCE.replace("rules:\n", "  one:\n    stages: [{name: A, seats: [{group: risk}], "
                          "deadline: 1h}]\nrules:\n")  # fmt: skip
    draft = begin(office, both)
    client = log_in(office.company.carl)
    sent = opened(client, draft, "flows-1") | {"flows-1-name": "four-eyes", "do": "save"}
    answer = client.post(url_of(draft), sent)
    assert answer.status_code == 422
    assert "Another flow has this name" in words(answer)
    assert form_of(answer)["flows-1-name"] == ["four-eyes"]
    assert now(office, draft).source == both


def test_the_replay_answers_with_figures_and_remarks(office: Office, draft: PolicyDraft) -> None:
    client = log_in(office.company.carl)
    source = SOURCE.replace("then: require_approval\n    flow: four-eyes", "then: allow")
    answer = client.post(url_of(draft, "replay"), {"source": source, "period": "90d"})
    text = words(answer)
    assert "1 of 1 request would have been decided otherwise." in text
    assert "Worth a look" in text
    unfinished = client.post(url_of(draft, "replay"), {"source": "version: 1\nrules: []\n"})
    assert "As soon as every sentence is finished" in words(unfinished)


def test_sending_to_review_makes_a_version_and_closes_the_draft(
    office: Office, draft: PolicyDraft
) -> None:
    client = log_in(office.company.carl)
    sent = opened(client, draft, "flows-0") | {"flows-0-s-0-deadline": "1h", "do": "review"}
    answer = client.post(url_of(draft), sent)
    assert answer["Location"] == url_of(draft, "review")
    page = client.get(url_of(draft, "review"))
    assert "1 added, 1 removed, 1 unchanged" in words(page)
    stale = client.post(url_of(draft, "review"), {"remark": "Quicker.", "revision": "1"})
    assert stale.status_code == 409
    made = client.post(url_of(draft, "review"), {"remark": "Quicker.", "revision": "2"})
    assert made.status_code == 302
    with tenant_transaction(office.company.id):
        version = PolicyVersion.objects.latest("number")
        assert (version.status, version.remark) == ("in_review", "Quicker.")
    assert "This draft went to review" in words(client.get(url_of(draft)))
    assert client.get(url_of(draft, "review"))["Location"] == url_of(draft)
    late = client.post(url_of(draft), sent | {"do": "save"})
    assert late.status_code == 409
    assert "It went to review as version 3." in words(late)
    assert form_of(late)["flows-0-s-0-deadline"] == ["1h"]
    assert client.post(url_of(draft), form_of(late) | {"do": "copy"}).status_code == 302


def test_a_draft_put_away_says_so(office: Office, draft: PolicyDraft) -> None:
    with tenant_transaction(office.company.id):
        discard_draft(actor=office.company.carl, draft_id=draft.pk, revision=1)
    assert "This draft was discarded" in words(log_in(office.company.carl).get(url_of(draft)))


def test_what_somebody_else_saved_is_not_put_away_unseen(
    office: Office, draft: PolicyDraft
) -> None:
    with tenant_transaction(office.company.id):
        save_draft(actor=office.dora, draft_id=draft.pk, revision=1, source=SOURCE + "# more\n")
    client = log_in(office.company.carl)
    answer = client.post(url_of(draft, "discard"), {"revision": "1"})
    assert (answer["Location"], now(office, draft).is_open) == (url_of(draft), True)
    answer = client.post(url_of(draft, "discard"), {"revision": "2"})
    assert (answer["Location"], now(office, draft).is_open) == ("/t/acme/policy/", False)


@pytest.mark.parametrize("path", ["", "review", "discard"])
@pytest.mark.parametrize("revision", ["²", "", "-1", "9" * 40])
def test_what_is_no_revision_changes_nothing(
    office: Office, draft: PolicyDraft, path: str, revision: str
) -> None:
    sent = {"source": SOURCE + "# more", "remark": "x", "do": "save", "revision": revision}
    answer = log_in(office.company.carl).post(url_of(draft, path), sent)
    assert answer.status_code == (302 if path == "discard" else 409)
    assert (now(office, draft).revision, now(office, draft).is_open) == (1, True)


def test_drafts_are_listed_for_those_who_write(office: Office, draft: PolicyDraft) -> None:
    url = "/t/acme/policy/"
    assert url_of(draft) in log_in(office.company.carl).get(url).content.decode()
    assert url_of(draft) not in log_in(office.company.alice).get(url).content.decode()


def test_drafts_of_another_tenant_are_404(office: Office) -> None:
    other = make_office("globex")
    foreign = begin(other)
    client = log_in(office.company.carl)
    assert client.get(url_of(foreign)).status_code == 404
    for path, (data, _) in POST.items():
        assert client.post(url_of(foreign, path), data).status_code == 404


def test_hostile_text_stays_text(office: Office) -> None:
    hostile = "<img src=x onerror=alert(1)>\u202e"
    source = SOURCE + f"    note: {hostile!r}\n".replace("\\u202e", "\u202e")
    draft = begin(office, source)
    page = log_in(office.company.carl).get(url_of(draft, "?open=rules-0")).content.decode()
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_more_rules_take_no_more_statements(office: Office) -> None:
    client = log_in(office.company.carl)
    counts = []
    for more in (0, 3):
        rules = "".join(
            f"  - id: more-{n}\n    when: {{category: payments.transfer}}\n    then: deny\n"
            for n in range(more)
        )
        draft = begin(office, SOURCE + rules)
        client.get(url_of(draft))
        with CaptureQueriesContext(connection) as asked:
            assert client.get(url_of(draft, "?open=rules-0")).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_the_language_is_described_for_everybody(office: Office) -> None:
    text = words(log_in(office.company.alice).get("/t/acme/policy/language"))
    for part in ("What rules can say", "payload.&lt;name&gt;", "history.amount_ratio", "is over"):
        assert part in text
