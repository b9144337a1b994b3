"""A tool that others wrote accepts what is in a pack, and refuses what was changed in it."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.audit.others import Others
from tests.audit.packs import world
from tests.audit.packs.forging import unpacked


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A pack, unpacked, with the path of its first event as README.txt says to cut it out."""
    for name, content in unpacked(world.a_pack()).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path


def path_of(folder: Path, index: int) -> Path:
    """The hashes of one proof, one in each line."""
    head = (folder / f"proofs/{index}.tlog-proof").read_text().partition("\n\n")[0]
    path = folder / f"path-{index}.txt"
    path.write_text("\n".join(head.split("\n")[2:]) + "\n")
    return path


def verify(
    others: Others, folder: Path, *, line: int, index: int, key: str, pack: Path | None = None
) -> tuple[int, dict[str, Any]]:
    done = others.tlog(
        "verify-inclusion", "--leaves-file", folder / "events.jsonl", "--leaf-line", str(line),
        "--index", str(index), "--checkpoint", folder / "checkpoint.txt",
        "--proof", path_of(folder, index), "--log-key", key,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout)


def test_each_event_of_a_pack_is_accepted(others: Others, folder: Path) -> None:
    present = [0, 2, *range(5, world.LAST + 1)]
    for line, index in list(enumerate(present, 1))[::11]:
        code, found = verify(
            others, folder, line=line, index=index, key=world.NEW.verifier.encode()
        )
        assert (code, found["ok"], found["checkpoint_verified"]) == (0, True, True)


def test_a_changed_event_and_another_key_are_refused(others: Others, folder: Path) -> None:
    events = folder / "events.jsonl"
    other = world.STRANGER.verifier.encode()
    assert verify(others, folder, line=1, index=0, key=other)[0] == 1
    events.write_bytes(events.read_bytes().replace(b"Govapp", b"Nobody", 1))
    key = world.NEW.verifier.encode()
    code, found = verify(others, folder, line=1, index=0, key=key)
    assert (code, found["error"]) == (1, "inclusion proof does not verify")


def bundle(folder: Path, line: int, index: int) -> dict[str, Any]:
    """What aics-tlog calls a bundle, of the files of a pack."""

    def unpadded(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    event = (folder / "events.jsonl").read_bytes().split(b"\n")[line - 1]
    return {
        "entry_bytes": unpadded(event),
        "index": index,
        "inclusion_proof": path_of(folder, index).read_text().split(),
        "checkpoint_note": unpadded((folder / "checkpoint.txt").read_bytes()),
        "envelope": None,
        "body_or_ct": None,
    }


def test_a_bundle_of_its_files_is_accepted_and_a_changed_one_refused(
    others: Others, folder: Path
) -> None:
    made = bundle(folder, 6, 8)
    for change, code in (({}, 0), ({"index": 9}, 1)):
        path = folder / "bundle.json"
        path.write_text(json.dumps(made | change))
        done = others.tlog(
            "verify-bundle", "--bundle", path, "--offline", "--log-key", world.NEW.verifier.encode()
        )
        assert (done.returncode, json.loads(done.stdout)["ok"]) == (code, code == 0)


def test_the_record_grew_and_nothing_else(others: Others, folder: Path) -> None:
    head, _, note = (folder / f"consistency/{world.ANCHORED}.txt").read_text().partition("\n\n")
    proof = folder / "growth.txt"
    proof.write_text("\n".join(head.split("\n")[2:]) + "\n")
    new = (folder / "checkpoint.txt").read_text().split("\n")
    for old_root, code in ((note.split("\n")[2], 0), (base64.b64encode(bytes(32)).decode(), 1)):
        done = others.tlog(
            "verify-consistency", "--old-size", str(world.ANCHORED), "--new-size", new[1],
            "--old-root", old_root, "--new-root", new[2], "--proof", proof,
        )  # fmt: skip
        assert done.returncode == code
