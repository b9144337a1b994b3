"""Proofs over HTTP, with an agent's key: they verify with nothing but the answer."""

from typing import Any

import pytest
from django.test import Client

from audit.merkle.note import VerifierKey, open_checkpoint
from audit.merkle.proofs import verify_consistency, verify_inclusion
from audit.merkle.tree import leaf_hash
from audit.services.sequencer import sequence_tenant
from govapp.common.ids import public_id
from tests.audit.books import write_event
from tests.people import Company, make_agent, make_company

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Company:
    return make_company()


def get(company: Company, key: str, path: str) -> Any:
    headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
    return Client().get(f"/api/v1/audit/{path}", headers=headers)


def sequence(company: Company) -> None:
    while sequence_tenant(tenant_id=company.id):
        pass


def test_an_event_is_proved_to_whoever_has_the_key(acme: Company) -> None:
    _, key = make_agent(acme)
    event = write_event(acme.id)
    name = public_id("ev", event.pk)
    sequence(acme)
    proof = get(acme, key, f"proof/inclusion?event={name}").json()
    verifier = VerifierKey.decode(proof["verifier_key"])
    checkpoint = open_checkpoint(proof["checkpoint"], verifier=verifier)
    verify_inclusion(
        leaf=leaf_hash(bytes(event.body)),
        index=proof["index"],
        size=checkpoint.size,
        proof=[bytes.fromhex(step) for step in proof["path"]],
        root=checkpoint.root,
    )


def test_an_event_that_waits_is_not_proved_yet(acme: Company) -> None:
    _, key = make_agent(acme)
    name = public_id("ev", write_event(acme.id).pk)
    assert get(acme, key, f"proof/inclusion?event={name}").status_code == 409


def test_growth_is_proved_between_two_checkpoints(acme: Company) -> None:
    _, key = make_agent(acme)
    sequence(acme)
    old = get(acme, key, "checkpoint").json()
    write_event(acme.id)
    sequence(acme)
    new = get(acme, key, "checkpoint").json()
    proof = get(acme, key, f"proof/consistency?from={old['size']}&to={new['size']}").json()
    verify_consistency(
        old_size=old["size"],
        new_size=new["size"],
        old_root=bytes.fromhex(old["root"]),
        new_root=bytes.fromhex(new["root"]),
        proof=[bytes.fromhex(step) for step in proof["path"]],
    )


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("proof/inclusion", 400),
        ("proof/inclusion?event=ev_1", 400),
        ("proof/inclusion?event=ev_01m7y759speqp82109zazxznmx", 404),
        ("proof/consistency", 400),
        ("proof/consistency?from=1&to=x", 400),
        ("proof/consistency?from=1&to=1000", 404),
        ("proof/consistency?from=2&to=1", 404),
    ],
)
def test_what_is_not_there_is_said(acme: Company, path: str, status: int) -> None:
    _, key = make_agent(acme)
    sequence(acme)
    response = get(acme, key, path)
    assert (response.status_code, response.json()["status"]) == (status, status)


def test_nothing_without_a_key_and_nothing_of_another_tenant(acme: Company) -> None:
    event = write_event(acme.id)
    sequence(acme)
    other = make_company("umbrella")
    _, key = make_agent(other)
    sequence(other)
    name = public_id("ev", event.pk)
    assert get(other, key, f"proof/inclusion?event={name}").status_code == 404
    assert get(acme, "gov_live_nonsense", "checkpoint").status_code == 401
    assert Client().get("/api/v1/audit/checkpoint").status_code == 401
