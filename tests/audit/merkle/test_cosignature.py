"""Cosignatures and the witness protocol's words, against C2SP tlog-cosignature and tlog-witness."""

from base64 import b64decode, b64encode

import pytest

from audit.merkle.cosignature import (
    WitnessKey,
    read_cosignatures,
    read_known_size,
    with_cosignatures,
    write_add_checkpoint,
)
from audit.merkle.note import Checkpoint, LogKey, NoteInvalid, open_checkpoint, sign_checkpoint
from audit.merkle.tree import EMPTY_ROOT
from tests.audit.vouched import Witness

KEY = LogKey.from_seed("log.example", bytes(range(32)))
NOTE = sign_checkpoint(Checkpoint("log.example", 7, bytes(32)), key=KEY)


def test_a_cosignature_holds_for_its_note_and_says_when() -> None:
    witness = Witness()
    assert witness.key.verify(witness.line(NOTE, 1_800_000_123), NOTE) == 1_800_000_123


def test_it_holds_for_no_other_note_key_or_time() -> None:
    witness, other = Witness(), Witness()
    line = witness.line(NOTE)
    changed = sign_checkpoint(Checkpoint("log.example", 8, bytes(32)), key=KEY)
    for key, text, note in (
        (witness.key, line, changed),
        (other.key, line, NOTE),
        (WitnessKey("witness.example/else", witness.key.public_key), line, NOTE),
        (witness.key, witness.line(NOTE, 0), NOTE),
        (witness.key, at_another_time(line), NOTE),
        (witness.key, line[:-8], NOTE),
        (witness.key, "nonsense", NOTE),
    ):
        with pytest.raises(NoteInvalid):
            key.verify(text, note)


def at_another_time(line: str) -> str:
    start, encoded = line.rsplit(" ", 1)
    blob = bytearray(b64decode(encoded))
    blob[11] ^= 1  # the last byte of the time
    return f"{start} {b64encode(bytes(blob)).decode()}"


def test_a_cosigned_note_is_still_the_logs() -> None:
    witness = Witness()
    cosigned = with_cosignatures(NOTE, [witness.line(NOTE)])
    assert open_checkpoint(cosigned, verifier=KEY.verifier).size == 7
    assert witness.key.verify(cosigned.splitlines()[-1], cosigned) > 0


def test_a_witnesss_key_is_read_back() -> None:
    key = Witness().key
    assert WitnessKey.decode(key.encode()) == key


@pytest.mark.parametrize(
    "change",
    [
        lambda vkey: "",
        lambda vkey: vkey[:-4],
        lambda vkey: vkey.replace("+", "-"),
        lambda vkey: vkey.replace("witness.", "witless."),
        lambda vkey: KEY.verifier.encode(),
    ],
)
def test_a_key_that_is_not_a_witnesss_is_refused(change: object) -> None:
    with pytest.raises(NoteInvalid):
        WitnessKey.decode(change(Witness().vkey))  # type: ignore[operator]


def test_a_request_is_written_as_the_protocol_wants_it() -> None:
    proof = (bytes(32), EMPTY_ROOT)
    assert write_add_checkpoint(old_size=5, proof=proof, note=NOTE).decode() == (
        f"old 5\n{b64encode(bytes(32)).decode()}\n{b64encode(EMPTY_ROOT).decode()}\n\n{NOTE}"
    )
    assert write_add_checkpoint(old_size=0, proof=(), note=NOTE).decode() == f"old 0\n\n{NOTE}"
    with pytest.raises(ValueError, match="63 hashes"):
        write_add_checkpoint(old_size=1, proof=(bytes(32),) * 64, note=NOTE)
    with pytest.raises(ValueError, match="32 bytes"):
        write_add_checkpoint(old_size=1, proof=(b"short",), note=NOTE)


def test_answers_are_read_strictly() -> None:
    line = Witness().line(NOTE)
    assert read_cosignatures(f"{line}\n".encode()) == (line,)
    for body in (b"", line.encode(), b"<html>\n", b"\xff\n", b"\n"):
        with pytest.raises(NoteInvalid):
            read_cosignatures(body)
    assert read_known_size(b"12\n") == 12
    for body in (b"", b"12", b"012\n", b"-1\n", b"9" * 20 + b"\n"):
        with pytest.raises(NoteInvalid):
            read_known_size(body)
