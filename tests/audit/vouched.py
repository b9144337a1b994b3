"""A directory that others vouch for, without calling anybody: witnesses of our own making."""

from base64 import b64encode
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.merkle.cosignature import WitnessKey
from audit.merkle.note import text_of
from audit.models import Cosignature, DirectoryCheckpoint, TimeStamp, Voucher, VoucherKind


class Witness:
    """A witness's key, which signs what it is given."""

    def __init__(self, name: str = "witness.example/w1") -> None:
        self._key = Ed25519PrivateKey.generate()
        self.key = WitnessKey(name, self._key.public_key().public_bytes_raw())

    @property
    def vkey(self) -> str:
        return self.key.encode()

    @property
    def setting(self) -> str:
        """The entry of LEDGER_WITNESSES; nobody listens there."""
        return f"{self.vkey} http://127.0.0.1:1"

    def line(self, note: str, at: int = 1_800_000_000) -> str:
        """Return the signature line under this note."""
        signed = f"cosignature/v1\ntime {at}\n{text_of(note)}".encode()
        blob = self.key.key_id + at.to_bytes(8, "big") + self._key.sign(signed)
        return f"\u2014 {self.key.name} {b64encode(blob).decode()}"

    def cosign(self, size: int, at: int = 1_800_000_000) -> None:
        """Cosign the directory's checkpoint of this size, and keep that."""
        checkpoint = DirectoryCheckpoint.objects.get(size=size)
        moment = datetime.fromtimestamp(at, UTC)
        Cosignature.objects.create(
            checkpoint=checkpoint,
            vkey=self.vkey,
            line=self.line(checkpoint.note, at),
            witnessed_at=moment,
        )
        Voucher.objects.update_or_create(
            name=self.vkey,
            defaults={"kind": VoucherKind.WITNESS, "size": size, "vouched_at": moment},
        )


def stamp(size: int, token: bytes = b"token", url: str = "https://tsa.example/tsr") -> None:
    """Keep something as a time stamp of the directory's checkpoint of this size."""
    TimeStamp.objects.create(
        checkpoint_id=size,
        url=url,
        authority="Stamps of Example",
        token=token,
        stamped_at=datetime(2027, 1, 15, 8, 0, tzinfo=UTC),
    )
