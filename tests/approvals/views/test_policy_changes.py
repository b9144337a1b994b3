"""Reviewing, scheduling, withdrawing, shadow and comparison, as people use them."""

import re
from datetime import timedelta
from typing import Any, Final

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.enums import PolicyStatus
from approvals.models import PolicyDraft, PolicyVersion, ShadowResult
from approvals.services.drafts import create_draft
from approvals.services.policies import propose_policy, publish_policy
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tenants.models import Tenant
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

pytestmark = pytest.mark.django_db

# Pages that show:              owner, compliance, approver, auditor
GET: Final[dict[str, Codes]] = {
    "policy/compare": (200, 200, 200, 200),
    "policy/compare?old={live}&new={draft}": (200, 200, 200, 200),
    "policy/{draft}/shadow": (200, 200, 200, 200),
}
# The version in review is Carl's, who is the one with compliance here.
POST: Final[dict[str, tuple[dict[str, Any], Codes]]] = {
    "policy/{draft}/reject": ({"remark": "No."}, (403, 403, 403, 403)),
    "policy/{draft}/withdraw": ({}, (403, 302, 403, 403)),
    "policy/{draft}/renew": ({}, (403, 302, 403, 403)),
    "policy/{live}/roll-back": ({"remark": "x"}, (403, 302, 403, 403)),
    "policy/{draft}/shadow/switch": ({"to": "on"}, (403, 302, 403, 403)),
}


@pytest.fixture
def office(db: None) -> Office:
    return make_office()


def words(page: bytes) -> str:
    """The text of a page, without tags and with single spaces."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.decode()))


def status(office: Office, version: PolicyVersion) -> str:
    with tenant_transaction(office.company.id):
        return PolicyVersion.objects.get(pk=version.pk).status


@pytest.mark.parametrize("path", GET)
def test_who_may_read(office: Office, path: str) -> None:
    assert who_reads(office, path) == GET[path]


@pytest.mark.parametrize("path", POST)
def test_who_may_change(office: Office, path: str) -> None:
    assert who_changes(office, path, POST[path][0]) == POST[path][1]


@pytest.mark.parametrize("path", [*(path for path in GET if "{" in path), *POST])
def test_ids_of_another_tenant_are_404(office: Office, path: str) -> None:
    foreign = make_office("globex").url(path).replace("/globex/", "/acme/")
    client = log_in(office.dora)
    assert client.get(foreign).status_code in {404, 405}
    assert client.post(foreign, {"remark": "Yes."}).status_code in {404, 405}


def test_the_version_says_what_it_does_and_who_is_needed(office: Office) -> None:
    text = words(log_in(office.company.alice).get(office.url("policy/{draft}/")).content)
    for part in (
        (
            "Tightens Tightens Rule payments asks for “within 2 hours” instead of “within 4 hours”"
            " in stage Review."
        ),
        "Tightens Rule no-crypto is new: it denies what it names.",
        "1 more person has to confirm it.",
        "Dora can confirm it",
    ):
        assert part in text
    assert "Reject it" not in text


def test_a_weakening_shows_who_confirmed_and_who_is_still_needed(office: Office) -> None:
    with tenant_transaction(office.company.id):
        Tenant.objects.update(weakening_reviewers=2)
        weaker = propose_policy(actor=office.company.carl, source=SOURCE.replace("4h", "8h"))
    where = f"/t/acme/policy/{weaker.public_id}/"
    client = log_in(office.dora)
    page = words(client.get(f"{where}publish").content)
    assert "Confirm version 3" in page
    assert "Live from" not in page
    answer = client.post(f"{where}publish", {"attestation": "Read."}, follow=True)
    text = words(answer.content)
    for part in (
        "Your confirmation of version 3 is kept. More people are needed.",
        "1 more person has to confirm it. It weakens what is in force. So it takes 2 people",
        "Dora confirmed it “Read.”",
        "Too few people",
    ):
        assert part in text
    assert status(office, weaker) == "in_review"


def test_a_version_is_published_for_a_time_in_the_tenants_zone(office: Office) -> None:
    with tenant_transaction(office.company.id):
        Tenant.objects.update(time_zone="Asia/Tokyo")
        day = (clock.now() + timedelta(days=10)).date()
    client = log_in(office.dora)
    answer = client.post(
        office.url("policy/{draft}/publish"),
        {"attestation": "Agreed.", "starts_at": f"{day}T09:00"},
        follow=True,
    )
    text = words(answer.content)
    assert f"is live from {day.day} {day:%B %Y}, 09:00 JST on." in text
    assert f"{day.day} {day:%B %Y}, 09:00 JST on. Until then what is live goes on deciding." in text
    with tenant_transaction(office.company.id):
        made = PolicyVersion.objects.get(status=PolicyStatus.SCHEDULED)
        assert made.starts_at is not None
        assert f"{made.starts_at:%H:%M}" == "00:00"
    home = words(client.get(office.url("policy/")).content)
    assert f"Live from {day.day} {day:%B %Y}, 09:00 JST" in home
    client.post(office.url("policy/{draft}/withdraw"), {"remark": "Later."})
    assert status(office, office.draft) == "withdrawn"


def test_a_start_in_the_past_is_said_at_its_field(office: Office) -> None:
    answer = log_in(office.dora).post(
        office.url("policy/{draft}/publish"),
        {"attestation": "Agreed.", "starts_at": "2001-01-01T09:00"},
    )
    assert answer.status_code == 422
    assert "Name a time in the future, within a year." in words(answer.content)
    assert 'value="2001-01-01T09:00"' in answer.content.decode()


def test_rejecting_needs_a_reason(office: Office) -> None:
    client = log_in(office.dora)
    empty = client.post(office.url("policy/{draft}/reject"), {"remark": " "}, follow=True)
    assert "A rejection says why." in words(empty.content)
    done = client.post(office.url("policy/{draft}/reject"), {"remark": "Too slow."}, follow=True)
    assert "Dora rejected it “Too slow.”" in words(done.content)
    assert status(office, office.draft) == "rejected"


def test_what_was_overtaken_is_taken_up_again_and_nothing_is_lost(office: Office) -> None:
    with tenant_transaction(office.company.id):
        other = propose_policy(actor=office.company.carl, source=SOURCE.replace("4h", "3h"))
        publish_policy(actor=office.dora, version=other, attestation="Agreed.")
    client = log_in(office.dora)
    page = words(client.get(office.url("policy/{draft}/publish")).content)
    assert "Version 3 went live in the meantime" in page
    assert "Your signature" not in page
    refused = client.post(office.url("policy/{draft}/publish"), {"attestation": "Now."})
    assert refused.status_code == 409
    answer = client.post(office.url("policy/{draft}/renew"), follow=True)
    text = words(answer.content)
    for part in (
        "The text of version 2 is a draft again.",
        "What went live in the meantime",
        "must approve within 3 hours",
        "Draft “Version 2 on top of version 3”",
        "deadline: 2h",
        "deadline: 3h",
    ):
        assert part in text
    with tenant_transaction(office.company.id):
        draft = PolicyDraft.objects.get()
        assert draft.source == SOURCE.replace("4h", "2h") + SECRET_RULE
    assert "Version 2 on top of version 3" in words(client.get(office.url("policy/")).content)


def test_going_back_is_proposed_in_one_click(office: Office) -> None:
    client = log_in(office.dora)
    client.post(office.url("policy/{draft}/publish"), {"attestation": "Agreed."})
    assert "Go back to it" in words(client.get(office.url("policy/{live}/")).content)
    answer = client.post(
        office.url("policy/{live}/roll-back"), {"remark": "Too strict."}, follow=True
    )
    text = words(answer.content)
    assert "Version 3 goes back to version 1. It is in review, like any other change." in text
    assert "Weakens" in text


def test_the_shadow_report_lists_what_differs(office: Office) -> None:
    client = log_in(office.dora)
    started = client.post(office.url("policy/{draft}/shadow/switch"), {"to": "on"}, follow=True)
    assert "Version 2 runs in shadow: it is evaluated and decides nothing." in words(
        started.content
    )
    empty = words(client.get(office.url("policy/{draft}/shadow")).content)
    assert "Nothing was evaluated yet" in empty
    with tenant_transaction(office.company.id):
        ShadowResult.objects.create(
            request=office.request, version=office.draft, live_outcome="require_approval",
            outcome="deny", differs=True, because="The purpose is crypto.",
        )  # fmt: skip
    text = words(client.get(office.url("policy/{draft}/shadow")).content)
    for part in (
        "Needs approval would be Denied",
        "100.0 % of what was asked",
        office.request.summary,
        "The purpose is crypto.",
        office.request.because,
    ):
        assert part in text
    assert "Version 2 in shadow" in words(client.get(office.url("policy/")).content)
    stopped = client.post(office.url("policy/{draft}/shadow/switch"), {"to": "off"}, follow=True)
    assert "It ran in shadow until" in words(stopped.content)


def test_the_shadow_report_goes_on_page_by_page(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("approvals.selectors.shadow_report.PAGE_SIZE", 1)
    second = office.world.submit(summary="Pay Beta Ltd")
    with tenant_transaction(office.company.id):
        for request in (office.request, second):
            ShadowResult.objects.create(
                request=request, version=office.draft, live_outcome="allow", outcome="deny",
                differs=True, because="Denied.", evaluated_at=request.submitted_at,
            )  # fmt: skip
    client = log_in(office.dora)
    first_page = client.get(office.url("policy/{draft}/shadow"))
    cursor = first_page.context["page"]["next_cursor"]
    next_page = client.get(office.url("policy/{draft}/shadow"), {"cursor": cursor})
    assert [row.request for row in first_page.context["rows"]] == [second]
    assert [row.request for row in next_page.context["rows"]] == [office.request]
    assert next_page.context["page"]["next_cursor"] == ""


def test_any_two_are_compared_in_sentences_effect_and_text(office: Office) -> None:
    client = log_in(office.company.alice)
    text = words(client.get(office.url("policy/compare?old={draft}&new={live}")).content)
    for part in (
        "Weakens",
        "Rule no-crypto is gone: what it denied is denied no more",
        "deadline: 2h",
        "Removed:",
    ):
        assert part in text


def test_a_draft_that_is_no_policy_yet_is_compared_as_text(office: Office) -> None:
    with tenant_transaction(office.company.id):
        draft = create_draft(actor=office.company.carl, source="version: 1\nrules: [", title="New")
    where = f"/t/acme/policy/compare?new={draft.public_id}"
    assert "Not a policy yet" in words(log_in(office.dora).get(where).content)
    assert log_in(office.company.alice).get(where).status_code == 403


@pytest.mark.parametrize(
    "path", ["policy/", "policy/{draft}/", "policy/{draft}/shadow", "policy/compare?new={draft}"]
)
def test_more_rows_take_no_more_statements(office: Office, path: str) -> None:
    client = log_in(office.dora)
    counts: list[int] = []
    for more in (1, 1, 2):
        for number in range(more):
            request = office.world.submit()
            with tenant_transaction(office.company.id):
                source = SOURCE.replace("Review", f"Review {len(counts)}{number}")
                create_draft(actor=office.company.carl, source=source)
                propose_policy(actor=office.company.carl, source=source)
                ShadowResult.objects.create(
                    request=request, version=office.draft, live_outcome="allow", outcome="deny",
                    differs=True, because="Denied.",
                )  # fmt: skip
        client.get(office.url(path))
        with CaptureQueriesContext(connection) as asked:
            assert client.get(office.url(path)).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1] == counts[2]
