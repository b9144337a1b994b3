"""What a client asks `/oauth/token` by, and what its tokens are called (RFC 8693, section 3)."""

from typing import Final

TOKEN_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - a name
ACCESS_TYPE: Final = "urn:ietf:params:oauth:token-type:access_token"
DELEGATION_TYPE: Final = "urn:govapp:params:oauth:token-type:delegation"
