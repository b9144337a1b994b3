"""What is sent as one parameter is what PostgreSQL reads."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from govapp.common.arrays import bytes_array, text_array, time_array, uuid_array
from govapp.common.ids import new_id

pytestmark = pytest.mark.django_db
ANY_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
SETTINGS = settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def read(literal: str, kind: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT %s::{kind}[]", [literal])
        (found,) = cursor.fetchone()
    return found


@SETTINGS
@given(st.lists(ANY_TEXT | st.sampled_from(["", "NULL", "a,b", '"', "\\", "{}", " x "])))
def test_texts(texts: list[str]) -> None:
    assert read(text_array(texts), "text") == texts


@SETTINGS
@given(st.lists(st.binary()))
def test_bytes(values: list[bytes]) -> None:
    assert [bytes(each) for each in read(bytes_array(values), "bytea")] == values


def test_ids_and_times() -> None:
    idents = [new_id(), None, new_id()]
    assert read(uuid_array(idents), "uuid") == idents
    assert read(uuid_array([]), "uuid") == []
    moments = [datetime(2026, 11, 21, 9, 30, 0, 123456, UTC), datetime(1, 1, 1, tzinfo=UTC)]
    assert read(time_array(moments), "timestamptz") == moments
