"""A small record with everything in it that a pack can hold, made without a database."""

import base64
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from io import BytesIO
from typing import Any

from asn1crypto import keys, tsp, x509
from cryptography import x509 as pyca
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from audit.merkle.canonical import canonical_bytes, encoded
from audit.merkle.note import Checkpoint, LogKey, sign_checkpoint
from audit.merkle.tiles import prove_inclusion, root_from_tiles
from audit.merkle.tree import leaf_hash
from audit.packs.contents import KeySpan, PackContents, PackedLeaf, PackedReport, PackedValue
from audit.packs.contents import Vouching as PackedVouching
from audit.packs.writing import write_pack
from tests.audit.merkle.logs import MemoryLog

ORIGIN = "log.govapp.example/5f0c3a9b7e1d42688a6b0f3e9c7d2451"
OLD, NEW = (LogKey.from_seed(ORIGIN, bytes([number]) * 32) for number in (1, 2))
STRANGER = LogKey.from_seed(ORIGIN, b"\x09" * 32)
DIRECTORY = LogKey.from_seed("directory.govapp.example/1", b"\x03" * 32)
WITNESS, WITNESS_SEED = "witness.example/w1", b"\x04" * 32
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
SIZE, ROTATED, PRUNING, REPORTED = 40, 10, 25, 33
ANCHORED = 30
FIRST, LAST = 2, 35
PRUNED = (3, 4)
PDF = b"%PDF-1.7 not much of a report\n"
PEOPLE = {"mem_alice": "Alice Archer", "mem_bob": "Bob \u00d6ber \u202eeht"}


def witness_vkey() -> str:
    public = Ed25519PrivateKey.from_private_bytes(WITNESS_SEED).public_key().public_bytes_raw()
    material = b"\x04" + public
    key_id = sha256(f"{WITNESS}\n".encode() + material).digest()[:4]
    return f"{WITNESS}+{key_id.hex()}+{base64.b64encode(material).decode()}"


def cosign(note: str, *, at: int = 1_772_442_000) -> str:
    """Return the note with the witness's line (C2SP tlog-cosignature, version 1)."""
    text = note.rpartition("\n\n")[0] + "\n"
    key = Ed25519PrivateKey.from_private_bytes(WITNESS_SEED)
    signed = key.sign(f"cosignature/v1\ntime {at}\n{text}".encode())
    key_id = bytes.fromhex(witness_vkey().split("+")[1])
    line = base64.b64encode(key_id + at.to_bytes(8, "big") + signed).decode()
    return f"{note}\u2014 {WITNESS} {line}\n"


@cache
def authority() -> DummyTimeStamper:
    """A time-stamping authority with a certificate of its own."""
    return new_authority("Stamps of Zurich")


def new_authority(name: str) -> DummyTimeStamper:
    key = rsa.generate_private_key(65537, 2048)
    subject = pyca.Name([pyca.NameAttribute(pyca.NameOID.COMMON_NAME, name)])
    certificate = (
        pyca.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(START - timedelta(days=1))
        .not_valid_after(START + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    loaded = x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))
    return DummyTimeStamper(
        loaded,
        keys.PrivateKeyInfo.load(private),
        certs_to_embed=SimpleCertificateStore.from_certs([loaded]),  # type: ignore[no-untyped-call]
        fixed_dt=START,
    )


def stamp(note: str, stamper: DummyTimeStamper | None = None) -> bytes:
    """Return a time stamp over the text of a note."""
    text = note.rpartition("\n\n")[0] + "\n"
    request = tsp.TimeStampReq(
        {
            "version": "v1",
            "message_imprint": {
                "hash_algorithm": {"algorithm": "sha256"},
                "hashed_message": sha256(text.encode()).digest(),
            },
            "cert_req": True,
        }
    )
    answer = (stamper or authority()).request_tsa_response(request)
    token: bytes = answer["time_stamp_token"].dump()
    return token


def certificate_sha256() -> str:
    return sha256(authority().tsa_cert.dump()).hexdigest()


@dataclass
class World:
    """A log with its events, the values behind their commitments, and older checkpoints."""

    log: MemoryLog = field(default_factory=MemoryLog)
    events: list[bytes] = field(default_factory=list)
    values: dict[int, list[PackedValue]] = field(default_factory=dict)

    def note(self, size: int, *signers: LogKey) -> str:
        """Return the checkpoint at a size; further keys add a line each."""
        root = root_from_tiles(size, self.log.read)
        first, *others = [
            sign_checkpoint(Checkpoint(ORIGIN, size, root), key=key) for key in signers
        ]
        return first + "".join(other.rpartition("\n\n")[2] for other in others)

    def leaves(self, indices: list[int]) -> Iterator[PackedLeaf]:
        for index in indices:
            event = None if index in PRUNED else self.events[index]
            yield PackedLeaf(index, leaf_hash(self.events[index]), event)


@cache
def make_world() -> World:
    """The record: keys, votes of two people, a pruning, a report."""
    world = World()
    for index in range(SIZE):
        body = _body(index)
        world.values[index] = _hide(body, index)
        world.events.append(canonical_bytes(body))
    world.log.append([leaf_hash(event) for event in world.events])
    return world


def _body(index: int) -> dict[str, Any]:
    who = "mem_alice" if index % 2 else "mem_bob"
    body: dict[str, Any] = {
        "v": 2, "id": f"ev_{index:026d}", "tenant": "tn_acme", "type": "vote.cast",
        "at": (START + timedelta(minutes=index)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "actor": {"kind": "person", "id": who, "name": PEOPLE[who]},
        "subject": {"type": "action_request", "id": "ar_1", "label": "Pay EUR 48,200"},
        "summary": f"{PEOPLE[who]} voted to approve: Pay EUR 48,200 to Northwind.",
        "data": {"verdict": "approve", "number": index},
    }  # fmt: skip
    special: dict[int, tuple[str, Mapping[str, Any]]] = {
        0: ("ledger.key_created", {"verifier": OLD.verifier.encode()}),
        ROTATED: ("ledger.key_rotated", {"verifier": NEW.verifier.encode()}),
        PRUNING: ("ledger.pruned", {"ranges": [{"first": PRUNED[0], "last": PRUNED[1]}]}),
        REPORTED: ("report.finished", {"sha256": sha256(PDF).hexdigest()}),
    }
    if index in special:
        kind, data = special[index]
        body |= {"type": kind, "data": dict(data), "summary": f"The system recorded: {kind}."}
        body["actor"] = {"kind": "system", "id": "govapp", "name": "Govapp"}
    return body


def _hide(body: dict[str, Any], index: int) -> list[PackedValue]:
    """Put a commitment in the place of the person's name, as an event of version 2 has it."""
    who = body["actor"]["id"]
    if who not in PEOPLE:
        return []
    salt = sha256(b"salt %d" % index).digest()
    body["summary"] = body["summary"].replace(PEOPLE[who], "\u27e61\u27e7")
    body["actor"]["name"] = "\u27e61\u27e7"
    committed = hmac.new(salt, encoded(PEOPLE[who]), sha256).hexdigest()
    body["personal"] = {"1": {"of": who, "kind": "name", "hmac": committed}}
    value = PackedValue(body["id"], 1, who, salt, PEOPLE[who])
    if index == 7:
        value = PackedValue(body["id"], 1, who, withheld="erased")
    return [value]


def contents(**changes: Any) -> PackContents:
    """A pack of everything from index 2 to 35, anchored, with a report."""
    world = make_world()
    indices = [0, *range(FIRST, LAST + 1)]
    whole = PackContents(
        origin=ORIGIN,
        size=SIZE,
        root=world.log.root,
        note=world.note(SIZE, NEW),
        keys=[
            KeySpan(OLD.verifier.encode(), 1, ROTATED + 5),
            KeySpan(NEW.verifier.encode(), ROTATED + 1),
        ],
        read_tile=world.log.read,
        leaves=lambda: world.leaves(indices),
        values=lambda: _values(world, indices),
        scope={"kind": "complete", "first": FIRST, "last": LAST},
        supporting=frozenset({0}),
        query={"since": "2026-03-02", "until": "2026-03-02"},
        time_zone="Europe/Zurich",
        exporter={"kind": "person", "id": "mem_audrey", "name": "Audrey Auditor"},
        made_at=START + timedelta(hours=3),
        older_notes=[
            (ROTATED + 2, world.note(ROTATED + 2, OLD, NEW)),
            (ANCHORED, world.note(ANCHORED, NEW)),
        ],
        vouching=vouching(world),
        report=PackedReport(PDF, f"ev_{REPORTED:026d}"),
    )
    return replace(whole, **changes)


def selection(**changes: Any) -> PackContents:
    """A pack of the votes of one person in half an hour, without names."""
    world = make_world()
    votes = [index for index in range(5, 30) if index % 2 and index not in (PRUNING,)]
    indices = [0, ROTATED, *votes]
    indices.sort()
    chosen: dict[str, Any] = {
        "leaves": lambda: world.leaves(indices),
        "values": lambda: (
            replace(each, salt=b"", value="", withheld=each.withheld or "redacted")
            for each in _values(world, indices)
        ),
        "scope": {
            "kind": "selection",
            "from": "2026-03-02T09:05:00.000000Z",
            "until": "2026-03-02T09:30:00.000000Z",
        },
        "supporting": frozenset({0, ROTATED}),
        "query": {"type": "vote.cast", "actor": "mem_alice"},
        "redacted": frozenset({"name"}),
        "vouching": None,
        "report": None,
    }
    return contents(**(chosen | changes))


def _values(world: World, indices: list[int]) -> Iterator[PackedValue]:
    for index in indices:
        if index not in PRUNED:
            yield from world.values[index]


def vouching(world: World) -> PackedVouching:
    entry = world.note(ANCHORED, NEW).rpartition("\n\n")[0].encode() + b"\n"
    directory = MemoryLog()
    directory.append([leaf_hash(each) for each in (b"a\n", b"b\n", entry, b"c\n", b"d\n")])
    checkpoint = Checkpoint(DIRECTORY.name, directory.size, directory.root)
    note = cosign(sign_checkpoint(checkpoint, key=DIRECTORY))
    return PackedVouching(
        entry=entry,
        index=2,
        path=prove_inclusion(2, directory.size, directory.read),
        directory_note=note,
        directory_vkey=DIRECTORY.verifier.encode(),
        witness_vkeys=[witness_vkey()],
        time_stamps=[stamp(note)],
    )


def packed(whole: PackContents) -> bytes:
    """Return a pack's bytes."""
    file = BytesIO()
    write_pack(file, whole)
    return file.getvalue()


@cache
def a_pack() -> bytes:
    """The pack that is mutated, made once."""
    return packed(contents())
