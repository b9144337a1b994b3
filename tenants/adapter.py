"""How django-allauth behaves here: nobody signs up alone; people come by invitation."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Closes the open sign-up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
