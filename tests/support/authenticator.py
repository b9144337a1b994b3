"""A person's authenticator app, as the tests hold it in their hands."""

from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)

from tenants.models import Membership


class App:
    """Set up for this member; it shows the code of the moment (see `tests/conftest.py`)."""

    def __init__(self, member: Membership) -> None:
        self.secret = generate_totp_secret()
        TOTP.activate(member.user, self.secret)

    def code(self) -> str:
        return code_of(self.secret)


def code_of(secret: str) -> str:
    """Return the code that is good now, which in tests is always the same moment."""
    (counter,) = yield_hotp_counters_from_time()
    return str(format_hotp_value(hotp_value(secret, counter)))
