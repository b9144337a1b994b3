"""The record as it is searched: what is found, by whom, and what an erasure takes out of it."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import connection

from audit.actors import Actor, Content, Personal, Subject, Words
from audit.models import LedgerEvent, LedgerWords, WordsCursor
from audit.search_doors import search_newest, search_summary
from audit.selectors.events import EventFilter, list_events
from audit.selectors.search_index import FoundEvent, events_from, search_lag
from audit.selectors.searching import find_events
from audit.services import record
from audit.services.erasure import erase_subject
from audit.services.search_index import (
    forget_events,
    index_all,
    index_tenant,
    rebuild_index,
)
from audit.services.sequencer import sequence_tenant
from govapp.common.ids import new_id, public_id
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import ALICE, write_event
from tests.audit.books import index_now as indexed
from tests.audit.cases import play_request

pytestmark = pytest.mark.django_db
AT = datetime(2026, 1, 5, 9, tzinfo=UTC)


def found(tenant_id: UUID, text: str = "", **chosen: str) -> list[str]:
    with tenant_transaction(tenant_id):
        rows = list_events(EventFilter(text=text, **chosen)).rows
    return [row.summary for row in rows if row.body["type"] != "ledger.key_created"]


def all_lexemes(tenant_id: UUID) -> str:
    with tenant_transaction(tenant_id), connection.cursor() as cursor:
        cursor.execute("SELECT words::text FROM audit_ledgerwords")
        return "\n".join(words for (words,) in cursor.fetchall())


@pytest.fixture
def tenant_id() -> UUID:
    return new_id()


PAYMENT = "Paid EUR 48,200.50 to Łukasz Øst, Zürich."


@pytest.mark.parametrize(
    "text",
    [
        "paid", "PAI", "lukasz", "Øst", "ost", "zurich", "ZÜRICH", "zu pa", '"paid"', "48200",
        "48,200", "48200.50", "48,200.50", "agent.changed", "agent changed", "mem_alice",
        "northwind", "paid, zurich!", "invoice-77", "Alice", "archer",
    ],
)  # fmt: skip
def test_what_a_person_would_type_finds_it(tenant_id: UUID, text: str) -> None:
    write_event(tenant_id, summary=PAYMENT, data={"reason": "For Northwind, invoice-77"})
    write_event(
        tenant_id, summary="The office plants were watered.", event_type="x.y",
        actor=Actor("system", "govapp", "Govapp"), subject=Subject("x", "x", "x"),
    )  # fmt: skip
    assert found(indexed(tenant_id), text) == [PAYMENT]


@pytest.mark.parametrize("text", ['"pai"', "paid berlin", "482", "aid", "00.50"])
def test_a_part_inside_a_word_or_one_word_too_many_finds_nothing(
    tenant_id: UUID, text: str
) -> None:
    write_event(tenant_id, summary=PAYMENT)
    expected = [PAYMENT] if text == "482" else []
    assert found(indexed(tenant_id), text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "!!!", "'", "''", "\\", "a' | 'b", "':*", "!paid", "paid & zurich", "<->", "(", "a:*b",
        "%", "_", "\u202e", "\ud7ff", "' OR 1=1 --", '"', '""', "x" * 200, "🙂", "é" * 100,
        " ".join(str(number) for number in range(60)),
    ],
)  # fmt: skip
def test_odd_texts_are_words_or_nothing_and_no_error(tenant_id: UUID, text: str) -> None:
    write_event(tenant_id, summary=PAYMENT)
    expected = [PAYMENT] if text in {"!paid", "paid & zurich"} else []
    assert found(indexed(tenant_id), text) == expected


def test_scripts_without_blanks_are_found_inside_of_a_run(tenant_id: UUID) -> None:
    write_event(tenant_id, summary="東京都への支払い")
    assert found(indexed(tenant_id), "支払") == ["東京都への支払い"]


def test_ids_digests_and_uuids_are_found_as_they_are_pasted(tenant_id: UUID) -> None:
    digest, jti = "0f" * 32, "0190f0aa-1111-7222-8333-444455556666"
    event = write_event(tenant_id, summary="It.", data={"payload_digest": digest, "jti": jti})
    indexed(tenant_id)
    for text in (digest, digest.upper(), jti, jti.replace("-", ""), public_id("ev", event.pk)):
        assert found(tenant_id, text) == ["It."]


def test_every_event_of_a_request_has_its_category_agent_and_outcome(tenant_id: UUID) -> None:
    play_request(tenant_id, number=0, at=AT, outcome="denied")
    play_request(tenant_id, number=1, at=AT)
    indexed(tenant_id)
    assert len(found(tenant_id, category="Supplier payments")) == 3
    assert len(found(tenant_id, agent="ag_mailer")) == 5
    assert len(found(tenant_id, outcome="denied")) == 2
    assert len(found(tenant_id, outcome="denied", kind="agent")) == 0
    assert len(found(tenant_id, "northwind", group="Requests and votes", kind="person")) == 2
    assert found(tenant_id, "northwind", since="2999-01-01") == []


def test_values_that_are_masked_on_the_page_are_not_in_the_index(tenant_id: UUID) -> None:
    write_event(
        tenant_id,
        summary="Paid to DE89370400440532013000.",
        data={"password": "swordfish", "note": "card 4111 1111 1111 1111"},
    )
    indexed(tenant_id)
    assert found(tenant_id, "paid") == ["Paid to DE89370400440532013000."]
    kept = all_lexemes(tenant_id)
    assert ":paid" in kept
    assert [each for each in ("de8937", "swordfish", "4111111111111111") if each in kept] == []


def test_pages_of_a_search_follow_each_other(tenant_id: UUID) -> None:
    for number in range(7):
        write_event(tenant_id, summary=f"Paid {number}.", at=AT)
    indexed(tenant_id)
    seen, cursor = [], ""
    with tenant_transaction(tenant_id):
        while True:
            page = list_events(EventFilter(text="paid"), cursor=cursor, limit=3)
            seen += [row.summary for row in page.rows]
            if not (cursor := page.next_cursor):
                break
    assert sorted(seen) == [f"Paid {number}." for number in range(7)]


def test_one_tenants_words_are_never_found_by_another(tenant_id: UUID) -> None:
    other = new_id()
    # The worst case: both have the same mark at the front of their words.
    twin = UUID(hex=other.hex[:-6] + tenant_id.hex[-6:])
    write_event(tenant_id, summary="Northwind is ours.")
    write_event(twin, summary="Northwind is theirs.")
    indexed(tenant_id)
    indexed(twin)
    assert found(tenant_id, "northwind") == ["Northwind is ours."]
    assert found(twin, "northwind") == ["Northwind is theirs."]
    with tenant_transaction(tenant_id):
        mark = tenant_id.hex[-6:]
        asked = (twin, f"'{mark}:northwind'", None, None)
        assert search_newest.call(*asked, None, None, None, 9) == []
        assert search_summary.call(*asked, "UTC", 9) == []
        with connection.cursor() as cursor:
            cursor.execute("SELECT DISTINCT tenant_id FROM audit_ledgerwords")
            assert cursor.fetchall() == [(tenant_id,)]


def test_the_doors_answer_nothing_while_no_tenant_is_bound(tenant_id: UUID) -> None:
    write_event(tenant_id, summary="Northwind.")
    indexed(tenant_id)
    assert search_newest.call(tenant_id, None, None, None, None, None, None, 9) == []
    assert search_summary.call(tenant_id, None, None, None, "UTC", 9) == []


def test_who_is_erased_is_found_no_more_and_the_rest_is(tenant_id: UUID) -> None:
    zelda = Actor("person", "mem_7", "Zelda Quist")
    with tenant_transaction(tenant_id):
        record(
            event_type="x.said", actor=zelda, subject=Subject("x", "x_1", "x"),
            summary="Zelda Quist said: Marmalade, of course. Then lunch.",
            data={"reason": Words("Marmalade, of course.", "mem_7")},
        )  # fmt: skip
        record(
            event_type="x.mentioned", actor=ALICE, subject=Subject("x", "x_2", "x"),
            summary="Alice Archer mentioned Zelda Quist at lunch.",
            personal=(Personal("Zelda Quist", "mem_7"),),
        )  # fmt: skip
    indexed(tenant_id)
    assert len(found(tenant_id, "zelda")) == 2
    assert len(found(tenant_id, "marmalade")) == 1
    with tenant_transaction(tenant_id):
        erase_subject(actor=ALICE, ref="mem_7", reason="Asked")
    kept = all_lexemes(tenant_id)
    assert ":lunch" in kept
    for word in ("zelda", "quist", "marmalade"):
        assert found(tenant_id, word) == []
        assert word not in kept
    indexed(tenant_id)
    assert found(tenant_id, "zelda") == []
    assert len(found(tenant_id, "mem_7")) == 2  # hers, and that she was erased
    assert found(tenant_id, "alice lunch") == ["Alice Archer mentioned an erased person at lunch."]


def test_a_name_is_looked_for_in_every_table_but_the_index_which_is_made_again(
    tenant_id: UUID,
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'govapp_forget_text'")
        ((source,),) = cursor.fetchall()
    assert '"audit_auditsearch"' in source
    assert '"audit_ledgerwords"' not in source
    zelda = Actor("person", "mem_7", "Zelda Quist")
    write_event(tenant_id, actor=zelda, event_type="x.y", data={"category": "Of Zelda Quist"})

    def category() -> str:
        with tenant_transaction(tenant_id):
            return LedgerWords.objects.get(type="x.y").category

    indexed(tenant_id)
    assert category() == "Of Zelda Quist"
    with tenant_transaction(tenant_id):
        erase_subject(actor=ALICE, ref="mem_7", reason="Asked")
    assert category() == "Of an erased person"


def test_an_erased_request_is_found_by_its_id_only(tenant_id: UUID) -> None:
    request_id = new_id()
    name = public_id("ar", request_id)
    with tenant_transaction(tenant_id):
        record(
            event_type="action_request.submitted", actor=ALICE, request_id=request_id,
            subject=Subject("action_request", name, "Pay the marmalade"),
            summary="An agent asked to: Pay the marmalade.",
            data={"payload": {"to": Content("Marmalade Ltd", name)}},
        )  # fmt: skip
    assert len(found(indexed(tenant_id), "marmalade")) == 1
    with tenant_transaction(tenant_id):
        erase_subject(actor=ALICE, ref=name, reason="Asked")
    assert found(tenant_id, "marmalade") == []
    assert len(found(tenant_id, name)) == 1


def test_what_was_erased_before_it_was_indexed_never_comes_in(tenant_id: UUID) -> None:
    write_event(tenant_id, summary="Alice Archer ate marmalade.")
    sequence_tenant(tenant_id=tenant_id)
    with tenant_transaction(tenant_id):
        erase_subject(actor=Actor("system", "govapp", "Govapp"), ref="mem_alice", reason="Asked")
    indexed(tenant_id)
    assert found(tenant_id, "archer") == []
    assert found(tenant_id, "marmalade") == ["an erased person ate marmalade."]


def test_pruned_events_are_taken_out(tenant_id: UUID) -> None:
    event = write_event(tenant_id, summary="Marmalade.")
    write_event(tenant_id, summary="Marmalade again.")
    indexed(tenant_id)
    with tenant_transaction(tenant_id):
        assert forget_events([event.pk, new_id()]) == 1
    assert found(tenant_id, "marmalade") == ["Marmalade again."]


def test_a_rebuilt_index_is_the_same(tenant_id: UUID) -> None:
    for number in range(3):
        play_request(tenant_id, number=number, at=AT)

    def rows() -> list[tuple[object, ...]]:
        with tenant_transaction(tenant_id):
            return list(LedgerWords.objects.order_by("index").values_list())

    indexed(tenant_id)
    before = rows()
    rebuild_index(tenant_id=tenant_id)
    assert rows() == []
    while index_tenant(tenant_id=tenant_id, batch=4):
        pass
    assert rows() == before


def test_it_is_said_how_far_the_index_is_behind(tenant_id: UUID) -> None:
    with tenant_transaction(tenant_id):
        assert search_lag().events == 0
    write_event(tenant_id, at=AT)
    write_event(tenant_id)
    sequence_tenant(tenant_id=tenant_id)
    with tenant_transaction(tenant_id):
        lag = search_lag()
        first = LedgerEvent.objects.get(type="ledger.key_created")
        assert (lag.events, lag.since) == (3, first.occurred_at)
    assert index_tenant(tenant_id=tenant_id, batch=1) == 1
    with tenant_transaction(tenant_id):
        assert (search_lag().events, search_lag().since) == (2, AT)
    assert index_all() == 2
    with tenant_transaction(tenant_id):
        assert search_lag().events == 0
        assert WordsCursor.objects.get().size == 3


def test_a_search_is_one_statement_whatever_is_found(
    tenant_id: UUID, django_assert_num_queries: object
) -> None:
    search = EventFilter(text="paid", outcome="approved")
    for number in range(3):
        write_event(tenant_id, summary=f"Paid {number}.", data={"verdict": "approve"})
        indexed(tenant_id)
        with tenant_transaction(tenant_id):
            wanted = search.search()
            assert wanted is not None
            with django_assert_num_queries(1):  # type: ignore[operator]
                assert len(find_events(wanted, limit=9)) == number + 1


def test_an_event_that_was_made_unreadable_hides_no_other(
    tenant_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = write_event(tenant_id, summary="Marmalade.")
    write_event(tenant_id, summary="Toast.")
    sequence_tenant(tenant_id=tenant_id)

    def forged(first: int, end: int) -> list[FoundEvent]:
        return [
            replace(each, body=b"{" if each.id == broken.pk else each.body)
            for each in events_from(first, end)
        ]

    monkeypatch.setattr("audit.services.search_index.events_from", forged)
    index_tenant(tenant_id=tenant_id)
    assert found(tenant_id, "marmalade") == []
    assert found(tenant_id, "toast") == ["Toast."]
    assert found(tenant_id, public_id("ev", broken.pk)) == ["Marmalade."]
