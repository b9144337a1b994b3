"""Signing what is sent over HTTP: Standard Webhooks (https://www.standardwebhooks.com), version 1.

The signature is HMAC-SHA256 over `id.timestamp.body`, as Base64 behind `v1,`. While a secret is
being replaced there are two, separated by a blank; one that fits is enough.
"""

import secrets
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from standardwebhooks import Webhook

SECRET_BYTES: Final = 32


def new_secret() -> str:
    """Return a new secret of 256 bits, as receivers' libraries take it."""
    return f"whsec_{b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"


def signed_headers(
    *, ident: str, content: str, keys: Sequence[str], now: datetime
) -> dict[str, str]:
    """Return the headers that sign `content`, with the present secret first in `keys`."""
    signatures = [Webhook(key).sign(msg_id=ident, timestamp=now, data=content) for key in keys]
    return {
        "user-agent": "Govapp-Webhooks/1",
        "webhook-id": ident,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
