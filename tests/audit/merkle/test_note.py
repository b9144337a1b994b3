import base64
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.merkle.note import (
    Checkpoint,
    LogKey,
    NoteInvalid,
    VerifierKey,
    open_checkpoint,
    sign_checkpoint,
)
from tests.audit.merkle.logs import refuses, unhurried

ORIGIN = "ledger.example/0f3a"
KEY = LogKey.from_seed(ORIGIN, bytes(range(32)))
CHECKPOINT = Checkpoint(ORIGIN, 20_852_163, bytes(range(100, 132)))
NOTE = sign_checkpoint(CHECKPOINT, key=KEY)

# The example of the signed-note specification.
SPEC_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_TEXT = b"This is an example message.\n"
SPEC_SIGNATURE = (
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="
)


def signed(text: str, key: LogKey = KEY) -> str:
    """A note over any text, as a careless log would sign it."""
    blob = key.verifier.key_id + key.private_key.sign(text.encode())
    return f"{text}\n\u2014 {key.name} {base64.b64encode(blob).decode()}\n"


def test_the_example_of_the_specification_verifies() -> None:
    verifier = VerifierKey.decode(SPEC_VKEY)
    blob = base64.b64decode(SPEC_SIGNATURE)
    assert (verifier.name, verifier.key_id.hex()) == ("example.com/foo", "530d903a")
    assert verifier.encode() == SPEC_VKEY
    assert blob[:4] == verifier.key_id
    assert verifier.is_signed(SPEC_TEXT, blob[4:])
    assert not verifier.is_signed(SPEC_TEXT + b"\n", blob[4:])


def test_a_checkpoint_is_written_line_by_line_as_specified() -> None:
    root = base64.b64encode(CHECKPOINT.root).decode()
    text, signature = NOTE.split("\n\n")
    assert text == f"{ORIGIN}\n20852163\n{root}"
    dash, name, blob = signature.removesuffix("\n").split(" ")
    assert (dash, name) == ("\u2014", ORIGIN)
    assert base64.b64decode(blob)[:4] == KEY.verifier.key_id


@unhurried
@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_what_is_signed_opens_again(size: int, root: bytes) -> None:
    checkpoint = Checkpoint(ORIGIN, size, root)
    assert (
        open_checkpoint(sign_checkpoint(checkpoint, key=KEY), verifier=KEY.verifier) == checkpoint
    )


def test_every_single_bit_of_a_note_counts() -> None:
    data = NOTE.encode()
    for at in range(len(data) * 8):
        changed = bytearray(data)
        changed[at // 8] ^= 1 << at % 8
        text = changed.decode("utf-8", "surrogateescape")
        assert refuses(NoteInvalid, partial(open_checkpoint, text, verifier=KEY.verifier)), at


def test_signatures_of_others_are_ignored_but_do_not_replace_the_logs() -> None:
    witness = signed(CHECKPOINT.text, LogKey.generate("witness.example/w1"))
    renamed = signed(CHECKPOINT.text, LogKey.generate(ORIGIN))
    theirs = [note.split("\n\n")[1] for note in (witness, renamed)]
    text, own = NOTE.split("\n\n")
    together = f"{text}\n\n{theirs[0]}{own}{theirs[1]}"
    assert open_checkpoint(together, verifier=KEY.verifier) == CHECKPOINT
    with pytest.raises(NoteInvalid, match=r"^the note is not signed by ledger.example/0f3a with"):
        open_checkpoint(f"{text}\n\n{theirs[0]}{theirs[1]}", verifier=KEY.verifier)


def test_one_bad_signature_by_the_log_spoils_a_good_one() -> None:
    other = signed(Checkpoint(ORIGIN, 1, bytes(32)).text).split("\n\n")[1]
    with pytest.raises(NoteInvalid, match=r"^the signature by ledger.example/0f3a does not fit"):
        open_checkpoint(NOTE + other, verifier=KEY.verifier)


def test_extension_lines_are_ignored() -> None:
    note = signed(CHECKPOINT.text + "anything at all\n")
    assert open_checkpoint(note, verifier=KEY.verifier) == CHECKPOINT


ROOT = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"other.example/log\n1\n{ROOT}\n", "the checkpoint is of another log than the key"),
        (f"{ORIGIN}\n1\n", "a checkpoint has an origin, a size and a root, and no empty line"),
        (f"{ORIGIN}\n1\n{ROOT}\n\nmore\n", "a checkpoint has an origin, a size and a root"),
        (f"\n1\n{ROOT}\n", "a checkpoint has an origin, a size and a root, and no empty line"),
        (f"{ORIGIN}\n01\n{ROOT}\n", "the size is not a plain decimal number"),
        (f"{ORIGIN}\n-1\n{ROOT}\n", "the size is not a plain decimal number"),
        (f"{ORIGIN}\n\u0661\n{ROOT}\n", "the size is not a plain decimal number"),
        (f"{ORIGIN}\n{2**63}\n{ROOT}\n", "the checkpoint is malformed: a tree cannot have"),
        (f"{ORIGIN}\n1\nAAAA\n", "the checkpoint is malformed: a root has 32 bytes, not 3"),
        (f"{ORIGIN}\n1\n{ROOT[:-2]}B=\n", "the root is not in canonical base64"),
        (f"{ORIGIN}\n1\n{ROOT} \n", "the root is not base64"),
        (f"{ORIGIN}\r\n1\n{ROOT}\n", "the note has control characters or is not valid Unicode"),
    ],
)
def test_a_signature_does_not_excuse_a_malformed_checkpoint(text: str, reason: str) -> None:
    with pytest.raises(NoteInvalid, match=f"^{reason}"):
        open_checkpoint(signed(text), verifier=KEY.verifier)


@pytest.mark.parametrize(
    ("note", "reason"),
    [
        ("", "the note has no text, blank line and signature lines in that order"),
        (CHECKPOINT.text, "the note has no text, blank line and signature lines in that order"),
        (NOTE[:-1], "the note has no text, blank line and signature lines in that order"),
        (CHECKPOINT.text + "\n", "the note has no text, blank line and signature lines"),
        (NOTE.replace("\u2014", "-"), "a signature line is not a dash, a key name and a signature"),
        (NOTE[:-1] + " \n", "a signature line is not a dash, a key name and a signature"),
        (NOTE + "\u2014 a+b AAAAAAA=\n", "a signature line is not a dash, a key name and"),
        (NOTE + "\u2014 w AAAAAA==\n", "a signature is too short"),
        (NOTE + "\u2014 w A!\n", "a signature is not base64"),
        (NOTE + "\ud800", "the note has control characters or is not valid Unicode"),
        ("x" * 1_000_001, "the note is longer than 1000000 bytes"),
    ],
)
def test_malformed_notes_are_refused(note: str, reason: str) -> None:
    with pytest.raises(NoteInvalid, match=f"^{reason}"):
        open_checkpoint(note, verifier=KEY.verifier)


@pytest.mark.parametrize(
    ("vkey", "reason"),
    [
        ("example.com/foo+530d903a", "a verifier key has three parts joined by plus signs"),
        (SPEC_VKEY.replace("530d", "530e"), "the verifier key does not match its own id"),
        (SPEC_VKEY.replace("530d903a", "530D903A"), "the verifier key does not match its own id"),
        (SPEC_VKEY.replace("foo", "bar"), "the verifier key does not match its own id"),
        (SPEC_VKEY.replace("+Aek", "+Bek"), "the verifier key is not an Ed25519 key"),
        (SPEC_VKEY[:-4], "the verifier key is malformed: an Ed25519 public key has 32 bytes"),
        (SPEC_VKEY[:-1], "the verifier key is not base64"),
        (SPEC_VKEY.replace("/", " "), "the verifier key is malformed: a key name must be"),
    ],
)
def test_malformed_verifier_keys_are_refused(vkey: str, reason: str) -> None:
    with pytest.raises(NoteInvalid, match=f"^{reason}"):
        VerifierKey.decode(vkey)


@unhurried
@given(st.binary(min_size=32, max_size=32))
def test_verifier_keys_read_back(seed: bytes) -> None:
    verifier = LogKey.from_seed(ORIGIN, seed).verifier
    assert VerifierKey.decode(verifier.encode()) == verifier


def test_a_key_signs_for_its_own_log_only() -> None:
    with pytest.raises(ValueError, match=r"^the key belongs to another log than the checkpoint$"):
        sign_checkpoint(CHECKPOINT, key=LogKey.generate("other.example/log"))


def test_a_private_key_is_restored_from_its_seed_and_never_shown() -> None:
    key = LogKey.generate(ORIGIN)
    assert LogKey.from_seed(ORIGIN, key.seed).verifier == key.verifier
    assert repr(key) == f"LogKey(name='{ORIGIN}')"


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\nb", "a\x00b", "\ud800"])
def test_names_that_would_break_a_note_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"^a key name must be non-empty"):
        LogKey.generate(name)


@pytest.mark.parametrize("origin", ["", "a\nb", "a\tb", "\ud800"])
def test_origins_that_would_break_a_note_are_refused(origin: str) -> None:
    with pytest.raises(ValueError, match=r"^the origin must be one line of text$"):
        Checkpoint(origin, 1, bytes(32))
