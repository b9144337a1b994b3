"""Events that are alike: the same bytes as one by one, whatever is in them."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.actors import SYSTEM, Actor, Personal, Subject, Words
from audit.merkle.canonical import MAX_BYTES
from audit.models import LedgerDisclosure, LedgerEvent, LedgerQueueItem
from audit.services import Alike, Entry, record_many
from audit.services.alike import write_alike
from audit.services.bodies import Bodies
from govapp.common.ids import new_id, new_ids, public_id
from govapp.common.tenancy import bind_tenant, tenant_transaction
from tests.conftest import MoveClock

TENANT = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
AT = "2026-05-04T08:00:00Z"
ALICE = Actor("person", "mem_1", "Alice")


def alike(
    data: dict[str, Any], texts: list[tuple[str, ...]], *, summary: str = "Late.", **fields: Any
) -> Alike:
    names = tuple(f"at_{n}" for n in range(len(texts[0])))
    ident = new_id()
    first = Entry(
        "timer.reminded",
        fields.pop("actor", SYSTEM),
        Subject("action_request", public_id("ar", ident), fields.pop("label", "")),
        summary,
        data=data | dict(zip(names, texts[0], strict=True)),
        request_id=ident,
        **fields,
    )
    return Alike(first, names, [(new_id(), each) for each in texts[1:]])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
own_texts = st.integers(0, 3).flatmap(
    lambda count: st.lists(
        st.tuples(*[st.from_regex(r"[0-9A-Za-z_.:+-]{0,30}", fullmatch=True) | st.text()] * count),
        min_size=1,
        max_size=4,
    )
)


@pytest.mark.django_db
@given(
    st.dictionaries(st.text(), json_values, max_size=4),
    own_texts,
    st.text() | st.sampled_from(["100 %s of “it”", "⟦1⟧", "alice@acme.example was told"]),
)
@settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_the_bytes_are_those_of_each_alone(
    data: dict[str, Any], texts: list[tuple[str, ...]], summary: str
) -> None:
    some = alike(data, texts, summary=summary)
    idents = new_ids(len(some))
    moment = datetime(2026, 5, 4, 8, tzinfo=UTC)
    with bind_tenant(TENANT):
        each = Bodies()
        try:
            alone = [
                each.write(entry, ident, moment)
                for entry, ident in zip(some.entries(), idents, strict=True)
            ]
        except ValueError as error:
            with pytest.raises(type(error)):
                write_alike(Bodies(), some, idents, moment)
            return
        together = Bodies()
        written = write_alike(together, some, idents, moment)
    # Commitments have salts of their own: there are as many, and the rest is the same.
    assert [*map(saltless, written)] == [*map(saltless, alone)]
    assert len(together.sealing) == len(each.sealing)
    assert len(each.sealing) or written == alone


def saltless(body: bytes) -> bytes:
    return re.sub(rb'"hmac":"[0-9a-f]{64}"', b"", body)


@pytest.mark.django_db
@pytest.mark.parametrize("others", [2, 40])
def test_each_is_an_event_of_its_own_in_its_place(move_clock: MoveClock, others: int) -> None:
    some = alike({"level": 0}, [(AT, f"2026-05-04T08:00:{n:02}Z") for n in range(1 + others)])
    before, after = (Entry("x.happened", SYSTEM, Subject("x", "y", "z"), n) for n in "ab")
    with tenant_transaction(new_id()):
        with CaptureQueriesContext(connection) as seen:
            record_many([before, some, after])
        events = list(LedgerEvent.objects.order_by("pk"))
        places = LedgerQueueItem.objects.order_by("pk").values_list("event_id", flat=True)
        assert list(places) == [each.pk for each in events]
    # One for the time, which nobody gave, and one that writes.
    assert len(seen) == 2
    subjects = [public_id("ar", request_id) for request_id, _ in some.others]
    assert [(each.request_id, each.subject_id) for each in events] == [
        (None, "y"),
        (some.first.request_id, some.first.subject.id),
        *zip([request_id for request_id, _ in some.others], subjects, strict=True),
        (None, "y"),
    ]
    for number, each in enumerate(events[1:-1]):
        body = bytes(each.body).decode()
        assert f'"at_0":"{AT}","at_1":"2026-05-04T08:00:{number:02}Z","level":0' in body
        assert f'"id":"{public_id("ev", each.pk)}"' in body
        assert f'"request":"{each.subject_id}"' in body


@pytest.mark.django_db
def test_what_has_to_be_hidden_is_hidden_in_each_under_a_salt_of_its_own() -> None:
    some = alike(
        {"reason": Words("Alice is away", "mem_1")},
        [(AT,)] * 20,
        summary="Alice asked: Alice is away",
        actor=ALICE,
        personal=(Personal("Alice", "mem_1"),),
    )
    with tenant_transaction(new_id()):
        record_many([some])
        bodies = [bytes(each.body) for each in LedgerEvent.objects.all()]
        assert LedgerDisclosure.objects.count() == 20
    assert not [body for body in bodies if b"Alice" in body]
    commitments = {body.split(b'"hmac":"')[1][:64] for body in bodies}
    assert len(commitments) == 20


@pytest.mark.django_db
def test_what_is_too_large_is_cut_in_each() -> None:
    some = alike({"long": "x" * MAX_BYTES}, [(AT,)] * 20)
    with tenant_transaction(new_id()):
        record_many([some])
        lengths = [len(bytes(each.body)) for each in LedgerEvent.objects.all()]
    assert len(lengths) == 20
    assert max(lengths) <= MAX_BYTES


def test_they_are_about_their_requests() -> None:
    entry = Entry("x.happened", SYSTEM, Subject("x", "y", "z"), "It did.", request_id=new_id())
    with pytest.raises(ValueError, match="about their requests"):
        Alike(entry, (), [])
