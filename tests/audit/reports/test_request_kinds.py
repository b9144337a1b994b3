"""The dossier and the explanation as files: what they say, hold back, attach; always the same."""

from collections.abc import Callable
from io import BytesIO
from typing import Any
from uuid import UUID

import page
import pytest
from django.db.models import Q
from pypdf import PdfReader

from approvals.enums import Verdict
from approvals.models import ActionRequest
from audit.actors import Actor
from audit.models import LedgerEvent, LedgerLeaf, Report
from audit.services.reports import make_report, request_report
from audit.services.sequencer import sequence_tenant
from govapp.common.ids import new_id, public_id
from govapp.common.tenancy import tenant_transaction
from tenants.services.kill import throw
from tests.approvals.world import World
from tests.audit.explain.stories import ask, make_bank

pytestmark = pytest.mark.django_db

AUDREY = Actor("person", "mem_audrey", "Audrey")


@pytest.fixture
def bank() -> World:
    return make_bank()


def made(world: World, request_id: UUID, kind: str) -> Report:
    while sequence_tenant(tenant_id=world.company.id):
        pass
    with tenant_transaction(world.company.id):
        report = request_report(actor=AUDREY, kind=kind, request_id=request_id)
    make_report(tenant_id=world.company.id, report_id=report.pk)
    with tenant_transaction(world.company.id):
        return Report.objects.get(pk=report.pk)


def denied(world: World) -> UUID:
    request = ask(world)
    world.vote(world.company.bob, request, Verdict.DENY, reason="No purchase order. Ask Alice.")
    return request.pk


def stop(world: World) -> None:
    """Two kill switches are thrown: one for payments, and one that stops nothing of them."""
    for ref in ("payments.*", "mails.*"):
        with tenant_transaction(world.company.id):
            throw(actor=world.company.olivia, scope="category", ref=ref, reason="It pays twice")


def refused(world: World) -> ActionRequest:
    stop(world)
    return ask(world)


def waiting(world: World) -> ActionRequest:
    request = ask(world)
    stop(world)
    return request


def faults_of(report: Report) -> set[str]:
    """What keeps the file from being an archive (PDF/A-3a) and accessible (PDF/UA-1)."""
    content = bytes(report.content or b"")
    found = [page.validate_pdf_bytes(content, profile=each) for each in ("3a", "ua1")]
    return {failure.rule_id for each in found for failure in each.failures}


def text_of(reader: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def test_the_dossier_holds_what_an_auditor_files(bank: World) -> None:
    request_id = denied(bank)
    report = made(bank, request_id, "dossier")
    assert (report.status, report.failure) == ("ready", "")
    assert faults_of(report) == set()
    reader = PdfReader(BytesIO(bytes(report.content or b"")))
    text = text_of(reader)
    for words in (
        "1. What the approvers saw", "Invoice 2291 is due on Friday.", "[IBAN ••••3000]",
        "2. Votes", "No purchase order.", "the group Risk",
        "3. Rules that applied", "because amount 48200.00 is at least 10000",
        "Why was it not approved? Bob denied it. One “no” is enough.",
        "7. Timeline", "8. Proofs", "How to check this report", "pdfdetach",
    ):  # fmt: skip
        assert words in text
    assert "DE89370400440532013000" not in text
    with tenant_transaction(bank.company.id):
        # What was recorded about the file itself comes after it.
        rows = LedgerEvent.objects.filter(
            request_id=request_id, leaf_rows__index__lt=report.ledger_size
        ).order_by("occurred_at", "id")
        lines = b"".join(bytes(body) + b"\n" for body in rows.values_list("body", flat=True))
        leaves = LedgerLeaf.objects.filter(event__request_id=request_id)
        hashes = [bytes(leaf).hex() for leaf in leaves.values_list("leaf_hash", flat=True)]
    ((attached,),) = reader.attachments.values()
    assert attached == lines
    assert [each for each in hashes if each not in text] == []


@pytest.mark.parametrize(
    ("asked", "kind"),
    [(refused, "dossier"), (waiting, "dossier"), (refused, "explanation-officer")],
)
def test_the_kill_switch_that_holds_it_is_named_and_attached(
    bank: World, asked: Callable[[World], ActionRequest], kind: str
) -> None:
    request = asked(bank)
    report = made(bank, request.pk, kind)
    assert (report.failure, faults_of(report)) == ("", set())
    reader = PdfReader(BytesIO(bytes(report.content or b"")))
    text = text_of(reader)
    told: dict[Callable[[World], ActionRequest], tuple[str, str, list[str]]] = {
        refused: (
            "A kill switch stopped it: The kill switch for every category under payments",
            "It was blocked, whatever the rules say.",
            ["action_request.blocked"],
        ),
        waiting: (
            "Olivia threw the kill switch for every category under payments",
            "It has not been decided yet.",
            [],
        ),
    }
    words, outcome, ended = told[asked]
    assert words in text
    assert outcome in text
    with tenant_transaction(bank.company.id):
        recorded = LedgerEvent.objects.filter(leaf_rows__index__lt=report.ledger_size)
        (thrown,) = [
            each
            for each in recorded.filter(type="kill_switch.thrown")
            if b'"ref":"payments.*"' in bytes(each.body)
        ]
        leaf = bytes(LedgerLeaf.objects.get(event=thrown).leaf_hash).hex()
        every = recorded.filter(Q(request_id=request.pk) | Q(pk=thrown.pk))
        events = list(every.order_by("occurred_at", "id"))
    named = public_id("ev", thrown.pk)
    ((attached,),) = reader.attachments.values()
    assert attached == b"".join(bytes(each.body) + b"\n" for each in events)
    assert named in text
    assert f"Made from {len(events)} events of a signed ledger" in text
    assert [each.type for each in events if each.type == "action_request.blocked"] == ended
    if kind == "dossier":
        assert f"{named} kill_switch.thrown {leaf}" in text


def test_the_explanation_for_a_person_attaches_nothing_and_names_nobody(bank: World) -> None:
    report = made(bank, denied(bank), "explanation")
    assert faults_of(report) == set()
    reader = PdfReader(BytesIO(bytes(report.content or b"")))
    text = text_of(reader)
    assert "A person refused this. The software did not decide it." in text
    assert "If you do not agree" in text
    assert dict(reader.attachments) == {}
    named = ("Alice", "Bob", "Ines", "Caldeira", "DE89370400440532013000")
    assert [name in text for name in named] == [False] * 5


@pytest.mark.parametrize("kind", ["dossier", "explanation-officer"])
def test_the_same_state_of_the_record_gives_the_same_file(bank: World, kind: str) -> None:
    request_id = denied(bank)
    one = made(bank, request_id, kind)
    with tenant_transaction(bank.company.id):
        two = request_report(actor=AUDREY, kind=kind, request_id=request_id)
        Report.objects.filter(pk=two.pk).update(ledger_size=one.ledger_size)
    make_report(tenant_id=bank.company.id, report_id=two.pk)
    with tenant_transaction(bank.company.id):
        again = Report.objects.get(pk=two.pk)
    assert contents(again) == contents(one)


def test_the_engineers_file_has_every_event(bank: World) -> None:
    report = made(bank, denied(bank), "explanation-engineer")
    text = text_of(PdfReader(BytesIO(bytes(report.content or b""))))
    assert "action_request.denied by person mem_" in text


@pytest.mark.parametrize("kind", ["dossier", "explanation"])
def test_a_request_that_the_record_does_not_hold_says_so(bank: World, kind: str) -> None:
    report = made(bank, new_id(), kind)
    assert (report.status, report.failure) == (
        "failed",
        "The record does not hold this request yet; try again in a few seconds.",
    )


def contents(report: Report) -> Any:
    """What is the same whoever made it: the file before it was signed."""
    return report.content_sha256 or bytes(report.content or b"")
