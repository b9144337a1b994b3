"""As much of DER (X.690) as a time stamp needs, and the signatures that authorities make."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from audit.packs.verifier.notes import Malformed

HASHES = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
RSA_KEY, EC_KEY = "1.2.840.113549.1.1.1", "1.2.840.10045.2.1"
SIGNED_WITH = {
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
}
# What stands before a digest in an RSA signature (RFC 8017 section 9.2).
RSA_PREFIX = {
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}


@dataclass(frozen=True)
class Curve:
    """A curve of NIST: y^2 = x^3 - 3x + b over a prime field, with a base point and its order."""

    prime: int
    b: int
    order: int
    base: tuple[int, int]


CURVES = {
    "1.2.840.10045.3.1.7": Curve(
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
        (
            0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
            0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
        ),
    ),
    "1.3.132.0.34": Curve(
        2**384 - 2**128 - 2**96 + 2**32 - 1,
        int(
            "B3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875A"
            "C656398D8A2ED19D2A85C8EDD3EC2AEF", 16,
        ),
        int(
            "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF"
            "581A0DB248B0A77AECEC196ACCC52973", 16,
        ),
        (
            int(
                "AA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A38"
                "5502F25DBF55296C3A545E3872760AB7", 16,
            ),
            int(
                "3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C0"
                "0A60B1CE1D7E819D7A431D7C90EA0E5F", 16,
            ),
        ),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Node:
    """One value: its tag, its content, and all of its bytes."""

    tag: int
    content: bytes
    whole: bytes

    def children(self) -> list[Node]:
        """Return the values inside."""
        found, rest = [], self.content
        while rest:
            node = read_node(rest)
            found.append(node)
            rest = rest[len(node.whole) :]
        return found

    def child(self, at: int, tag: int) -> Node:
        """Return one value inside. Raises Malformed when it is of another kind."""
        inside = self.children()
        if at >= len(inside) or inside[at].tag != tag:
            raise Malformed("a part is missing")
        return inside[at]


def read_node(data: bytes) -> Node:
    """Read the value that some bytes begin with. Raises Malformed."""
    if len(data) < 2 or data[0] & 0x1F == 0x1F:
        raise Malformed("it is cut off")
    length, start = data[1], 2
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4 or len(data) < 2 + count:
            raise Malformed("a length is wrong")
        length, start = int.from_bytes(data[2 : 2 + count], "big"), 2 + count
    if len(data) < start + length:
        raise Malformed("it is cut off")
    return Node(data[0], data[start : start + length], data[: start + length])


def object_id(node: Node) -> str:
    """Return an object identifier in dots. Raises Malformed."""
    if node.tag != 0x06 or not node.content or node.content[-1] & 0x80:
        raise Malformed("an identifier is missing")
    parts, value = [], 0
    for byte in node.content:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            parts.append(value)
            value = 0
    first = min(parts[0] // 40, 2)
    return ".".join(str(part) for part in (first, parts[0] - 40 * first, *parts[1:]))


def whole_number(node: Node) -> int:
    """Return an integer. Raises Malformed."""
    if node.tag != 0x02 or not node.content:
        raise Malformed("a number is missing")
    return int.from_bytes(node.content, "big")


def is_signed_by(public: Node, algorithm: str, signature: bytes, message: bytes) -> bool | None:
    """Tell whether a SubjectPublicKeyInfo's key made a signature; None when this cannot be told.

    `algorithm` is the name of the hash. Raises Malformed.
    """
    kind = public.child(0, 0x30).children()
    material = public.child(1, 0x03).content[1:]
    digest = hashlib.new(algorithm, message).digest()
    if object_id(kind[0]) == RSA_KEY:
        numbers = read_node(material).children()
        modulus, exponent = whole_number(numbers[0]), whole_number(numbers[1])
        return _is_rsa(modulus, exponent, signature, RSA_PREFIX[algorithm] + digest)
    if object_id(kind[0]) == EC_KEY and len(kind) > 1:
        curve = CURVES.get(object_id(kind[1]))
        if curve is not None:
            return _is_ecdsa(curve, material, signature, digest)
    return None


def _is_rsa(modulus: int, exponent: int, signature: bytes, wanted: bytes) -> bool:
    size = (modulus.bit_length() + 7) // 8
    padded = b"\x00\x01" + b"\xff" * (size - 3 - len(wanted)) + b"\x00" + wanted
    opened = pow(int.from_bytes(signature, "big"), exponent, modulus)
    return len(signature) == size and opened.to_bytes(size, "big") == padded


def _is_ecdsa(curve: Curve, material: bytes, signature: bytes, digest: bytes) -> bool:
    numbers = read_node(signature).children()
    r, s = whole_number(numbers[0]), whole_number(numbers[1])
    half = len(material) // 2
    x, y = (
        int.from_bytes(material[1 : 1 + half], "big"),
        int.from_bytes(material[1 + half :], "big"),
    )
    on_curve = (y * y - x * x * x + 3 * x - curve.b) % curve.prime == 0
    if material[0] != 4 or not on_curve or not (0 < r < curve.order and 0 < s < curve.order):
        return False
    bits = max(len(digest) * 8 - curve.order.bit_length(), 0)
    number = int.from_bytes(digest, "big") >> bits
    inverse = pow(s, curve.order - 2, curve.order)
    one = _times(curve, number * inverse % curve.order, curve.base)
    two = _times(curve, r * inverse % curve.order, (x, y))
    found = _plus(curve, one, two)
    return found is not None and found[0] % curve.order == r


Place = tuple[int, int]


def _plus(curve: Curve, one: Place | None, two: Place | None) -> Place | None:
    if one is None or two is None:
        return one or two
    prime = curve.prime
    if one[0] == two[0]:
        if (one[1] + two[1]) % prime == 0:
            return None
        slope = (3 * one[0] * one[0] - 3) * pow(2 * one[1], prime - 2, prime) % prime
    else:
        slope = (two[1] - one[1]) * pow(two[0] - one[0], prime - 2, prime) % prime
    x = (slope * slope - one[0] - two[0]) % prime
    return (x, (slope * (one[0] - x) - one[1]) % prime)


def _times(curve: Curve, scalar: int, point: Place) -> Place | None:
    result: Place | None = None
    adding: Place | None = point
    while scalar:
        if scalar & 1:
            result = _plus(curve, result, adding)
        adding, scalar = _plus(curve, adding, adding), scalar >> 1
    return result
