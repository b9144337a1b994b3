"""The secret in an invitation's link.

It is derived from the invitation's id with a key of the server (HMAC-SHA256), and only its hash
is stored. So neither the database nor the broker ever holds a usable token: the task that sends
the mail is given ids and derives the token again, also on a second try. Whoever can read the
server's secret could sign in as anybody anyway.
"""

import hashlib
from base64 import urlsafe_b64encode
from uuid import UUID

from django.utils.crypto import salted_hmac


def token_of(invitation_id: UUID) -> str:
    """Return the secret part of an invitation's link. Never log or store it."""
    mac = salted_hmac("tenants.invitation", invitation_id.hex, algorithm="sha256")
    return urlsafe_b64encode(mac.digest()).rstrip(b"=").decode()


def token_hash(token: str) -> bytes:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
