"""RFC 3161 time stamps: over which bytes, when, and whether the authority signed that."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from audit.packs.verifier.der import (
    HASHES,
    SIGNED_WITH,
    Node,
    is_signed_by,
    object_id,
    read_node,
)
from audit.packs.verifier.notes import Malformed
from audit.packs.verifier.verdict import Verdict

SIGNED_DATA, STAMP_INFO = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
SIGNING_CERTIFICATE_2 = "1.2.840.113549.1.9.16.2.47"
RSA_ITSELF = "1.2.840.113549.1.1.1"
COMMON_NAME, ORGANISATION = "2.5.4.3", "2.5.4.10"
MOMENT = re.compile(rb"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.\d+)?Z\Z")


@dataclass(frozen=True)
class Token:
    """The parts of a time stamp that are checked."""

    info: bytes
    imprint_hash: str
    imprint: bytes
    at: str
    certificates: list[Node]
    digest_hash: str
    signed: Node
    algorithm: str
    signature: bytes

    def attributes(self) -> dict[str, Node]:
        """Return what was signed, by its identifier."""
        return {
            object_id(each.child(0, 0x06)): each.child(1, 0x31).children()[0]
            for each in self.signed.children()
        }


def check_stamp(
    data: bytes, name: str, stamped: bytes, stampers: list[str], verdict: Verdict
) -> None:
    """Check one time stamp over some bytes; `stampers` are certificates' SHA-256 in hexadecimal."""
    try:
        token = read_token(data)
        if hashlib.new(token.imprint_hash, stamped).digest() != token.imprint:
            verdict.refuse("stamp-other-data", file=name)
            return
        certificate = _signer(token)
        if certificate is None:
            verdict.refuse("stamp-forged", file=name)
            return
        fields = certificate.child(0, 0x30).children()
        skipped = 1 if fields[0].tag == 0xA0 else 0
        message = b"\x31" + token.signed.whole[1:]
        good = is_signed_by(fields[5 + skipped], token.algorithm, token.signature, message)
        authority = _name_of(fields[4 + skipped])
    except (Malformed, IndexError, ValueError) as error:
        why = str(error) if isinstance(error, Malformed) else "a part is missing"
        verdict.refuse("stamp-malformed", file=name, why=why)
        return
    fingerprint = hashlib.sha256(certificate.whole).hexdigest()
    if good is False:
        verdict.refuse("stamp-forged", file=name)
    elif stampers and fingerprint not in stampers:
        verdict.refuse("stamp-not-pinned", file=name)
    elif good is None:
        verdict.withhold("stamp-unchecked", file=name, why="neither RSA nor a curve of NIST")
    else:
        verdict.check("stamp", file=name, name=authority, at=token.at)
        if not stampers:
            verdict.withhold("stamp-first-use", file=name, key=fingerprint)


def read_token(data: bytes) -> Token:
    """Read a token, or an answer with one inside. Raises Malformed."""
    outer = read_node(data)
    if outer.whole != data or outer.tag != 0x30:
        raise Malformed("it is not one value")
    if outer.children()[0].tag == 0x30:
        outer = outer.child(1, 0x30)
    if object_id(outer.child(0, 0x06)) != SIGNED_DATA:
        raise Malformed("it is not signed")
    parts = outer.child(1, 0xA0).child(0, 0x30).children()
    content = parts[2].children()
    if object_id(content[0]) != STAMP_INFO:
        raise Malformed("it is no time stamp")
    info = content[1].child(0, 0x04).content
    certificates = [each for part in parts[3:] if part.tag == 0xA0 for each in part.children()]
    signers = parts[-1].children()
    if parts[-1].tag != 0x31 or len(signers) != 1:
        raise Malformed("it has not one signer")
    return _token(info, certificates, signers[0].children())


def _token(info: bytes, certificates: list[Node], signer: list[Node]) -> Token:
    said = read_node(info).children()
    imprint = said[2].children()
    moment = MOMENT.match(said[4].content)
    if moment is None or signer[3].tag != 0xA0:
        raise Malformed("it has no time or signed parts")
    year, month, day, hour, minute, second = (part.decode() for part in moment.groups())
    digest_hash = _hash_of(object_id(signer[2].child(0, 0x06)))
    kind = object_id(signer[4].child(0, 0x06))
    return Token(
        info,
        _hash_of(object_id(imprint[0].child(0, 0x06))),
        imprint[1].content,
        f"{year}-{month}-{day} {hour}:{minute}:{second} UTC",
        certificates,
        digest_hash,
        signer[3],
        digest_hash if kind == RSA_ITSELF else SIGNED_WITH.get(kind, digest_hash),
        signer[5].content,
    )


def _hash_of(identifier: str) -> str:
    if identifier not in HASHES:
        raise Malformed("its hash is not SHA-256, 384 or 512")
    return HASHES[identifier]


def _signer(token: Token) -> Node | None:
    """Return the certificate that signed; None when what was signed is something else."""
    signed = token.attributes()
    if CONTENT_TYPE not in signed or object_id(signed[CONTENT_TYPE]) != STAMP_INFO:
        return None
    digest = hashlib.new(token.digest_hash, token.info).digest()
    if MESSAGE_DIGEST not in signed or signed[MESSAGE_DIGEST].content != digest:
        return None
    for each in token.certificates:
        if _is_named(each, signed):
            return each
    return None


def _is_named(certificate: Node, signed: dict[str, Node]) -> bool:
    """Whether the signed parts name this certificate by its hash (RFC 5035)."""
    if SIGNING_CERTIFICATE_2 in signed:
        named = signed[SIGNING_CERTIFICATE_2].child(0, 0x30).child(0, 0x30).children()
        algorithm = "sha256"
        if named[0].tag == 0x30:
            algorithm = _hash_of(object_id(named[0].child(0, 0x06)))
            named = named[1:]
        return hashlib.new(algorithm, certificate.whole).digest() == named[0].content
    if SIGNING_CERTIFICATE in signed:
        named = signed[SIGNING_CERTIFICATE].child(0, 0x30).child(0, 0x30).children()
        found = hashlib.sha1(certificate.whole, usedforsecurity=False).digest()
        return found == named[0].content
    return False


def _name_of(subject: Node) -> str:
    """Return what an authority is called, in printable ASCII."""
    found = {}
    for part in subject.children():
        for each in part.children():
            found[object_id(each.child(0, 0x06))] = each.children()[1].content
    name = found.get(COMMON_NAME) or found.get(ORGANISATION) or b"an unnamed authority"
    return "".join(chr(byte) if 32 <= byte < 127 else "?" for byte in name[:100])
