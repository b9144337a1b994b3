"""RFC 3161 time stamps: the question, and the checks of an answer or of a stored token.

What is stamped is the SHA-256 of the text of a checkpoint of the directory log. Nothing is
fetched: whoever stamps is trusted through the roots that the operator has configured.
"""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from asn1crypto import core, pem, tsp, x509
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko.sign.validation.status import TimestampSignatureStatus
from pyhanko_certvalidator import ValidationContext

_GRANTED: Final = ("granted", "granted_with_mods")
_NONCE_BITS: Final = 64


class StampInvalid(Exception):
    """A time stamp that proves nothing; the message says why."""


class _Response(core.Sequence):  # type: ignore[misc]
    """TimeStampResp as RFC 3161 has it: a refusal comes without a token."""

    _fields = [
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", tsp.ContentInfo, {"optional": True}),
    ]


@dataclass(frozen=True)
class Stamp:
    """A token that was checked: when, by whom."""

    at: datetime
    authority: str
    token: bytes


@dataclass(frozen=True)
class Question:
    """A request for a stamp over one text; the nonce ties the answer to it."""

    imprint: bytes
    nonce: int

    @classmethod
    def about(cls, text: str) -> "Question":
        """Ask for a stamp over this text."""
        return cls(sha256(text.encode()).digest(), secrets.randbits(_NONCE_BITS) | 1)

    def to_der(self) -> bytes:
        """Return the TimeStampReq."""
        request = tsp.TimeStampReq(
            {
                "version": "v1",
                "message_imprint": {
                    "hash_algorithm": {"algorithm": "sha256"},
                    "hashed_message": self.imprint,
                },
                "nonce": self.nonce,
                "cert_req": True,
            }
        )
        der: bytes = request.dump()
        return der


def read_answer(body: bytes, question: Question, *, roots: Sequence[x509.Certificate]) -> Stamp:
    """Check a TimeStampResp against its question and the trusted roots.

    Raises `StampInvalid` with the reason.
    """
    try:
        answer = _Response.load(body, strict=True)
        status = answer["status"]["status"].native
        if status not in _GRANTED:
            raise StampInvalid(f"the authority did not grant it: {status}")
        token = answer["time_stamp_token"].dump()
    except (ValueError, TypeError, KeyError) as error:
        raise StampInvalid("the answer is not a time stamp response") from error
    if _info(token)["nonce"].native != question.nonce:
        raise StampInvalid("the answer belongs to another question: its nonce differs")
    return check_token(token, question.imprint, roots=roots)


def check_token(
    token: bytes,
    imprint: bytes,
    *,
    roots: Sequence[x509.Certificate],
    moment: datetime | None = None,
) -> Stamp:
    """Check a token over this SHA-256: its signature, purpose and chain to one of the roots.

    `moment` is when the chain has to hold: now, or for a stored token its own time. Raises
    `StampInvalid` with the reason.
    """
    if not roots:
        raise StampInvalid("no root certificate is configured")
    info = _info(token)
    found = info["message_imprint"]
    if found["hash_algorithm"]["algorithm"].native != "sha256":
        raise StampInvalid("the stamp is not over a SHA-256")
    if found["hashed_message"].native != imprint:
        raise StampInvalid("the stamp is over something else")
    context = ValidationContext(trust_roots=list(roots), allow_fetching=False, moment=moment)
    status = _status(token, imprint, context)
    if not (status.intact and status.valid):
        raise StampInvalid("the authority's signature does not fit the stamp")
    if not status.trusted:
        raise StampInvalid("no configured root vouches for the authority's certificate")
    at: datetime = info["gen_time"].native
    return Stamp(at.astimezone(UTC), status.signing_cert.subject.human_friendly[:300], token)


def time_of(token: bytes) -> datetime:
    """Return when a token says that it was made. Raises `StampInvalid`."""
    at: datetime = _info(token)["gen_time"].native
    return at.astimezone(UTC)


def load_roots(paths: Sequence[Path]) -> tuple[x509.Certificate, ...]:
    """Read certificates from PEM (any number in a file) or DER files.

    Raises OSError when a file cannot be read, ValueError when it holds no certificate.
    """
    found: list[x509.Certificate] = []
    for path in paths:
        content = path.read_bytes()
        parts = (
            [der for _, _, der in pem.unarmor(content, multiple=True)]
            if pem.detect(content)
            else [content]
        )
        for der in parts:
            certificate = x509.Certificate.load(der, strict=True)
            if certificate.subject.native and certificate.public_key.native:
                found.append(certificate)
    return tuple(found)


def _info(token: bytes) -> tsp.TSTInfo:
    try:
        signed = _signed_data(token)
        info = signed["encap_content_info"]["content"].parsed
        if not isinstance(info, tsp.TSTInfo) or len(signed["signer_infos"]) != 1:
            raise StampInvalid("the token holds no time stamp with one signer")
        _ = info.native  # everything is parsed here, and not halfway through a check
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StampInvalid("the token cannot be read") from error
    return info


def _signed_data(token: bytes) -> Any:
    content = tsp.ContentInfo.load(token, strict=True)
    if content["content_type"].native != "signed_data":
        raise StampInvalid("the token is not signed")
    return content["content"]


def _status(token: bytes, imprint: bytes, context: ValidationContext) -> TimestampSignatureStatus:
    def wanted(_algorithm: str) -> bytes:
        return imprint

    try:
        kwargs = asyncio.run(validate_tst_signed_data(_signed_data(token), context, wanted))
    except (SignatureValidationError, ValueError, TypeError, KeyError) as error:
        raise StampInvalid(f"the stamp does not hold: {error}") from error
    return TimestampSignatureStatus(**kwargs)
