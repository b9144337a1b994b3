"""The directory log for anybody: no account, no tenant's name, and tools of others verify it."""

import gzip
from pathlib import Path

import pytest
from django.test import Client

from audit.merkle.note import open_checkpoint
from audit.merkle.tree import leaf_hash, root_of, split_hashes
from audit.models import DirectoryCheckpoint, DirectoryEntry, DirectoryLog
from audit.selectors.directory import directory_key, directory_keys
from audit.services.directory import _enter, grow_directory
from audit.services.directory_rotation import rotate_directory_key
from audit.services.sequencer import sequence_tenant
from tests.audit.api.mirror import mirror_of
from tests.audit.api.test_log import NOT_THERE, entries_in
from tests.audit.books import sequenced_tenant, write_event
from tests.audit.others import Others
from tests.audit.vouched import Witness
from tests.support.committed import CommittedDatabase

FOR_EVER = "public, max-age=31536000, immutable"
database = pytest.mark.django_db


def fill(size: int) -> None:
    """Bring the directory to exactly this size."""
    grow_directory()
    directory = DirectoryLog.objects.get()
    many = [
        {"origin": origin, "size": 1, "note": f"{origin}\n1\nx\n\n— a bbbb\n"}
        for origin in (f"log.govapp.example/{number}" for number in range(directory.size, size))
    ]
    _enter(directory, many)


@database
def test_the_checkpoint_is_signed_and_has_its_cosignatures() -> None:
    assert Client().get("/directory/checkpoint").status_code == 404
    sequenced_tenant(3)
    grow_directory()
    witness = Witness()
    witness.cosign(1)
    answer = Client().get("/directory/checkpoint")
    key = directory_key()
    assert key is not None
    assert open_checkpoint(answer.content.decode(), verifier=key).size == 1
    assert witness.line(DirectoryCheckpoint.objects.get().note) in answer.content.decode()
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Cache-Control"] == "public, max-age=5"
    assert "Set-Cookie" not in answer


@database
def test_tiles_and_entries_are_those_of_the_tree() -> None:
    sequenced_tenant(3)
    fill(300)
    texts = list(DirectoryEntry.objects.order_by("index").values_list("text", flat=True))
    leaves = [leaf_hash(text.encode()) for text in texts]
    full = Client().get("/directory/tile/0/000")
    assert (full["Content-Type"], full["Cache-Control"]) == ("application/octet-stream", FOR_EVER)
    assert split_hashes(full.content) == tuple(leaves[:256])
    assert split_hashes(Client().get("/directory/tile/0/001.p/44").content) == tuple(leaves[256:])
    assert Client().get("/directory/tile/1/000.p/1").content == root_of(leaves[:256])
    bundle = Client().get("/directory/tile/entries/000")
    assert [entry.decode() for entry in entries_in(bundle.content)] == texts[:256]
    packed = Client().get("/directory/tile/entries/001.p/44", headers={"Accept-Encoding": "gzip"})
    assert packed["Content-Encoding"] == "gzip"
    assert [each.decode() for each in entries_in(gzip.decompress(packed.content))] == texts[256:]


@database
def test_what_is_not_there_is_not_found() -> None:
    sequenced_tenant(3)
    fill(300)
    paths = [path for path in NOT_THERE if path.startswith("tile/")]
    statuses = {path: Client().get(f"/directory/{path}").status_code for path in paths}
    assert statuses == dict.fromkeys(paths, 404)


@database
def test_it_names_every_key_that_it_has_had_and_no_tenant() -> None:
    tenant_id = sequenced_tenant(3)
    assert Client().get("/directory/keys").json() == {"keys": []}
    grow_directory()
    rotate_directory_key()
    old, new = directory_keys()
    assert Client().get("/directory/keys").json() == {
        "keys": [
            {"verifier_key": old.vkey, "from_size": 1, "until_size": None},
            {"verifier_key": new.vkey, "from_size": 2, "until_size": None},
        ]
    }
    for path in ("checkpoint", "keys", "tile/entries/000.p/2"):
        assert str(tenant_id).encode() not in Client().get(f"/directory/{path}").content


@database
@pytest.mark.parametrize("path", ["checkpoint", "keys", "tile/0/000.p/1", "tile/entries/000.p/1"])
def test_it_is_only_read(path: str) -> None:
    sequenced_tenant(3)
    grow_directory()
    assert Client().post(f"/directory/{path}").status_code == 405
    assert Client().head(f"/directory/{path}").status_code == 200


def test_aics_tlog_verifies_it_without_an_account(
    committed_db: CommittedDatabase, others: Others, tmp_path: Path
) -> None:
    tenant_id = sequenced_tenant(3)
    fill(300)
    (old,) = directory_keys()
    (tmp_path / "vkey").write_text(old.vkey + "\n")
    with mirror_of("", under="/directory") as mirror:

        def check(command: str, *arguments: str | Path) -> None:
            known = ("--vkey-file", tmp_path / "vkey", "--tiles", mirror.url)
            done = others.tlog(command, *arguments, *known)
            assert (done.returncode, done.stderr) == (0, ""), done.stdout

        check("verify-checkpoint", "--save-checkpoint", tmp_path / "old")
        rotate_directory_key()  # whoever knows the old key goes on through the overlap
        write_event(tenant_id)
        sequence_tenant(tenant_id=tenant_id)
        grow_directory()
        check("verify-consistency", "--old-checkpoint", tmp_path / "old")
        for index in (0, 300, 301):
            out = tmp_path / f"entry-{index}"
            check("verify-inclusion", "--index", str(index), "--entry-out", out)
            assert out.read_text() == DirectoryEntry.objects.get(index=index).text
    assert {"/checkpoint", "/tile/0/001.p/46", "/tile/1/000.p/1"} <= set(mirror.paths)
