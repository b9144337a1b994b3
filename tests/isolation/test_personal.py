"""What the hashed bytes of a whole life hold of the people in it: nothing."""

import json
import re
from typing import Any

from jsonschema_rs import Draft202012Validator

from approvals.models import ActionRequest
from audit.models import LedgerEvent
from audit.schema import find_type, schema_of
from audit.selectors.events import as_rows
from govapp.common.tenancy import tenant_transaction
from tenants.models import Membership
from tests.isolation.lives import Life


def texts_of(value: Any) -> set[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        return {value}
    if isinstance(value, dict):
        return set().union(*map(texts_of, value.values()))
    if isinstance(value, list):
        return set().union(*map(texts_of, value))
    return set()


def personal_texts(life: Life) -> set[str]:
    """Names and addresses of everybody, and what requests say and ask for."""
    found = {f"erin@{life.slug}.example"}
    for user in (each.user for each in Membership.objects.select_related("user")):
        found |= {user.name, user.email}
    for request in ActionRequest.objects.all():
        found |= {request.summary, request.reason} | texts_of(request.payload)
    return {text for text in found if text}


def found_in(body: bytes, text: str) -> bool:
    """Whether a text stands there as whole words, in the values and not in the keys."""
    pattern = re.compile(rf"(?<!\w){re.escape(text)}(?!\w)")
    return any(pattern.search(value) for value in texts_of(json.loads(body)))


def test_no_name_no_address_and_nothing_of_a_request_is_in_the_hashed_bytes(acme: Life) -> None:
    with tenant_transaction(acme.company.id):
        texts = personal_texts(acme)
        events = [(each.type, bytes(each.body)) for each in LedgerEvent.objects.order_by("id")]
    assert {"Alice", "alice@acme.example", "A secret of acme", "900.00", "once"} <= texts
    assert len(events) > 300
    assert [(kind, text) for kind, body in events for text in texts if found_in(body, text)] == []


def test_every_event_fits_the_catalogue_as_it_is_hashed_and_as_it_is_read(acme: Life) -> None:
    with tenant_transaction(acme.company.id):
        found = LedgerEvent.objects.order_by("id").values_list("id", "occurred_at", "body")
        rows = as_rows(found)
    schemas: dict[str, Draft202012Validator] = {}
    faults = set()
    for row in rows:
        kind = row.body["type"]
        known = schemas.setdefault(kind, Draft202012Validator(schema_of(find_type(kind))))
        for form in (json.loads(row.canonical), row.body):
            if form["actor"]["id"] != "mem_alice":  # the events that only fill a tile
                faults |= {(kind, fault.message) for fault in known.iter_errors(form)}
    assert sorted(faults) == []
    assert len(schemas) > 30
