"""Ed25519 signatures, checked with whole numbers alone (RFC 8032 section 5.1.7)."""

from __future__ import annotations

from hashlib import sha512

FIELD = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
CURVE_D = -121665 * pow(121666, FIELD - 2, FIELD) % FIELD
ROOT_OF_MINUS_ONE = pow(2, (FIELD - 1) // 4, FIELD)

# A point is (X, Y, Z, T) with x = X/Z, y = Y/Z and xy = T/Z.
Point = tuple[int, int, int, int]
NEUTRAL: Point = (0, 1, 1, 0)


def is_ed25519_signature(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Tell whether the key made the signature over the message."""
    if len(public_key) != 32 or len(signature) != 64:
        return False
    key = decode_point(public_key)
    commitment = decode_point(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or commitment is None or scalar >= ORDER:
        return False
    digest = sha512(signature[:32] + public_key + message).digest()
    challenge = int.from_bytes(digest, "little") % ORDER
    left = multiply_point(scalar, BASE)
    right = add_points(commitment, multiply_point(challenge, key))
    return same_point(left, right)


def decode_point(data: bytes) -> Point | None:
    """Read a point; None when there is none with this y (RFC 8032 section 5.1.3)."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= FIELD:
        return None
    square = (y * y - 1) * pow(CURVE_D * y * y + 1, FIELD - 2, FIELD) % FIELD
    x = pow(square, (FIELD + 3) // 8, FIELD)
    if (x * x - square) % FIELD:
        x = x * ROOT_OF_MINUS_ONE % FIELD
    if (x * x - square) % FIELD or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = FIELD - x
    return (x, y, 1, x * y % FIELD)


def add_points(one: Point, two: Point) -> Point:
    """Add two points (RFC 8032 section 5.1.4)."""
    a = (one[1] - one[0]) * (two[1] - two[0]) % FIELD
    b = (one[1] + one[0]) * (two[1] + two[0]) % FIELD
    c = 2 * one[3] * two[3] * CURVE_D % FIELD
    d = 2 * one[2] * two[2] % FIELD
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % FIELD, g * h % FIELD, f * g % FIELD, e * h % FIELD)


def multiply_point(scalar: int, point: Point) -> Point:
    """Add a point to itself `scalar` times. Not constant in time: there is no secret here."""
    result = NEUTRAL
    while scalar:
        if scalar & 1:
            result = add_points(result, point)
        point, scalar = add_points(point, point), scalar >> 1
    return result


def same_point(one: Point, two: Point) -> bool:
    """Compare two points without dividing."""
    return (one[0] * two[2] - two[0] * one[2]) % FIELD == 0 and (
        one[1] * two[2] - two[1] * one[2]
    ) % FIELD == 0


def _base_point() -> Point:
    point = decode_point((4 * pow(5, FIELD - 2, FIELD) % FIELD).to_bytes(32, "little"))
    if point is None:
        raise ArithmeticError("the base point is on the curve")
    return point


BASE = _base_point()
