"""How django-allauth behaves here: nobody signs up alone; people come by invitation."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.http import HttpRequest

from govapp.common.sealing import seal, unseal
from tenants.services.sessions import note_ended_sessions


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Closes the open sign-up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Seals the seeds of one-time and recovery codes, which django-allauth keeps as they are."""

    def encrypt(self, text: str) -> str:
        return seal(text.encode()).decode("ascii")

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text.encode("ascii")).decode()


class UserSessionsAdapter(DefaultUserSessionsAdapter):  # type: ignore[misc]
    """Records that a person ended sessions elsewhere: django-allauth sends no signal for it."""

    def end_sessions(self, sessions: list[UserSession]) -> None:
        if sessions:
            # First, as with a logout: what cannot be recorded does not happen.
            note_ended_sessions(user=sessions[0].user, count=len(sessions))
        super().end_sessions(sessions)
