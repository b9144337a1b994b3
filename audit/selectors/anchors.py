"""What others vouch for: the anchor of a tenant's checkpoint in the installation's directory log.

The directory log holds one entry for each tenant checkpoint that was taken; witnesses cosign its
checkpoints, and time-stamping authorities stamp them. Sources: C2SP tlog-checkpoint,
tlog-cosignature, RFC 3161; design page audit.md, "Prove".
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Anchor:
    """That a checkpoint of a tenant stands in the directory log, and who vouches for that log.

    `entry` is the text part of the tenant's checkpoint note (UTF-8), `index` its leaf in the
    directory, `path` its inclusion proof (RFC 6962) under the root of `directory_note`. Each of
    `time_stamps` is an RFC 3161 token (DER, a CMS ContentInfo) whose imprint is the SHA-256 of the
    text part of `directory_note`, its final newline included. `at` is when the directory's
    checkpoint was signed, by the database's clock. `tenant_note` is the tenant's own signed note
    of `tenant_size` leaves, whose text is `entry`.
    """

    entry: bytes
    index: int
    path: tuple[bytes, ...]
    directory_note: str  # with the cosignature lines of the witnesses
    directory_vkey: str
    witness_vkeys: tuple[str, ...]  # of the cosignatures in `directory_note`
    time_stamps: tuple[bytes, ...]
    at: datetime
    tenant_note: str
    tenant_size: int
