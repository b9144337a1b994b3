"""A person's authenticator app, as the tests hold it in their hands."""

import time

from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value

from tenants.models import Membership

_PERIOD = 30
_LEFT = 3  # seconds that a code has to be good for, at least


class App:
    """Set up for this member; the codes are those of the real time, as the login's are."""

    def __init__(self, member: Membership) -> None:
        self.secret = generate_totp_secret()
        TOTP.activate(member.user, self.secret)

    def code(self) -> str:
        """Return the code of now. Waits for the next one when this one is about to end."""
        left = _PERIOD - time.time() % _PERIOD
        if left < _LEFT:
            time.sleep(left + 0.1)
        return str(format_hotp_value(hotp_value(self.secret, int(time.time()) // _PERIOD)))
