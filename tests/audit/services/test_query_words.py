"""What somebody looked for in the record is committed to, and closed when they are erased."""

from collections.abc import Callable
from uuid import UUID

import pytest

from audit.actors import SYSTEM
from audit.models import LedgerEvent
from audit.selectors.events import EventFilter
from audit.services.erasure import erase_subject
from audit.services.export_jobs import (
    cancel_export,
    request_export,
    take_export,
    write_export,
)
from audit.services.query_words import marked_query
from audit.services.reading import read_events
from audit.services.stream_checks import Wanted
from audit.services.streams import change_stream
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import ALICE, index_now, sequenced_tenant
from tests.audit.streaming import make_stream
from tests.support.recorded import text_of

pytestmark = pytest.mark.django_db
URL = "https://siem.example.com/hook"
SOUGHT = "Zelda Quist-Oberg"
WANTED = EventFilter(text=SOUGHT, kind="person")


def read_it(tenant_id: UUID) -> None:
    with tenant_transaction(tenant_id):
        read_events(actor=ALICE, wanted=WANTED, cursor="", limit=5)


def export_it(tenant_id: UUID, export_format: str = "jsonl") -> None:
    index_now(tenant_id)
    with tenant_transaction(tenant_id):
        job, other = (
            request_export(actor=ALICE, wanted=WANTED, export_format=export_format)
            for _ in range(2)
        )
        cancel_export(actor=ALICE, job_id=other.pk)
    write_export(tenant_id=tenant_id, job_id=job.pk)
    with tenant_transaction(tenant_id):
        take_export(actor=ALICE, job_id=job.pk)


def pack_it(tenant_id: UUID) -> None:
    export_it(tenant_id, "evidence-pack")


def stream_it(tenant_id: UUID) -> None:
    stream, _ = make_stream(tenant_id, URL, only={"text": "Zelda", "kind": "person"})
    with tenant_transaction(tenant_id):
        change_stream(
            actor=ALICE, stream_id=stream.pk,
            wanted=Wanted(name="SIEM", address=URL, filter=WANTED),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("act", "events"), [(read_it, 1), (export_it, 5), (pack_it, 5), (stream_it, 2)]
)
def test_it_is_read_until_who_asked_is_erased_and_is_never_in_the_hashed_bytes(
    act: Callable[[UUID], None], events: int
) -> None:
    tenant_id = sequenced_tenant(2)
    act(tenant_id)
    with tenant_transaction(tenant_id):
        rows = list(LedgerEvent.objects.exclude(type="agent.changed").order_by("id"))
        asked = [row for row in rows if row.type != "ledger.key_created"]
    assert len(asked) == events
    assert [row.type for row in asked if b"Zelda" in bytes(row.body)] == []
    query = '{"kind":"person","text":"Zelda'
    assert [row.type for row in asked if query not in text_of(row)] == []
    with tenant_transaction(tenant_id):
        erase_subject(actor=SYSTEM, ref=ALICE.id, reason="Asked")
    assert [row.type for row in asked if "Zelda" in text_of(row)] == []


def test_only_what_was_typed_is_marked() -> None:
    marked = marked_query({"text": "Zelda", "kind": "person"}, "mem_alice")
    assert {name: getattr(value, "of", "") for name, value in marked.items()} == {
        "text": "mem_alice",
        "kind": "",
    }
