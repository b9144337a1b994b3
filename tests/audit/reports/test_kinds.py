"""Every kind of report: each figure is what its query finds, and each file is valid."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import page
import pytest
from pypdf import PdfReader

from audit.actors import Actor, Subject
from audit.models import LedgerEvent, LedgerLeaf, Report
from audit.reports.document import Document, gather_document
from audit.reports.kinds import KINDS, Kind, Needs
from audit.reports.making import make_pdf
from audit.reports.matching import Where, of
from audit.reports.reading import Read, source_of
from audit.selectors.events import EventRow
from audit.services import record
from audit.services.sequencer import sequence_tenant
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tests.audit.cases import play_company

pytestmark = pytest.mark.django_db

FIRST = datetime(2026, 1, 4, 23, tzinfo=UTC)  # midnight where the company is
OFTEN = [kind for kind in KINDS.values() if kind.needs is Needs.PERIOD]
PETRA = Actor("person", "mem_petra", "Petra Policy")


@pytest.fixture
def tenant_id() -> UUID:
    ident = new_id()
    play_company(ident, first=FIRST, days=6)
    _configure(ident, FIRST + timedelta(days=2))
    sequence_tenant(tenant_id=ident)
    return ident


def _configure(tenant_id: UUID, at: datetime) -> None:
    told: list[tuple[str, str, Mapping[str, Any]]] = [
        ("session.login_failed", "Petra Policy could not sign in.", {}),
        ("session.logged_in", "Petra Policy signed in.", {}),
        ("credential.issued", "Petra Policy issued a key for payer.", {}),
        ("member.roles_changed", "Petra Policy made Bob an approver.", {}),
        ("agent.paused", "Petra Policy paused mailer.", {}),
        ("policy.proposed", "Petra Policy proposed version 2.", {"number": 2}),
        (
            "policy.published",
            "Petra Policy published version 2.",
            {
                "single_person": True,
                "proposed_by_name": "Petra Policy",
                "sentences": ["When no rule matches: it is blocked."],
            },
        ),
    ]
    with tenant_transaction(tenant_id):
        for number, (kind, summary, data) in enumerate(told):
            subject = Subject(kind.split(".", maxsplit=1)[0], f"x_{number}", "Policy version 2")
            record(
                event_type=kind, actor=PETRA, subject=subject, summary=summary, data=data,
                at=at + timedelta(minutes=number),
            )  # fmt: skip


def gathered(
    tenant_id: UUID, kind: Kind, *, days: int = 6, first: datetime = FIRST, compared: bool = False
) -> Document:
    with tenant_transaction(tenant_id):
        source = replace(
            source_of(LedgerLeaf.objects.count()), start=first, end=first + timedelta(days=days)
        )
        return gather_document(kind, source, is_compared=compared)


def figures_of(document: Document) -> dict[str, int]:
    return {figure.name: figure.events for figure in document.found["figures"]}


@pytest.mark.parametrize("kind", OFTEN, ids=lambda kind: kind.slug)
def test_each_figure_is_what_its_query_finds(tenant_id: UUID, kind: Kind) -> None:
    document = gathered(tenant_id, kind)
    with tenant_transaction(tenant_id):
        rows = LedgerEvent.objects.filter(
            occurred_at__gte=FIRST, occurred_at__lt=FIRST + timedelta(days=6)
        )
        types = list(rows.values_list("type", flat=True))
    plain = [
        figure
        for figure in document.found["figures"]
        if figure.query.startswith("type ") and "data." not in figure.query
    ]
    assert len(plain) > 4
    for figure in plain:
        assert figure.events == sum(_finds(figure.query, each) for each in types), figure
    assert sum(figure.events for figure in document.found["figures"]) > 0


def _finds(query: str, event_type: str) -> bool:
    for part in query.split(" or "):
        words = part.split()
        if words[1] == "=" and words[2] == event_type:
            return True
        if words[1] == "begins" and event_type.startswith(words[2]):
            return True
    return False


@pytest.mark.parametrize("kind", OFTEN, ids=lambda kind: kind.slug)
def test_each_kind_of_file_is_archive_and_accessible(tenant_id: UUID, kind: Kind) -> None:
    with tenant_transaction(tenant_id):
        report = Report(
            kind=kind.slug,
            period_start=FIRST + timedelta(days=3),
            period_end=FIRST + timedelta(days=6),
            is_compared=True,
            ledger_size=LedgerLeaf.objects.count(),
        )
    content = make_pdf(tenant_id=tenant_id, report=report, advance=lambda *_: None)
    for profile in ("3a", "ua1"):
        found = page.validate_pdf_bytes(content, profile=profile)
        assert {failure.rule_id for failure in found.failures} == set()
    reader = PdfReader(BytesIO(content))
    words = " ".join(" ".join(each.extract_text() for each in reader.pages).split())
    assert kind.title.casefold() in words.casefold()
    assert "Figures are compared with 5 January 2026 to 7 January 2026" in words
    # Nothing of these two happened in the later days: no empty file is attached.
    later = [] if kind.slug in {"policy-changes", "access"} else ["events.jsonl"]
    assert sorted(reader.attachments) == ["events-before.jsonl", *later]


def test_the_history_of_rules_says_what_changed_in_words(tenant_id: UUID) -> None:
    html = gathered(tenant_id, KINDS["policy-changes"]).html(stylesheet="x.css")
    assert "Added: When no rule matches: it is blocked." in html
    assert "Taken out: When payments.transfer has amount over 10000" in html
    assert "Published without a second person: 1" in html
    assert html.count('<td class="word">Petra Policy</td>') == 2  # proposed, and published


def test_an_agent_is_named_as_it_was_when_it_asked(tenant_id: UUID) -> None:
    document = gathered(tenant_id, KINDS["agent-activity"])
    (agents, _) = document.found["tables"]
    assert [row[0] for row in agents.rows] == ["payer", "deployer", "mailer"]
    assert sum(row[1] for row in agents.rows) == figures_of(document)["Requests submitted"]


def test_times_are_from_the_request_to_the_decision(tenant_id: UUID) -> None:
    document = gathered(tenant_id, KINDS["approval-times"])
    figures = {figure.name: figure for figure in document.found["figures"]}
    decided, expired = figures["Decided by people"].events, figures["Expired without a decision"]
    share = 100 * decided / (decided + expired.events)
    assert figures["Decided in time"].value == f"{share:.1f} %"
    assert figures["Median time to decide"].events == 2 * decided
    slowest = document.found["tables"][2].rows
    assert len(slowest) == decided


def test_access_lists_who_signed_in_and_what_changed(tenant_id: UUID) -> None:
    document = gathered(tenant_id, KINDS["access"])
    assert document.found["tables"][0].rows == [("Petra Policy", 1, 1)]
    assert figures_of(document)["Credentials of agents"] == 1
    assert "Petra Policy made Bob an approver." in document.html(stylesheet="x.css")


def test_a_framework_says_what_is_silent_and_what_it_cannot_show(tenant_id: UUID) -> None:
    document = gathered(tenant_id, KINDS["hipaa"])
    assert "164.312(a)(2)(ii)" in document.found["silent"]
    assert "164.312(d)" not in document.found["silent"]
    html = document.html(stylesheet="x.css")
    assert html.count("Not shown by this record:") == len(document.found["answers"])


def test_a_report_is_compared_with_the_period_before(tenant_id: UUID) -> None:
    later = FIRST + timedelta(days=3)
    document = gathered(tenant_id, KINDS["agent-activity"], first=later, days=3, compared=True)
    before = figures_of(gathered(tenant_id, KINDS["agent-activity"], days=3))
    now = {figure.name: figure for figure in document.found["figures"]}
    submitted = now["Requests submitted"]
    assert submitted.before == f"{before['Requests submitted']}"
    assert submitted.change.endswith("%") or submitted.change in {"same", "new"}
    assert now["Changes to agents"].before == "1"
    assert (now["Changes to agents"].value, now["Changes to agents"].change) == ("0", "−100 %")  # noqa: RUF001


def _read(kind: str, **data: Any) -> Read:
    return Read(EventRow(new_id(), FIRST, {}, b"{}"), kind, data, None)


@pytest.mark.parametrize(
    ("where", "data", "holds"),
    [
        (Where("outcome", "!=", "succeeded"), {"outcome": "failed"}, True),
        (Where("outcome", "!=", "succeeded"), {"outcome": "succeeded"}, False),
        (Where("outcome", "!=", "succeeded"), {}, False),
        (Where("viewed", "<", 3), {"viewed": 2}, True),
        (Where("viewed", "<", 3), {"viewed": 3}, False),
        (Where("viewed", "<", 3), {"viewed": None}, False),
        (Where("factor", "is set"), {"factor": "totp"}, True),
        (Where("factor", "is set"), {"factor": None}, False),
        (Where("agent.name", "=", "payer"), {"agent": {"name": "payer"}}, True),
        (Where("agent.name", "=", "payer"), {"agent": "payer"}, False),
    ],
)
def test_a_condition_holds_for_what_it_says(
    where: Where, data: dict[str, Any], holds: bool
) -> None:
    assert of("a.b", where=(where,)).holds(_read("a.b", **data)) is holds
    assert not of("a.b", where=(where,)).holds(_read("a.c", **data))


def test_a_query_says_what_is_tested() -> None:
    assert of("a.b", "c.").query == "type = a.b or type begins c."
    condition = Where("x", "<", 3)
    assert of("a.b", "c.", where=(condition,)).query == (
        "(type = a.b or type begins c.) and data.x < 3"
    )
    assert of("c.").holds(_read("c.anything"))
    assert not of("c.").holds(_read("ca.b"))
