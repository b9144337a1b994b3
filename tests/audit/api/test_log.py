"""A tenant's log in the layout of C2SP tlog-tiles, for tools that others wrote; receipts."""

import base64
import gzip
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from pymerkle import InmemoryTree

from audit.merkle.note import VerifierKey, open_checkpoint
from audit.merkle.proofs import verify_inclusion
from audit.merkle.tree import leaf_hash, root_of, split_hashes
from audit.models import LedgerEvent, LedgerLeaf
from audit.services.sequencer import sequence_tenant
from govapp.common.ids import public_id
from govapp.common.tenancy import tenant_transaction
from tenants.models import Membership
from tenants.services.tokens import issue_token
from tests.audit.api.mirror import mirror_of
from tests.audit.books import write_event, write_events
from tests.audit.others import Others
from tests.people import Company, make_agent, make_company
from tests.support.committed import CommittedDatabase

FOR_EVER = "private, max-age=31536000, immutable"


NOT_THERE = (
    "tile/0/001", "tile/0/001.p/45", "tile/0/002.p/1", "tile/1/000", "tile/1/000.p/2",
    "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/07", "tile/00/000", "tile/64/000",
    "tile/0/0", "tile/0/x000/000", "tile/0/001/000", "tile/0/000/", "tile/-1/000",
    "tile/0/x999/x999/x999/x999/x999/x999/999", "tile/0/%D9%A1%D9%A1%D9%A1", "tile/entries/009",
    "tile/entries/000.p/256", "tile/other/000", "receipts/ev_1",
    "receipts/ev_01m7y759speqp82109zazxznmx",
)  # fmt: skip


def token_of(company: Company, member: Membership) -> str:
    with tenant_transaction(company.id):
        _, text = issue_token(actor=member, label="log", lifetime=timedelta(days=1))
    return text


def get(key: str, path: str, **headers: str) -> Any:
    headers["Authorization"] = f"Bearer {key}"
    return Client().get(f"/api/v1/audit/{path}", headers=headers)


def refused(key: str, path: str) -> int:
    """Ask for something that is refused, without undoing what the test has done so far."""
    point = transaction.savepoint()
    status: int = get(key, path).status_code
    transaction.set_rollback(False)
    transaction.savepoint_rollback(point)
    return status


def fill(company: Company, size: int) -> None:
    """Bring the log to exactly this size."""
    while sequence_tenant(tenant_id=company.id):
        pass
    with tenant_transaction(company.id):
        before = LedgerLeaf.objects.count()
    write_events(company.id, size - before)
    assert sequence_tenant(tenant_id=company.id) == size - before


def bodies_of(company: Company) -> list[bytes]:
    with tenant_transaction(company.id):
        rows = LedgerLeaf.objects.order_by("index").values_list("event__body", flat=True)
        return [bytes(body) for body in rows]


def entries_in(bundle: bytes) -> list[bytes]:
    entries, at = [], 0
    while at < len(bundle):
        end = at + 2 + int.from_bytes(bundle[at : at + 2], "big")
        entries.append(bundle[at + 2 : end])
        at = end
    return entries


@pytest.fixture
def acme() -> Company:
    return make_company()


@pytest.mark.django_db
def test_the_checkpoint_is_a_note_and_json_for_who_asks(acme: Company) -> None:
    _, key = make_agent(acme)
    fill(acme, 300)
    note, told = get(key, "checkpoint"), get(key, "checkpoint", Accept="application/json").json()
    assert note["Content-Type"] == "text/plain; charset=utf-8"
    assert note["Cache-Control"] == "no-store"
    assert note.content.decode() == told["checkpoint"]
    assert told["verifier_keys"] == [
        {"verifier_key": told["verifier_key"], "from_size": 1, "until_size": None}
    ]
    key_of_log = VerifierKey.decode(told["verifier_key"])
    assert open_checkpoint(told["checkpoint"], verifier=key_of_log).size == 300


@pytest.mark.django_db
def test_tiles_hold_the_hashes_of_the_bodies(acme: Company) -> None:
    _, key = make_agent(acme)
    fill(acme, 300)
    leaves = [leaf_hash(body) for body in bodies_of(acme)]
    full = get(key, "tile/0/000")
    assert (full["Content-Type"], full["Cache-Control"]) == ("application/octet-stream", FOR_EVER)
    assert split_hashes(full.content) == tuple(leaves[:256])
    assert split_hashes(get(key, "tile/0/001.p/44").content) == tuple(leaves[256:])
    assert split_hashes(get(key, "tile/0/000.p/7").content) == tuple(leaves[:7])
    assert get(key, "tile/1/000.p/1").content == root_of(leaves[:256])


@pytest.mark.django_db
def test_what_is_not_there_is_not_found(acme: Company) -> None:
    fill(acme, 300)
    key = token_of(acme, acme.audrey)
    statuses = {path: refused(key, path) for path in NOT_THERE}
    assert statuses == dict.fromkeys(NOT_THERE, 404)


@pytest.mark.django_db
def test_entries_are_the_bytes_that_were_hashed(acme: Company) -> None:
    key = token_of(acme, acme.audrey)
    fill(acme, 300)
    bodies = bodies_of(acme)
    answer = get(key, "tile/entries/000")
    assert (answer["Content-Type"], answer["Cache-Control"]) == (
        "application/octet-stream", FOR_EVER,
    )  # fmt: skip
    assert entries_in(answer.content) == bodies[:256]
    packed = get(key, "tile/entries/001.p/44", **{"Accept-Encoding": "gzip, identity"})
    assert packed["Content-Encoding"] == "gzip"
    assert entries_in(gzip.decompress(packed.content)) == bodies[256:]


@pytest.mark.django_db
def test_who_reads_entries_is_recorded_once_a_day(acme: Company) -> None:
    key = token_of(acme, acme.audrey)
    fill(acme, 300)
    for path in ("tile/entries/000", "tile/entries/001.p/44", "tile/entries/000"):
        assert get(key, path).status_code == 200
    with tenant_transaction(acme.id):
        (event,) = LedgerEvent.objects.filter(type="ledger.entries_read")
    assert event.actor_id == acme.audrey.public_id
    assert b'"data":{"count":256,"from_index":0}' in bytes(event.body)


@pytest.mark.django_db
def test_entries_are_for_who_reads_the_record(acme: Company) -> None:
    _, agent = make_agent(acme)
    fill(acme, 300)
    for reader in (acme.olivia, acme.carl, acme.audrey):
        assert get(token_of(acme, reader), "tile/entries/000").status_code == 200
    alice = token_of(acme, acme.alice)
    keys = (alice, agent, "gov_user_nonsense")
    assert [refused(key, "tile/entries/000") for key in keys] == [403, 403, 401]


@pytest.mark.django_db
def test_each_tenant_has_a_log_of_its_own(acme: Company) -> None:
    other = make_company("umbrella")
    fill(acme, 300)
    fill(other, 260)
    _, key = make_agent(other)
    leaves = [leaf_hash(body) for body in bodies_of(other)]
    assert split_hashes(get(key, "tile/0/000").content) == tuple(leaves[:256])
    assert get(key, "tile/0/001.p/44").status_code == 404


@pytest.mark.django_db
def test_a_receipt_proves_an_event_once_it_has_its_place(acme: Company) -> None:
    _, key = make_agent(acme)
    event = write_event(acme.id)
    path = f"receipts/{public_id('ev', event.pk)}"
    assert refused(key, path) == 409
    fill(acme, 40)
    receipt = get(key, path).json()
    checkpoint = open_checkpoint(
        receipt["checkpoint"], verifier=VerifierKey.decode(receipt["verifier_key"])
    )
    hashes = [bytes.fromhex(step) for step in receipt["path"]]
    verify_inclusion(
        leaf=leaf_hash(bytes(event.body)), index=receipt["index"], size=checkpoint.size,
        proof=hashes, root=checkpoint.root,
    )  # fmt: skip
    lines = [base64.b64encode(step).decode() for step in hashes]
    head = ["c2sp.org/tlog-proof@v1", f"index {receipt['index']}", *lines, "", ""]
    assert receipt["proof"] == "\n".join(head) + receipt["checkpoint"]


@pytest.mark.django_db
def test_pymerkle_comes_to_the_same_root(acme: Company) -> None:
    key = token_of(acme, acme.audrey)
    fill(acme, 300)
    tree = InmemoryTree(algorithm="sha256")
    for path in ("tile/entries/000", "tile/entries/001.p/44"):
        for entry in entries_in(get(key, path).content):
            tree.append_entry(entry)
    told = get(key, "checkpoint", Accept="application/json").json()
    assert tree.get_root(300).hex() == told["root"]


def test_aics_tlog_verifies_the_log_over_http(
    committed_db: CommittedDatabase, others: Others, tmp_path: Path
) -> None:
    acme = make_company()
    key = token_of(acme, acme.audrey)
    fill(acme, 300)
    vkey = get(key, "checkpoint", Accept="application/json").json()["verifier_key"]
    (tmp_path / "vkey").write_text(vkey + "\n")
    with mirror_of(key) as mirror:

        def check(command: str, *arguments: str | Path) -> None:
            known = ("--vkey-file", tmp_path / "vkey", "--tiles", mirror.url)
            done = others.tlog(command, *arguments, *known)
            assert (done.returncode, done.stderr) == (0, ""), done.stdout

        check("verify-checkpoint", "--save-checkpoint", tmp_path / "old")
        fill(acme, 700)
        check("verify-consistency", "--old-checkpoint", tmp_path / "old")
        for index, body in [(0, bodies_of(acme)[0]), (699, bodies_of(acme)[699])]:
            out = tmp_path / f"entry-{index}"
            check("verify-inclusion", "--index", str(index), "--entry-out", out)
            assert out.read_bytes() == body
    assert {"/checkpoint", "/tile/0/002.p/188", "/tile/1/000.p/2"} <= set(mirror.paths)


@pytest.mark.django_db
def test_a_receipt_that_is_too_early_says_when_to_come_again(acme: Company) -> None:
    _, key = make_agent(acme)
    early = get(key, f"receipts/{public_id('ev', write_event(acme.id).pk)}")
    assert (early.status_code, early["Retry-After"]) == (409, "2")
    assert early.json()["type"] == "urn:govapp:problem:not_yet"
