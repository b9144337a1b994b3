"""A database superuser edits, deletes, or cuts the end off: verify_ledger says where."""

import re
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.life.journey import PAYMENT, REQUESTS, Company

Connection = psycopg.Connection[dict[str, Any]]
_LEAF = """
    SELECT l.index, l.event_id FROM audit_ledgerleaf l
    WHERE l.tenant_id = %s ORDER BY l.index DESC OFFSET %s LIMIT 1
"""


def leaf(connection: Connection, tenant_id: str, from_end: int) -> dict[str, Any]:
    found = connection.execute(_LEAF, [tenant_id, from_end]).fetchone()
    assert found is not None
    return found


def edit(connection: Connection, tenant_id: str) -> str:
    """Change one word in the body of an event; the place is its index."""
    found = leaf(connection, tenant_id, 3)
    done = connection.execute(
        "UPDATE audit_ledgerevent SET body = set_byte(body, 40, (get_byte(body, 40) # 1))"
        " WHERE id = %s",
        [found["event_id"]],
    )
    assert done.rowcount == 1
    return rf"index {found['index']}\b"


def delete(connection: Connection, tenant_id: str) -> str:
    """Remove one event and leave its leaf."""
    found = leaf(connection, tenant_id, 3)
    done = connection.execute("DELETE FROM audit_ledgerevent WHERE id = %s", [found["event_id"]])
    assert done.rowcount == 1
    return rf"event deleted: .*index {found['index']}\b"


def truncate(connection: Connection, tenant_id: str) -> str:
    """Cut the last two events off with their leaves; the signed checkpoints stay."""
    found = [leaf(connection, tenant_id, at) for at in (0, 1)]
    for each in found:
        connection.execute("DELETE FROM audit_ledgerleaf WHERE event_id = %s", [each["event_id"]])
        connection.execute("DELETE FROM audit_ledgerevent WHERE id = %s", [each["event_id"]])
    return rf"index {found[1]['index']}\b"


@pytest.mark.parametrize("tamper", [edit, delete, truncate], ids=["edit", "delete", "truncate"])
def test_verify_ledger_says_where_a_superuser_tampered(
    company: Company, tamper: Callable[[Connection, str], str]
) -> None:
    stack = company.stack
    with company.agent() as agent:
        headers = {"Idempotency-Key": "one"}
        assert agent.post(REQUESTS, json=PAYMENT, headers=headers).status_code == 202
    stack.sequenced(company.id)
    code, words = stack.verify_ledger(company.slug)
    assert (code, words.split(":")[0]) == (0, "intact")

    with stack.superuser() as connection:
        connection.execute("SET session_replication_role = replica")
        place = tamper(connection, company.id)

    code, words = stack.verify_ledger(company.slug)
    assert code == 1
    assert words.startswith("DIFFERS: ")
    assert re.search(place, words), words
