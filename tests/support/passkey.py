"""A passkey in software, as the tests hold it: it signs what a browser would have it sign."""

import hashlib
import json
from typing import Any, Final

from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

from tenants.models import Membership

HOST: Final = "localhost"
_PRESENT: Final = AuthenticatorData.FLAG.UP
_VERIFIED: Final = AuthenticatorData.FLAG.UV
_ATTESTED: Final = AuthenticatorData.FLAG.AT


class Passkey:
    """Added for this member. `answer` is what the browser sends back to a challenge."""

    def __init__(self, member: Membership, *, ident: bytes = b"passkey-of-the-tests") -> None:
        self.ident, self._key = ident, ec.generate_private_key(ec.SECP256R1())
        public = ES256.from_cryptography_key(self._key.public_key())  # type: ignore[no-untyped-call]
        credential = AttestedCredentialData.create(Aaguid.NONE, ident, public)
        data = AuthenticatorData.create(
            _host_hash(HOST), _PRESENT | _VERIFIED | _ATTESTED, 0, bytes(credential)
        )
        attestation = AttestationObject.create("none", data, {})
        client = CollectedClientData.create("webauthn.create", b"0" * 32, f"http://{HOST}")
        encoded = websafe_encode(ident)
        Authenticator.objects.create(
            user=member.user,
            type=Authenticator.Type.WEBAUTHN,
            data={
                "name": "Blue key",
                "credential": {
                    "id": encoded,
                    "rawId": encoded,
                    "type": "public-key",
                    "response": {
                        "clientDataJSON": websafe_encode(bytes(client)),
                        "attestationObject": websafe_encode(bytes(attestation)),
                    },
                    "clientExtensionResults": {},
                },
            },
        )

    def answer(
        self,
        options: dict[str, Any],
        *,
        host: str = HOST,
        origin: str = f"http://{HOST}",
        is_verified: bool = True,
        kind: str = "webauthn.get",
    ) -> str:
        """Return the JSON text for `begin_passkey`'s options, honest unless told otherwise."""
        challenge = websafe_decode(json.loads(json.dumps(options))["publicKey"]["challenge"])
        client = CollectedClientData.create(kind, challenge, origin)
        flags = _PRESENT | _VERIFIED if is_verified else _PRESENT
        data = AuthenticatorData.create(_host_hash(host), flags, 0)
        signed = self._key.sign(bytes(data) + client.hash, ec.ECDSA(SHA256()))
        encoded = websafe_encode(self.ident)
        return json.dumps(
            {
                "id": encoded,
                "rawId": encoded,
                "type": "public-key",
                "response": {
                    "clientDataJSON": websafe_encode(bytes(client)),
                    "authenticatorData": websafe_encode(bytes(data)),
                    "signature": websafe_encode(signed),
                },
                "clientExtensionResults": {},
            }
        )


def _host_hash(host: str) -> bytes:
    return hashlib.sha256(host.encode()).digest()
