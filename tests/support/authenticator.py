"""A person's authenticator app, as the tests hold it in their hands."""

import time

from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value

from tenants.models import Membership

_PERIOD = 30
_LEFT = 6  # seconds that a code has to be good for, at least; pages take longer


class App:
    """Set up for this member; the codes are those of the real time, as the login's are."""

    def __init__(self, member: Membership) -> None:
        self.secret = generate_totp_secret()
        TOTP.activate(member.user, self.secret)

    def code(self) -> str:
        return code_of(self.secret)


def code_of(secret: str, left: float = _LEFT) -> str:
    """Return the code of now. Waits for the next one unless this one is good for `left` seconds."""
    remaining = _PERIOD - time.time() % _PERIOD
    if remaining < left:
        time.sleep(remaining + 0.1)
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // _PERIOD)))
