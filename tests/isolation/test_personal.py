"""What the hashed bytes of a whole life hold of the people in it: nothing."""

import json
import re
from typing import Any

from approvals.models import ActionRequest
from audit.models import LedgerEvent
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
